//! What was said of each object, so that nothing is said twice.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{EventType, NewEvent, key};

/// The memory of one leader. A new one makes it of the Events that the API server still holds.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// By uid.
    objects: HashMap<Arc<str>, OfOne, foldhash::fast::RandomState>,
    /// Calls of [`super::events`] so far.
    run: u64,
}

/// An Event of ours that the API server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Of the object that it is about.
    pub uid: Arc<str>,
    pub name: String,
    pub count: u32,
    /// How long ago it was written last.
    pub age: Duration,
}

#[derive(Clone, Debug, Default)]
struct OfOne {
    told: BTreeMap<u64, Told>,
    /// The revision of which success was told; `None` while something fails.
    succeeded: Option<u64>,
    seen_in: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub count: u32,
    /// When it is to be said again if it is still true.
    pub renew_at: Duration,
    /// The last run in which it was true.
    stood_in: u64,
}

/// What a statement is that is true now.
pub enum Hearing {
    /// It was heard in this run already.
    Repeated,
    /// It was said, and is true since.
    Stands(Told),
    /// It is to be said, for the `count`th time.
    News { count: u32 },
}

/// How many runs an object may be unknown before what was said of it is forgotten: a watch that
/// begins anew may lose it for a moment.
const FORGET_AFTER: u64 = 1000;
/// How many statements on one object are remembered once they are no longer true.
const MOST_PAST: usize = 32;
/// When an Event is renewed; leaves time for the budget and for an API server that is away.
const EARLIEST: Duration = Duration::from_secs(40 * 60);
/// What comes up together is not renewed together.
const SPREAD: Duration = Duration::from_secs(10 * 60);

impl Said {
    /// Takes all of them for true still: what is not so any more is not repeated by that, and what
    /// is was said. The clock of [`super::events`] begins now.
    pub fn from_events(events: impl IntoIterator<Item = Heard>) -> Self {
        let mut said = Self::default();
        for heard in events {
            let Some(key) = key::of_name(&heard.name) else { continue };
            let renew_at = interval(key).saturating_sub(heard.age);
            let told = Told { count: heard.count.max(1), renew_at, stood_in: 0 };
            said.of(&heard.uid).told.insert(key, told);
        }
        said
    }

    /// Takes back an event that could not be written: it is due again.
    pub fn take_back(&mut self, event: &NewEvent) {
        let (Some(one), Some(key)) = (self.objects.get_mut(&event.uid), key::of_name(&event.name))
        else {
            return;
        };
        if event.event_type == EventType::Normal {
            one.succeeded = None;
        }
        if event.count <= 1 {
            one.told.remove(&key);
        } else if let Some(told) = one.told.get_mut(&key) {
            told.count = event.count - 1;
            told.stood_in = 0;
        }
    }

    pub(super) fn begin(&mut self) {
        self.run += 1;
    }

    pub(super) fn end(&mut self) {
        let run = self.run;
        self.objects.retain(|_, one| run - one.seen_in < FORGET_AFTER);
    }

    /// Notes that a statement is true now.
    pub(super) fn hear(&mut self, uid: &Arc<str>, key: u64) -> Hearing {
        let run = self.run;
        match self.of(uid).told.get_mut(&key) {
            Some(told) if told.stood_in == run => Hearing::Repeated,
            Some(told) if told.stood_in + 1 == run => {
                told.stood_in = run;
                Hearing::Stands(*told)
            }
            told => Hearing::News { count: told.map_or(0, |told| told.count).saturating_add(1) },
        }
    }

    pub(super) fn count(&self, uid: &str, key: u64) -> u32 {
        self.objects.get(uid).and_then(|one| one.told.get(&key)).map_or(0, |told| told.count)
    }

    /// Notes that a statement is said now.
    pub(super) fn note(&mut self, uid: &Arc<str>, key: u64, count: u32, now: Duration) -> Told {
        let run = self.run;
        let renew_at = now + interval(key);
        let told = &mut self.of(uid).told;
        if told.len() >= MOST_PAST {
            told.retain(|_, told| told.stood_in + 1 >= run);
        }
        let new = Told { count, renew_at, stood_in: run };
        told.insert(key, new);
        new
    }

    /// Whether success is to be told of this revision.
    pub(super) fn succeed(&mut self, uid: &Arc<str>, revision: u64) -> bool {
        let is_first_run = self.run == 1;
        let one = self.of(uid);
        let is_news = one.succeeded != Some(revision) && !is_first_run;
        one.succeeded = Some(revision);
        is_news
    }

    pub(super) fn fail(&mut self, uid: &Arc<str>) {
        self.of(uid).succeeded = None;
    }

    fn of(&mut self, uid: &Arc<str>) -> &mut OfOne {
        let run = self.run;
        let one = self.objects.entry(uid.clone()).or_default();
        one.seen_in = run;
        one
    }
}

/// How long after its last write an Event is renewed; for each statement always the same.
pub fn interval(key: u64) -> Duration {
    EARLIEST + Duration::from_secs(key % SPREAD.as_secs())
}
