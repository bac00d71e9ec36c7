//! What each listener served for each name, since when, and how often the Default stood in.
//!
//! Bounded: only names of the listener's own table get an entry. Everything else that clients
//! ask for is counted together, so a flood of made-up names costs no memory.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Fingerprint, ListenerKey};

/// The counts of all listeners.
#[derive(Debug, Default)]
pub struct Ledger {}

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
    pub fn entries(&self, _listener: &ListenerKey) -> Vec<LedgerEntry> {
        Vec::new()
    }
}
