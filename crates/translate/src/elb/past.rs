//! What objects wrote before: fields that CCE never lets change, and settings that it keeps in
//! force after their annotation was removed.
//!
//! Here the manifest is the truth. A change of the first is obeyed with a warning, and the second
//! are kept only where the operator asked for it (`elb.retainRemovedSettings`).

use std::{collections::BTreeMap, sync::Arc};

use model::{ObjectRef, Reason};

use crate::{
    dialect::Problems,
    memory::{ElbPast, ElbTexts},
    route::{ELB_PREFIX, field},
};

/// Which annotations of a kind are looked back at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub immutable: &'static [&'static str],
    pub retained: &'static [&'static str],
}

pub(super) const OF_SERVICE: Rules = Rules {
    immutable: &["class", "id"],
    retained: &[
        "tls-certificate-ids",
        "http2-enable",
        "keepalive_timeout",
        "client_timeout",
        "member_timeout",
        "acl-id",
        "acl-status",
        "acl-type",
    ],
};

pub(super) const OF_INGRESS: Rules = Rules {
    immutable: &["class", "id", "ip", "pool-protocol"],
    retained: &[
        "keepalive_timeout",
        "client_timeout",
        "member_timeout",
        "acl-id",
        "acl-status",
        "acl-type",
    ],
};

/// All objects' past, as the memory has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past<'m> {
    pub objects: &'m BTreeMap<ObjectRef, ElbPast>,
    /// `elb.retainRemovedSettings`.
    pub retain: bool,
}

impl<'m> Past<'m> {
    pub(super) fn of(&self, object: &ObjectRef) -> Option<&'m ElbPast> {
        self.objects.get(object)
    }

    pub(super) fn good(&self, object: &ObjectRef) -> Option<&'m Arc<ElbTexts>> {
        self.of(object)?.good.as_ref()
    }

    /// The values that were removed from an object and stay in force.
    pub(super) fn retained(
        &self,
        rules: Rules,
        written: &ElbTexts,
        good: Option<&Arc<ElbTexts>>,
    ) -> ElbTexts {
        let good = good.filter(|_| self.retain).into_iter().flat_map(|good| good.iter());
        good.filter(|(name, _)| rules.retained.contains(&&***name) && !written.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Of the immutable fields the first values.
pub(super) fn first(rules: Rules, in_force: &ElbTexts, past: Option<&ElbPast>) -> ElbTexts {
    let is_kept = |(name, _): &(&Arc<str>, &Arc<str>)| rules.immutable.contains(&&***name);
    let past = past.into_iter().flat_map(|past| &past.first);
    // The past comes last, so that it counts.
    let all = in_force.iter().filter(is_kept).chain(past);
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Tells of immutable fields that are not what they were.
pub(super) fn changes(rules: Rules, in_force: &ElbTexts, past: Option<&ElbPast>) -> Problems {
    let mut problems = Problems::default();
    for name in rules.immutable {
        let Some(before) = past.and_then(|past| past.first.get(*name)) else { continue };
        let now = in_force.get(*name);
        if now == Some(before) {
            continue;
        }
        let now = now.map_or("gone", |now| now);
        let text = format!(
            "{name} was {before} when the object was first seen and is {now}; CCE refuses this change, Doorward follows the manifest: delete the object and create it anew where both must agree"
        );
        problems.warn(Reason::InvalidAnnotation, field(ELB_PREFIX, name), text);
    }
    problems
}

/// Tells of settings that are in force although nothing asks for them any more.
pub(super) fn still_in_force(retained: &ElbTexts) -> Problems {
    let mut problems = Problems::default();
    for (name, value) in retained {
        let text = format!(
            "{name} was removed and {value:?} stays in force, as on CCE (elb.retainRemovedSettings): write the value that you want"
        );
        problems.warn(Reason::NotHonoured, field(ELB_PREFIX, name), text);
    }
    problems
}
