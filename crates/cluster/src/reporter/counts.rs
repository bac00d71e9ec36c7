//! What was written, for whoever shows metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counted from the start of the process, over all terms.
#[derive(Debug, Default)]
pub struct ReportCounts {
    statuses: AtomicU64,
    events: AtomicU64,
    failures: AtomicU64,
}

impl ReportCounts {
    pub fn statuses_written(&self) -> u64 {
        self.statuses.load(Relaxed)
    }

    pub fn events_written(&self) -> u64 {
        self.events.load(Relaxed)
    }

    /// Writes that did not come to anything.
    pub fn failures(&self) -> u64 {
        self.failures.load(Relaxed)
    }

    pub(super) fn status_written(&self) {
        self.statuses.fetch_add(1, Relaxed);
    }

    pub(super) fn event_written(&self) {
        self.events.fetch_add(1, Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }
}
