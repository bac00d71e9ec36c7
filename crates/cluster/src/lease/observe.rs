//! What a replica does next, decided from the Lease as it saw it, since when it has seen it
//! unchanged, and the term it holds. No call, no clock: both are told to it.
//!
//! The times in the record are for people. What counts is how long this replica has watched the
//! record stay the same, by its own monotonic clock.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::api::ObjectMeta;
use tokio::time::Instant;

use super::Pace;

/// One replica in the election.
#[derive(Debug)]
pub struct Candidate {
    me: Arc<str>,
    pace: Pace,
    seen: Option<Seen>,
    /// The record has changed under our hands.
    must_look: bool,
    /// Until when the lease is certain to be ours, while we hold a term.
    certain_until: Option<Instant>,
    /// No call before.
    next_call: Instant,
}

/// The record as it was last seen, by reading or by writing it.
#[derive(Debug)]
struct Seen {
    /// `None`: there is none.
    lease: Option<Lease>,
    /// It has been the same since.
    since: Instant,
}

/// What to do now.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Read the record.
    Look,
    /// Make the record, with us as its holder.
    Create,
    /// Put us into the record, if it is still the one seen: to take the lease, or to renew it.
    Replace,
    /// The lease is no longer certain to be ours: stop writing.
    Resign,
    Wait(Instant),
}

impl Candidate {
    pub fn new(me: Arc<str>, pace: Pace, now: Instant) -> Self {
        Self { me, pace, seen: None, must_look: false, certain_until: None, next_call: now }
    }

    pub fn step(&self, now: Instant) -> Step {
        if let Some(until) = self.certain_until
            && (now >= until || self.has_another_holder())
        {
            return Step::Resign;
        }
        if now < self.next_call {
            let until = self.certain_until.unwrap_or(self.next_call);
            return Step::Wait(self.next_call.min(until));
        }
        match &self.seen {
            Some(seen) if !self.must_look && self.is_free(seen, now) => match seen.lease {
                Some(_) => Step::Replace,
                None => Step::Create,
            },
            _ => Step::Look,
        }
    }

    /// How long a call that is sent now may take.
    pub fn patience(&self, now: Instant) -> Duration {
        let certain = self.certain_until.map(|until| until.saturating_duration_since(now));
        self.pace.attempt().min(certain.unwrap_or(Duration::MAX))
    }

    /// The record to write in the step `Create` or `Replace`. `wall_clock` is for people.
    pub fn record(&self, wall_clock: Timestamp) -> Lease {
        let former = self.seen.as_ref().and_then(|seen| seen.lease.clone()).unwrap_or_default();
        let spec = former.spec.unwrap_or_default();
        let transitions = spec.lease_transitions.unwrap_or(0).max(0);
        let (acquired, transitions) = match self.certain_until {
            Some(_) => (spec.acquire_time.clone(), transitions),
            None => (Some(MicroTime(wall_clock)), transitions.saturating_add(1)),
        };
        Lease {
            metadata: labelled(former.metadata),
            spec: Some(LeaseSpec {
                holder_identity: Some(self.me.to_string()),
                lease_duration_seconds: Some(whole_seconds(self.pace.lease)),
                acquire_time: acquired,
                renew_time: Some(MicroTime(wall_clock)),
                lease_transitions: Some(transitions),
                ..spec
            }),
        }
    }

    /// The record to write when we go: nobody holds it, so that another takes it at once. `None`
    /// where it is not ours.
    pub fn release(&self, wall_clock: Timestamp) -> Option<Lease> {
        let former = self.seen.as_ref()?.lease.clone()?;
        let spec = former.spec.filter(|spec| spec.holder_identity.as_deref() == Some(&*self.me))?;
        let spec =
            LeaseSpec { holder_identity: None, renew_time: Some(MicroTime(wall_clock)), ..spec };
        Some(Lease { metadata: former.metadata, spec: Some(spec) })
    }

    /// The record was read; `at` is when it came, `pause` the time until the next look.
    pub fn saw(&mut self, lease: Option<Lease>, at: Instant, pause: Duration) {
        self.must_look = false;
        let is_same = self.seen.as_ref().is_some_and(|seen| spec(&seen.lease) == spec(&lease));
        let since = self.seen.as_ref().filter(|_| is_same).map_or(at, |seen| seen.since);
        let seen = Seen { lease, since };
        self.next_call = if self.is_free(&seen, at) { at } else { at + pause };
        self.seen = Some(seen);
    }

    /// The record was written, with us as its holder, by a call that was sent at `sent`. Returns
    /// until when the lease is certain to be ours.
    pub fn wrote(&mut self, lease: Lease, sent: Instant, pause: Duration) -> Instant {
        let certain_until = sent + self.pace.renew_deadline;
        self.seen = Some(Seen { lease: Some(lease), since: sent });
        self.certain_until = Some(certain_until);
        self.next_call = sent + pause;
        certain_until
    }

    /// Somebody else has written the record since we saw it: look again, soon.
    pub fn conflicted(&mut self, at: Instant) {
        self.must_look = true;
        self.next_call = at + self.pace.retry / 10;
    }

    /// A call failed, or its answer did not come. What was seen stays; a record that was written
    /// without our knowing answers the next write with a conflict.
    pub fn failed(&mut self, at: Instant, pause: Duration) {
        self.next_call = at + pause;
    }

    pub fn stepped_down(&mut self) {
        self.certain_until = None;
    }

    /// Who holds the lease, as far as we saw.
    pub fn holder(&self) -> Option<&str> {
        holder(spec(&self.seen.as_ref()?.lease)?)
    }

    fn has_another_holder(&self) -> bool {
        self.holder() != Some(&*self.me)
    }

    /// Whether the lease may be written: it is ours, nobody's, or was left alone for too long.
    fn is_free(&self, seen: &Seen, now: Instant) -> bool {
        let Some(spec) = spec(&seen.lease) else { return true };
        match holder(spec) {
            None => true,
            Some(holder) if holder == &*self.me => true,
            Some(_) => now >= seen.since + self.duration_of(spec),
        }
    }

    /// How long a record that is not ours holds. A longer time than our own is respected, as
    /// that of a newer Doorward may be; one that is nonsense is not, or nobody would lead again.
    fn duration_of(&self, spec: &LeaseSpec) -> Duration {
        let written = u64::try_from(spec.lease_duration_seconds.unwrap_or(0)).unwrap_or(0);
        Duration::from_secs(written).clamp(self.pace.lease, self.pace.lease * 4)
    }
}

fn spec(lease: &Option<Lease>) -> Option<&LeaseSpec> {
    lease.as_ref()?.spec.as_ref()
}

fn holder(spec: &LeaseSpec) -> Option<&str> {
    spec.holder_identity.as_deref().filter(|holder| !holder.is_empty())
}

fn labelled(mut metadata: ObjectMeta) -> ObjectMeta {
    metadata.name.get_or_insert_with(|| super::NAME.to_owned());
    let (key, value) = crate::store::MANAGED_BY;
    metadata.labels.get_or_insert_with(BTreeMap::new).insert(key.to_owned(), value.to_owned());
    metadata
}

/// The record counts in whole seconds, at least one.
fn whole_seconds(duration: Duration) -> i32 {
    let seconds = duration.as_millis().div_ceil(1000).max(1);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
