//! One bucket of tokens.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Limit;

/// How full it was when it was looked at last. Its size and pace are the limit's, which may have
/// been changed since.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Bucket {
    tokens: f64,
    as_of: Timestamp,
}

impl Bucket {
    pub fn full(limit: &Limit, now: Timestamp) -> Self {
        Self { tokens: f64::from(limit.amount), as_of: now }
    }

    pub fn take(&mut self, limit: &Limit, now: Timestamp) {
        *self = Self { tokens: (self.level(limit, now) - 1.0).max(0.0), as_of: now };
    }

    /// Whether what was taken then is missing from it already.
    pub fn knows_of(&self, taken: Timestamp) -> bool {
        taken <= self.as_of
    }

    pub fn is_full(&self, limit: &Limit, now: Timestamp) -> bool {
        self.level(limit, now) >= f64::from(limit.amount)
    }

    pub fn whole(&self, limit: &Limit, now: Timestamp) -> usize {
        (self.level(limit, now) + ROUNDING) as usize
    }

    /// `None`: it has a token now.
    pub fn has_next(&self, limit: &Limit, now: Timestamp) -> Option<Timestamp> {
        let next = self.when(limit, 1, now);
        (next > now).then_some(next)
    }

    pub fn when(&self, limit: &Limit, nth: usize, now: Timestamp) -> Timestamp {
        let lacks = nth as f64 - self.level(limit, now);
        if lacks <= ROUNDING {
            return now;
        }
        // Rounded up to a second, so that it is really there then.
        let seconds = (lacks * seconds_each(limit)).ceil().max(1.0);
        let wait = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX);
        now.checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    /// A clock that was set back fills nothing, but does not stop the filling either.
    fn level(&self, limit: &Limit, now: Timestamp) -> f64 {
        let passed = now.duration_since(self.as_of).as_secs_f64().max(0.0);
        (self.tokens + passed / seconds_each(limit)).min(f64::from(limit.amount))
    }
}

/// Tokens are counted in floating point: what lacks this much of one is whole.
const ROUNDING: f64 = 1e-6;

fn seconds_each(limit: &Limit) -> f64 {
    (limit.per.as_secs_f64() / f64::from(limit.amount.max(1))).max(1e-3)
}
