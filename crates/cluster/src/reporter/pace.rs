//! When a status may be written that was written or tried before: not at once, and ever more
//! rarely.
//!
//! What was written is still on its way back to us, and must not be written again meanwhile. And
//! it may never come back as we want it: because the server refuses it, or because another
//! controller claims the same field. Nobody is helped by a fight.

use std::{collections::HashMap, sync::Arc, time::Duration};

use model::ObjectRef;
use report::StatusChange;
use serde_json::Value;
use tokio::time::Instant;

/// Doubles from one wait to the next.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    pub first: Duration,
    pub last: Duration,
}

impl Backoff {
    pub fn after(self, attempts: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(attempts)).min(self.last)
    }
}

const WRITTEN: Backoff = Backoff { first: Duration::from_secs(5), last: Duration::from_secs(300) };
const FAILED: Backoff = Backoff { first: Duration::from_secs(1), last: Duration::from_secs(300) };
/// An object that nothing was to be written of for so long starts anew.
const FORGET_AFTER: Duration = Duration::from_secs(300);

/// By object: what was written or tried last.
#[derive(Debug, Default)]
pub struct Pace(HashMap<ObjectRef, Last>);

#[derive(Debug)]
struct Last {
    uid: Arc<str>,
    status: Value,
    attempts: u32,
    not_before: Instant,
}

impl Last {
    fn is_same(&self, change: &StatusChange) -> bool {
        self.uid == change.uid && self.status == change.status
    }
}

/// What may be written now.
#[derive(Debug, Default)]
pub struct Admitted {
    pub changes: Vec<StatusChange>,
    /// When one of the others may.
    pub next: Option<Instant>,
}

impl Pace {
    pub fn admit(&mut self, due: Vec<StatusChange>, now: Instant) -> Admitted {
        self.0.retain(|_, last| now < last.not_before + FORGET_AFTER);
        let mut admitted = Admitted::default();
        for change in due {
            let last = self.0.get(&change.object).filter(|last| last.is_same(&change));
            match last.map(|last| last.not_before).filter(|not_before| now < *not_before) {
                None => admitted.changes.push(change),
                Some(later) => {
                    admitted.next = Some(admitted.next.map_or(later, |next| next.min(later)));
                }
            }
        }
        admitted
    }

    /// It is done, as far as we know.
    pub fn written(&mut self, change: StatusChange, now: Instant) {
        self.note(change, now, WRITTEN);
    }

    /// It was refused.
    pub fn failed(&mut self, change: StatusChange, now: Instant) {
        self.note(change, now, FAILED);
    }

    fn note(&mut self, change: StatusChange, now: Instant, backoff: Backoff) {
        let last = self.0.get(&change.object).filter(|last| last.is_same(&change));
        let attempts = last.map_or(0, |last| last.attempts + 1);
        let not_before = now + backoff.after(attempts);
        let StatusChange { object, uid, status } = change;
        self.0.insert(object, Last { uid, status, attempts, not_before });
    }
}

#[cfg(test)]
mod tests;
