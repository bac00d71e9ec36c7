//! Rules that are missing: told once, and tried again only now and then.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

use super::kind::Kind;

/// How long nothing is tried that a missing rule forbids.
const PAUSE: Duration = Duration::from_secs(60);

/// What RBAC can forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    Events,
    Status { group: &'static str, plural: &'static str },
}

impl Right {
    pub fn status(kind: Kind) -> Self {
        Self::Status { group: kind.group(), plural: kind.plural() }
    }

    /// As a ClusterRole writes it.
    pub fn rule(self) -> String {
        match self {
            Self::Events => {
                r#"{apiGroups: [""], resources: ["events"], verbs: ["list", "create", "patch"]}"#
                    .to_owned()
            }
            Self::Status { group, plural } => format!(
                r#"{{apiGroups: ["{group}"], resources: ["{plural}/status"], verbs: ["patch"]}}"#
            ),
        }
    }
}

#[derive(Debug, Default)]
pub struct Refusals {
    paused: BTreeMap<Right, Instant>,
    told: BTreeSet<Right>,
}

impl Refusals {
    pub fn is_paused(&self, right: Right, now: Instant) -> bool {
        self.paused.get(&right).is_some_and(|until| now < *until)
    }

    /// When the next right is tried again.
    pub fn next(&self, now: Instant) -> Option<Instant> {
        self.paused.values().copied().filter(|until| now < *until).min()
    }

    /// Returns whether this is news.
    pub fn refused(&mut self, right: Right, now: Instant) -> bool {
        self.paused.insert(right, now + PAUSE);
        self.told.insert(right)
    }

    /// Returns whether this is news.
    pub fn granted(&mut self, right: Right) -> bool {
        self.paused.remove(&right);
        self.told.remove(&right)
    }
}

#[cfg(test)]
mod tests;
