//! All that a report is made from, at one moment.

use std::collections::BTreeMap;

use model::{Listener, ListenerKey, LoadBalancer, Model, Verdict};

use crate::Live;

#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    pub model: &'a Model,
    /// Sorted by object, the gravest first, as `translate` returns them.
    pub verdicts: &'a [Verdict],
    pub outcomes: &'a Outcomes,
    pub live: &'a Live,
}

/// What went wrong in the gateway of the replica that reports; listeners without an entry are
/// served as the Model says.
pub type Outcomes = BTreeMap<ListenerKey, Trouble>;

/// Why a listener is not served as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// One line that names the cure.
    pub message: String,
    /// It is open all the same, with the settings it had before.
    pub is_bound: bool,
}

impl<'a> Situation<'a> {
    /// What stands in the way of a listener. QUIC is served by nobody, which is a verdict of its
    /// own and no trouble of the gateway.
    pub(crate) fn trouble(&self, listener: &Listener) -> Option<&'a Trouble> {
        self.outcomes.get(&listener.key).filter(|_| !listener.key.quic)
    }

    /// The listeners of a load balancer that clients can connect to.
    pub(crate) fn open_listeners(
        &self,
        balancer: &'a LoadBalancer,
    ) -> impl Iterator<Item = &'a Listener> {
        let listeners = balancer.listeners.iter().map(|listener| &**listener);
        listeners.filter(|listener| {
            !listener.key.quic && self.trouble(listener).is_none_or(|trouble| trouble.is_bound)
        })
    }
}
