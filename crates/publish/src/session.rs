//! One stream of an Envoy: what it subscribed to, what it was sent, what it said to that. Pure:
//! steps in, sends out; the clock is handed in, and no step waits.
//!
//! The rules are those of the xDS protocol
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol>) as Envoy 1.40 lives by
//! them:
//!
//! - One secret a response, so that a bad one takes no other with it.
//! - What was refused is not sent again before its content changes.
//! - What does not exist is said to be so at once, and sent when it appears.
//! - After a reconnect everything is sent again, whatever version the client claims to hold.
//! - Now and then an unchanged secret is sent once more: harmless, and it heals an Envoy that has
//!   forgotten to ask (envoyproxy/envoy#47309).

mod jitter;
mod subscription;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    ops::Bound,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use model::resource::MAX_NAME;

use crate::{
    catalogue::Catalogue,
    content::Content,
    reach::Reach,
    wire::{DeltaDiscoveryRequest, DiscoveryRequest},
};
use jitter::Jitter;
pub use subscription::{Acked, Refused, Standing, Subscription, one_line};

/// How long an answer may take before it no longer holds up what comes after it.
const PATIENCE: Duration = Duration::from_secs(30);
/// A secret is sent again about this often, if nothing happens to it.
const REPEAT: Duration = Duration::from_secs(60);
/// And a stream with many is not sent one more often than this.
const REPEAT_PAUSE: Duration = Duration::from_secs(1);
/// Responses of a Delta stream that may wait for their answers. In SotW it is one: an answer there
/// counts only for the newest response.
const IN_FLIGHT: usize = 64;

/// The two ways to speak xDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// The client names all it wants, each time.
    StateOfTheWorld,
    /// The client names what it wants from now on, and what no longer.
    Delta,
}

/// Both clocks: one for waiting, one for people.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub instant: Instant,
    pub time: Timestamp,
}

/// What to send next.
#[derive(Clone, Debug)]
pub struct Push {
    pub nonce: Arc<str>,
    pub name: Arc<str>,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Content(Arc<Content>),
    /// Delta: there is no such secret.
    Removed,
    /// SotW: the same, see [`crate::content::placeholder`].
    Placeholder,
}

/// What the client said to a response, for the counters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Acked(Duration),
    Rejected,
}

/// The client goes beyond what one stream may ask; the stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    #[error("more than {0} secrets on one stream: raise sds.limits.subscriptions, or use several")]
    Subscriptions(usize),
    #[error("a resource name has {0} bytes, {MAX_NAME} are the most")]
    Name(usize),
}

#[derive(Debug)]
pub struct Session {
    flavour: Flavour,
    reach: Reach,
    most_subscriptions: usize,
    subscriptions: BTreeMap<Arc<str>, Subscription>,
    /// Names to look at, in this order; [`Subscription::is_due`] tells who is in here.
    due: VecDeque<Arc<str>>,
    /// Oldest first.
    in_flight: VecDeque<InFlight>,
    sent: u64,
    /// Whether the client came with something in hand: a new stream of an old client.
    is_resumed: bool,
    repeat_at: Option<Instant>,
    /// The name that was repeated last.
    repeated: Option<Arc<str>>,
    jitter: Jitter,
}

#[derive(Debug)]
struct InFlight {
    nonce: Arc<str>,
    name: Arc<str>,
    what: What,
    since: Instant,
    /// It has waited too long to hold up others.
    is_late: bool,
}

impl Session {
    pub fn new(flavour: Flavour, reach: Reach, most_subscriptions: usize, seed: u64) -> Self {
        Self {
            flavour,
            reach,
            most_subscriptions,
            subscriptions: BTreeMap::new(),
            due: VecDeque::new(),
            in_flight: VecDeque::new(),
            sent: 0,
            is_resumed: false,
            repeat_at: None,
            repeated: None,
            jitter: Jitter::new(seed),
        }
    }

    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    pub fn subscriptions(&self) -> &BTreeMap<Arc<str>, Subscription> {
        &self.subscriptions
    }

    /// A SotW request: an answer, a changed list, or both.
    pub fn asked(
        &mut self,
        request: &DiscoveryRequest,
        now: Now,
    ) -> Result<Option<Answer>, TooMuch> {
        let is_first = self.sent == 0;
        self.is_resumed |= is_first && !request.version_info.is_empty();
        let newest = self.in_flight.back().map(|newest| newest.nonce.clone());
        let error = request.error_detail.as_ref().map(|status| status.message.as_str());
        let answer = self.answered(&request.response_nonce, error, now);
        // The list of whoever has not read the newest response yet is out of date; the answer to
        // that one repeats it.
        if !is_first && newest.is_some_and(|nonce| *nonce != *request.response_nonce) {
            return Ok(answer);
        }

        let wanted = &request.resource_names;
        self.admit(wanted.len(), wanted)?;
        let names: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        self.subscriptions.retain(|name, _| names.contains(&**name));
        for name in wanted {
            if !self.subscriptions.contains_key(name.as_str()) {
                self.subscribe(name);
            }
        }
        self.plan_repeat(now);
        Ok(answer)
    }

    /// A Delta request: changes of the list, an answer, or both.
    pub fn asked_delta(
        &mut self,
        request: &DeltaDiscoveryRequest,
        now: Now,
    ) -> Result<Option<Answer>, TooMuch> {
        let error = request.error_detail.as_ref().map(|status| status.message.as_str());
        let answer = self.answered(&request.response_nonce, error, now);
        for name in &request.resource_names_unsubscribe {
            self.subscriptions.remove(name.as_str());
        }
        let wanted = &request.resource_names_subscribe;
        self.admit(self.subscriptions.len().max(wanted.len()), wanted)?;
        for name in wanted {
            // Who subscribes again is answered again.
            self.subscribe(name);
            self.admit(self.subscriptions.len(), &[])?;
        }
        self.plan_repeat(now);
        Ok(answer)
    }

    /// The catalogue has changed: everything is looked at again.
    pub fn catalogue_changed(&mut self) {
        for (name, subscription) in &mut self.subscriptions {
            if !subscription.is_due {
                subscription.is_due = true;
                self.due.push_back(name.clone());
            }
        }
    }

    /// Whether [`Session::next`] is worth a call.
    pub fn has_news(&self) -> bool {
        !self.due.is_empty() && self.has_room()
    }

    /// What to send now; `None` until something happens.
    pub fn next(&mut self, catalogue: &Catalogue, now: Now) -> Option<Push> {
        while self.has_room() {
            let name = self.due.pop_front()?;
            let found = catalogue.find(&name, &self.reach);
            let Some(subscription) = self.subscriptions.get_mut(&name) else { continue };
            subscription.is_due = false;
            let Some(what) = subscription.decide(found, self.flavour, self.is_resumed) else {
                continue;
            };
            self.sent += 1;
            let nonce: Arc<str> = self.sent.to_string().into();
            subscription.sent(&what);
            // Whoever never answers may not fill the memory.
            if self.in_flight.len() >= 2 * IN_FLIGHT {
                self.in_flight.pop_front();
            }
            self.in_flight.push_back(InFlight {
                nonce: nonce.clone(),
                name: name.clone(),
                what: what.clone(),
                since: now.instant,
                is_late: false,
            });
            return Some(Push { nonce, name, what });
        }
        None
    }

    /// Time has passed: late answers hold up nothing more, and one secret is repeated.
    pub fn woken(&mut self, now: Now) {
        for waiting in &mut self.in_flight {
            waiting.is_late |= now.instant.saturating_duration_since(waiting.since) >= PATIENCE;
        }
        if self.repeat_at.is_some_and(|at| at <= now.instant) {
            self.repeat_one();
            self.repeat_at = None;
            self.plan_repeat(now);
        }
    }

    /// When [`Session::woken`] has something to do next.
    pub fn wake_at(&self) -> Option<Instant> {
        let oldest = self.in_flight.iter().find(|waiting| !waiting.is_late);
        let late = oldest.map(|waiting| waiting.since + PATIENCE);
        late.into_iter().chain(self.repeat_at).min()
    }

    fn subscribe(&mut self, name: &str) {
        let name: Arc<str> = match self.subscriptions.get_key_value(name) {
            Some((known, _)) => known.clone(),
            None => name.into(),
        };
        let subscription = self.subscriptions.entry(name.clone()).or_default();
        subscription.must_send = true;
        if !subscription.is_due {
            subscription.is_due = true;
            self.due.push_back(name);
            self.forget_the_unsubscribed();
        }
    }

    /// Whoever subscribes and unsubscribes without end, and answers nothing, fills no memory.
    fn forget_the_unsubscribed(&mut self) {
        if self.due.len() > 2 * self.subscriptions.len() + IN_FLIGHT {
            let mut seen = HashSet::new();
            let subscriptions = &self.subscriptions;
            self.due.retain(|name| subscriptions.contains_key(name) && seen.insert(name.clone()));
        }
    }

    fn admit(&self, count: usize, names: &[String]) -> Result<(), TooMuch> {
        if count > self.most_subscriptions {
            return Err(TooMuch::Subscriptions(self.most_subscriptions));
        }
        match names.iter().map(String::len).max() {
            Some(longest) if longest > MAX_NAME => Err(TooMuch::Name(longest)),
            _ => Ok(()),
        }
    }

    fn answered(&mut self, nonce: &str, error: Option<&str>, now: Now) -> Option<Answer> {
        let place = self.in_flight.iter().position(|waiting| *waiting.nonce == *nonce)?;
        let waiting = self.in_flight.remove(place)?;
        // In SotW an answer settles everything before it, in Delta what was sent before of that
        // name: an older answer that comes later must not undo this one.
        let mut index = 0;
        self.in_flight.retain(|older| {
            let is_settled = self.flavour == Flavour::StateOfTheWorld || older.name == waiting.name;
            index += 1;
            index > place || !is_settled
        });
        let subscription = self.subscriptions.get_mut(&waiting.name);
        match (error, waiting.what) {
            (None, what) => {
                if let (Some(subscription), What::Content(content)) = (subscription, what) {
                    subscription.acked(content, now);
                }
                let took = now.instant.saturating_duration_since(waiting.since);
                Some(Answer::Acked(took))
            }
            (Some(error), What::Content(content)) => {
                if let Some(subscription) = subscription {
                    subscription.refused(&content, error, now);
                }
                Some(Answer::Rejected)
            }
            // That is what a placeholder is for, and old Envoys refuse removals as well.
            (Some(_), What::Removed | What::Placeholder) => None,
        }
    }

    fn has_room(&self) -> bool {
        let room = match self.flavour {
            Flavour::StateOfTheWorld => 1,
            Flavour::Delta => IN_FLIGHT,
        };
        self.in_flight.iter().filter(|waiting| !waiting.is_late).count() < room
    }

    fn plan_repeat(&mut self, now: Now) {
        if self.subscriptions.is_empty() {
            self.repeat_at = None;
        } else if self.repeat_at.is_none() {
            let count = u32::try_from(self.subscriptions.len()).unwrap_or(u32::MAX);
            let pause = (REPEAT / count).max(REPEAT_PAUSE);
            self.repeat_at = Some(now.instant + self.jitter.spread(pause));
        }
    }

    /// The next name in order that the client holds as it was sent.
    fn repeat_one(&mut self) {
        let start = match &self.repeated {
            Some(last) => Bound::Excluded(last.clone()),
            None => Bound::Unbounded,
        };
        let after = self.subscriptions.range((start, Bound::Unbounded));
        let next = after
            .chain(&self.subscriptions)
            .find(|(_, subscription)| subscription.may_repeat())
            .map(|(name, _)| name.clone());
        if let Some(name) = next {
            self.repeated = Some(name.clone());
            self.subscribe(&name);
        }
    }
}

#[cfg(test)]
mod tests;
