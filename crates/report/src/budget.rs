//! How many events may be written: so many at once, then one at a time, for one object and for
//! all of them together.

use std::{collections::HashMap, sync::Arc, time::Duration};

/// So many at once; after that one in each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub interval: Duration,
}

/// Counts time from any fixed moment: every `now` must be of the same clock.
#[derive(Clone, Debug)]
pub struct Budget {
    of_all: Rate,
    of_one: Rate,
    spent: Spent,
    spent_on: HashMap<Arc<str>, Spent, foldhash::fast::RandomState>,
}

/// When the whole burst will be there again; each event moves it one interval ahead.
#[derive(Clone, Copy, Debug, Default)]
struct Spent(Duration);

impl Budget {
    pub fn new(of_all: Rate, of_one: Rate) -> Self {
        Self { of_all, of_one, spent: Spent::default(), spent_on: HashMap::default() }
    }

    /// Takes one event on the object with this uid, if there is one to take.
    pub fn take(&mut self, uid: &Arc<str>, now: Duration) -> bool {
        self.take_within(self.of_all, self.of_one, uid, now)
    }

    /// For what can wait: leaves half of each burst to what cannot.
    pub fn take_spare(&mut self, uid: &Arc<str>, now: Duration) -> bool {
        self.take_within(self.of_all.halved(), self.of_one.halved(), uid, now)
    }

    fn take_within(&mut self, of_all: Rate, of_one: Rate, uid: &Arc<str>, now: Duration) -> bool {
        let on_it = self.spent_on.get(uid).copied().unwrap_or_default();
        let (Some(spent), Some(on_it)) =
            (self.spent.and_one(of_all, now), on_it.and_one(of_one, now))
        else {
            return false;
        };
        self.spent = spent;
        self.spent_on.insert(uid.clone(), on_it);
        true
    }

    /// For an event that was not written.
    pub fn give_back(&mut self, uid: &str) {
        self.spent.0 = self.spent.0.saturating_sub(self.of_all.interval);
        if let Some(on_it) = self.spent_on.get_mut(uid) {
            on_it.0 = on_it.0.saturating_sub(self.of_one.interval);
        }
    }

    /// Forgets the objects that have their whole burst again.
    pub fn tidy(&mut self, now: Duration) {
        self.spent_on.retain(|_, spent| spent.0 > now);
    }
}

impl Default for Budget {
    /// A hundred at once and two a second. One object has what the event recorders of Kubernetes
    /// itself allow (client-go, `EventCorrelator`): 25, then one in five minutes.
    fn default() -> Self {
        Self::new(
            Rate { burst: 100, interval: Duration::from_millis(500) },
            Rate { burst: 25, interval: Duration::from_secs(300) },
        )
    }
}

impl Rate {
    fn halved(self) -> Self {
        Self { burst: self.burst.div_ceil(2), ..self }
    }
}

impl Spent {
    fn and_one(self, rate: Rate, now: Duration) -> Option<Self> {
        let full_again = self.0.max(now) + rate.interval;
        (full_again <= now + rate.interval * rate.burst).then_some(Self(full_again))
    }
}

#[cfg(test)]
mod tests;
