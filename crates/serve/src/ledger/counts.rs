//! The counters of one name.

use std::sync::{
    RwLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use jiff::Timestamp;
use model::Fingerprint;

use super::{LedgerEntry, ServedName};
use crate::lock;

#[derive(Debug, Default)]
pub struct Counts {
    handshakes: AtomicU64,
    fallbacks: AtomicU64,
    refused: AtomicU64,
    certificate: RwLock<Option<(Fingerprint, Timestamp)>>,
}

impl Counts {
    pub fn served(&self, fingerprint: &Fingerprint, fallback: bool) {
        self.handshakes.fetch_add(1, Relaxed);
        if fallback {
            self.fallbacks.fetch_add(1, Relaxed);
        }
        let is_new = lock::read(&self.certificate).is_none_or(|(served, _)| served != *fingerprint);
        if is_new {
            *lock::write(&self.certificate) = Some((*fingerprint, Timestamp::now()));
        }
    }

    pub fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// `None` if nobody asked yet.
    pub fn entry(&self, name: ServedName) -> Option<LedgerEntry> {
        let entry = LedgerEntry {
            name,
            handshakes: self.handshakes.load(Relaxed),
            fallbacks: self.fallbacks.load(Relaxed),
            refused: self.refused.load(Relaxed),
            certificate: *lock::read(&self.certificate),
        };
        (entry.handshakes + entry.refused > 0).then_some(entry)
    }
}
