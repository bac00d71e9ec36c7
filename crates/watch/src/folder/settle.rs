//! When a burst of changes is over, as a pure function of what was noticed and the time.
//!
//! Most changes are taken up after a short quiet. Two kinds wait longer, since acting on half of
//! them would drop names that are only on their way: a file that is being written waits for its
//! writer to close it, and a removal waits for what often follows it, the replacement.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::Instant;

use super::Change;

/// Changes are taken up when none came for the first time, and after the second at the latest,
/// or a steady stream of them would never be seen.
const SETTLED: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));
/// The same for removals, any of which may turn out to be half of a replacement.
const REMOVED: (Duration, Duration) = (Duration::from_millis(150), Duration::from_millis(600));
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

impl Place {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Tree(path) => path,
        }
    }
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

/// What was noticed and is not yet taken up. A place is in one of the three.
#[derive(Debug, Default)]
pub(crate) struct Settle {
    settled: Burst,
    removed: Burst,
    /// With the time of the last write.
    written: HashMap<Place, Instant>,
}

/// Places that something happened to, and when it first and last did.
#[derive(Debug, Default)]
struct Burst {
    places: HashSet<Place>,
    span: Option<(Instant, Instant)>,
}

impl Settle {
    pub(crate) fn notice(&mut self, notice: Notice, now: Instant) {
        let Notice { place, event } = notice;
        if event != Event::Settled {
            self.settled.places.remove(&place);
        }
        if event != Event::Removed {
            self.removed.places.remove(&place);
        }
        if event != Event::Written {
            self.written.remove(&place);
        }
        match event {
            Event::Written => {
                self.written.insert(place, now);
            }
            Event::Settled => self.settled.add(place, now),
            Event::Removed => self.removed.add(place, now),
        }
    }

    /// When [`Settle::take`] has something to give.
    pub(crate) fn due(&self) -> Option<Instant> {
        let written = self.written.values().min().map(|last| *last + WRITER);
        [self.settled.due(SETTLED), self.removed.due(REMOVED), written].into_iter().flatten().min()
    }

    /// Takes up what is due; what has to wait longer stays, and is busy if it is in the midst
    /// of something.
    pub(crate) fn take(&mut self, now: Instant) -> Change {
        let mut due = self.settled.take(SETTLED, now);
        due.extend(self.removed.take(REMOVED, now));
        due.extend(
            self.written.extract_if(|_, last| *last + WRITER <= now).map(|(place, _)| place),
        );
        let mut change = Change::default();
        for place in due {
            match place {
                Place::File(path) => {
                    change.files.insert(path);
                }
                Place::Tree(_) => change.all = true,
            }
        }
        let busy = self.removed.places.iter().chain(self.written.keys());
        change.busy = busy.map(|place| place.path().to_owned()).collect();
        change
    }
}

impl Burst {
    fn add(&mut self, place: Place, now: Instant) {
        let first = self.span.filter(|_| !self.places.is_empty()).map_or(now, |(first, _)| first);
        self.span = Some((first, now));
        self.places.insert(place);
    }

    fn due(&self, (quiet, ceiling): (Duration, Duration)) -> Option<Instant> {
        let (first, last) = self.span.filter(|_| !self.places.is_empty())?;
        Some((last + quiet).min(first + ceiling))
    }

    fn take(&mut self, waits: (Duration, Duration), now: Instant) -> Vec<Place> {
        if self.due(waits).is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.span = None;
        self.places.drain().collect()
    }
}

#[cfg(test)]
mod tests;
