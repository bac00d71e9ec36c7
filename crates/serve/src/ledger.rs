//! What each listener served for each name, since when, and how often the Default stood in.
//!
//! Bounded: only names of the listener's certificates or routes get an entry. Everything else
//! that clients ask for is counted together, so a flood of made-up names costs no memory.

mod asked;
mod counts;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, RwLock},
};

use jiff::Timestamp;
use model::{Fingerprint, ListenerKey};

use crate::{lock, tls::ChosenBy};
pub use asked::Asked;
use counts::Counts;

/// The counts of all listeners.
#[derive(Debug, Default)]
pub struct Ledger {
    listeners: RwLock<BTreeMap<ListenerKey, Arc<ListenerLedger>>>,
}

/// Under which name handshakes are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServedName {
    /// A name of the listener's certificates or routes; a wildcard counts all that it covered.
    Name(Arc<str>),
    /// Any other server name.
    Other,
    /// Clients that sent none.
    None,
}

/// One name on one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    pub name: ServedName,
    /// Handshakes that ended well.
    pub handshakes: u64,
    /// Of these, those in which the Default stood in because no certificate matched.
    pub fallbacks: u64,
    /// Handshakes refused because there was no certificate at all.
    pub refused: u64,
    /// What was served last, and the time of the first handshake that got it.
    pub certificate: Option<(Fingerprint, Timestamp)>,
}

impl Ledger {
    /// The names of one listener that were asked for at least once, in order.
    pub fn entries(&self, listener: &ListenerKey) -> Vec<LedgerEntry> {
        let found = lock::read(&self.listeners).get(listener).cloned();
        found.map(|ledger| ledger.entries()).unwrap_or_default()
    }

    /// The counts of a listener, kept while it is bound.
    pub(crate) fn open(&self, listener: &ListenerKey) -> Arc<ListenerLedger> {
        lock::write(&self.listeners).entry(listener.clone()).or_default().clone()
    }

    pub(crate) fn close(&self, listener: &ListenerKey) {
        lock::write(&self.listeners).remove(listener);
    }
}

/// The counts of one listener.
#[derive(Debug, Default)]
pub struct ListenerLedger {
    names: RwLock<Names>,
    other: Counts,
    none: Counts,
}

#[derive(Debug, Default)]
struct Names {
    exact: NameCounts,
    /// Keyed by what follows `*.`.
    wildcard: NameCounts,
}

type NameCounts = HashMap<Box<str>, Counts, foldhash::fast::RandomState>;

impl ListenerLedger {
    /// Counts a handshake that ended well.
    pub fn served(&self, asked: Asked<'_>, by: ChosenBy, fingerprint: &Fingerprint) {
        self.with(asked, |counts| counts.served(fingerprint, by == ChosenBy::Default));
    }

    /// Counts a handshake refused for want of a certificate.
    pub fn refused(&self, asked: Asked<'_>) {
        self.with(asked, Counts::refused);
    }

    /// Forgets names that are neither served nor routed any more. `known` gets names as they
    /// stand in certificates, with `*.` in front of wildcards.
    pub fn keep(&self, known: impl Fn(&str) -> bool) {
        let mut names = lock::write(&self.names);
        names.exact.retain(|name, _| known(name));
        names.wildcard.retain(|parent, _| known(&format!("*.{parent}")));
    }

    fn with(&self, asked: Asked<'_>, count: impl Fn(&Counts)) {
        match asked {
            Asked::Exact(host) => self.with_exact(host, count),
            Asked::Wildcard(parent) => self.with_wildcard(parent, count),
            Asked::Other => count(&self.other),
            Asked::None => count(&self.none),
        }
    }

    fn with_exact(&self, host: &str, count: impl Fn(&Counts)) {
        if let Some(counts) = lock::read(&self.names).exact.get(host) {
            return count(counts);
        }
        count(lock::write(&self.names).exact.entry(host.into()).or_default());
    }

    fn with_wildcard(&self, parent: &str, count: impl Fn(&Counts)) {
        if let Some(counts) = lock::read(&self.names).wildcard.get(parent) {
            return count(counts);
        }
        count(lock::write(&self.names).wildcard.entry(parent.into()).or_default());
    }

    fn entries(&self) -> Vec<LedgerEntry> {
        let names = lock::read(&self.names);
        let exact =
            names.exact.iter().map(|(name, counts)| (ServedName::Name((**name).into()), counts));
        let wildcard = names
            .wildcard
            .iter()
            .map(|(parent, counts)| (ServedName::Name(format!("*.{parent}").into()), counts));
        let rest = [(ServedName::Other, &self.other), (ServedName::None, &self.none)];
        let mut entries: Vec<_> = exact
            .chain(wildcard)
            .chain(rest)
            .filter_map(|(name, counts)| counts.entry(name))
            .collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }
}

#[cfg(test)]
mod tests;
