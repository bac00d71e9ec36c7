//! When a burst of changes is over, as a pure function of what was noticed and the time.
//!
//! Most changes are taken up after a short quiet. Two kinds wait longer, since acting on half of
//! them would drop names that are only on their way: a file that is being written waits for its
//! writer to close it, and a removal waits for what often follows it, the replacement.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    time::Duration,
};

use tokio::time::Instant;

use super::Change;

/// A burst is over when nothing was noticed for this long,
const QUIET: Duration = Duration::from_millis(20);
/// and after this long at the latest, or a steady stream of changes would never be seen.
const CEILING: Duration = Duration::from_millis(200);
/// How long a removal may turn out to be a replacement.
const REMOVAL: Duration = Duration::from_millis(150);
/// A writer that neither writes nor closes for this long is taken to be done.
const WRITER: Duration = Duration::from_secs(3);

/// One thing that happened in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) place: Place,
    pub(crate) event: Event,
}

/// Where it happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// In one manifest.
    File(PathBuf),
    /// In a folder, or in something that may be one: look at everything.
    Tree(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Content was written; more may follow.
    Written,
    /// It is complete: closed after writing, renamed into place, made or changed otherwise.
    Settled,
    /// It is gone, perhaps to be replaced.
    Removed,
}

/// What was noticed and is not yet taken up.
#[derive(Debug, Default)]
pub(crate) struct Settle {
    /// Each place with the time before which it is left alone.
    waiting: HashMap<Place, Instant>,
    /// The first and the last time that something was noticed since the last change was taken.
    burst: Option<(Instant, Instant)>,
}

impl Settle {
    pub(crate) fn notice(&mut self, notice: Notice, now: Instant) {
        let wait = match notice.event {
            Event::Written => WRITER,
            Event::Settled => Duration::ZERO,
            Event::Removed => REMOVAL,
        };
        self.waiting.insert(notice.place, now + wait);
        let first = self.burst.map_or(now, |(first, _)| first);
        self.burst = Some((first, now));
    }

    /// When [`Settle::take`] has something to give.
    pub(crate) fn due(&self) -> Option<Instant> {
        let (first, last) = self.burst?;
        let earliest = self.waiting.values().min()?;
        Some((last + QUIET).min(first + CEILING).max(*earliest))
    }

    /// Takes up what is due; what has to wait longer stays.
    pub(crate) fn take(&mut self, now: Instant) -> Change {
        let mut change = Change::default();
        let mut busy = HashSet::new();
        self.waiting.retain(|place, ready| {
            let waits = *ready > now;
            match place {
                Place::File(path) | Place::Tree(path) if waits => {
                    busy.insert(path.clone());
                }
                Place::File(path) => {
                    change.files.insert(path.clone());
                }
                Place::Tree(_) => change.all = true,
            }
            waits
        });
        change.busy = busy;
        self.burst = (!self.waiting.is_empty()).then_some((now, now));
        change
    }
}

#[cfg(test)]
mod tests;
