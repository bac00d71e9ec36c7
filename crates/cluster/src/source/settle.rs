//! When a burst of changes is over, as a pure function of when they came.

use std::time::Duration;

use tokio::time::Instant;

/// Changes are published when none came for this long,
const QUIET: Duration = Duration::from_millis(20);
/// and after this long at the latest, or a steady stream of them would never be seen.
const CEILING: Duration = Duration::from_millis(200);

/// Changes that are not published yet.
#[derive(Debug, Default)]
pub(super) struct Settle {
    /// When the first and the last of them came.
    span: Option<(Instant, Instant)>,
}

impl Settle {
    pub(super) fn changed(&mut self, now: Instant) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.span.map(|(first, last)| (last + QUIET).min(first + CEILING))
    }
}

#[cfg(test)]
mod tests;
