//! The issuers that exist, and how they are asked.

use std::{collections::BTreeMap, sync::Arc};

use model::{KeyKind, Want};

use crate::{Employed, Issuer, IssuerPlan, Issuers};

#[derive(Clone, Default, PartialEq)]
pub struct Known(pub BTreeMap<Arc<str>, Terms>);

/// How orders with one issuer are placed.
#[derive(Clone, PartialEq)]
pub struct Terms {
    pub plan: Arc<IssuerPlan>,
    /// See [`Issuer::leaves_traces`].
    pub leaves_traces: bool,
    pub made: Made,
}

/// Tells an issuer from the next one of its name, which is made of something else and may do what
/// this one refuses.
#[derive(Clone, Default)]
pub struct Made(Option<Arc<dyn Issuer>>);

impl PartialEq for Made {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Known {
    pub fn of(issuers: &Issuers) -> Self {
        let terms = issuers.iter().map(|(name, Employed { issuer, plan })| {
            let leaves_traces = issuer.leaves_traces();
            let made = Made(Some(issuer.clone()));
            (name.clone(), Terms { plan: plan.clone(), leaves_traces, made })
        });
        Self(terms.collect())
    }

    pub(super) fn plan(&self, issuer: &str) -> Option<&IssuerPlan> {
        self.0.get(issuer).map(|terms| &*terms.plan)
    }

    pub(super) fn leaves_traces(&self, issuer: &str) -> bool {
        self.0.get(issuer).is_none_or(|terms| terms.leaves_traces)
    }

    pub(super) fn key(&self, want: &Want) -> KeyKind {
        let own = || self.plan(&want.issuer).map(|plan| plan.key).unwrap_or_default();
        want.key.unwrap_or_else(own)
    }

    /// The wanted issuer, then those to fall back to.
    fn chain<'a>(&'a self, want: &'a Want) -> impl Iterator<Item = &'a Arc<str>> {
        let fallback = self.plan(&want.issuer).map_or(&[][..], |plan| &plan.fallback);
        std::iter::once(&want.issuer).chain(fallback)
    }

    pub(super) fn in_turn(&self, want: &Want, turn: usize) -> Option<Arc<str>> {
        self.chain(want).nth(turn).cloned()
    }

    pub(super) fn position(&self, want: &Want, issuer: &str) -> Option<usize> {
        self.chain(want).position(|name| **name == *issuer)
    }
}
