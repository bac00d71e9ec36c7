//! One certificate: what is wanted of it, the order at work for it, and the orders before.
//! Decides what is next, and changes nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::{CertificateId, Want};

use super::{Known, queue::Place};
use crate::{
    Delivery, Entry, IssueError, IssuerPlan, RenewalWindow, Request,
    policy::{Decision, Why, decide},
};

/// An order that nobody wants is given up after this; an object that is written anew finds it.
const ORPHANED: SignedDuration = SignedDuration::from_mins(10);
/// A certificate that was written should be seen in the Model long before this.
pub(super) const SEEN_WITHIN: SignedDuration = SignedDuration::from_secs(30);

pub(super) struct Case {
    pub id: CertificateId,
    /// `None`: nobody wants it, and orders of it are yet to be retired.
    pub want: Option<Want>,
    /// Since the want is as it is.
    pub since: Timestamp,
    pub open: Option<Open>,
    pub past: Vec<Past>,
    /// Whose turn it is, counted along the chain of issuers.
    pub turn: usize,
    /// Orders that died in a row, of which `failed_here` with the issuer whose turn it is.
    pub failures: u32,
    pub failed_here: u32,
    /// Steps that failed in a row.
    pub stumbles: u32,
    /// Certificates in a row that were due again as soon as they came.
    pub rounds: u32,
    /// No new order, and nothing written down, before then.
    pub hold: Option<Timestamp>,
    /// An operator wants a new one.
    pub forced: bool,
    /// Who has found nothing against the next order.
    pub examined_by: Option<Arc<str>>,
    pub window: Window,
    pub message: String,
    pub updated: Timestamp,
    /// The call that is out, and at whose counter.
    pub doing: Option<(Doing, Arc<str>)>,
    pub place: Place,
}

/// The order at work.
pub(super) struct Open {
    pub entry: Entry,
    pub is_kept: bool,
    pub delivery: Option<Delivery>,
    /// It is written; the Model should show it before then.
    pub seen_by: Option<Timestamp>,
}

/// An order that is over, of which something may be left with its issuer.
pub(super) struct Past {
    pub entry: Entry,
    pub is_kept: bool,
    /// Not as long as what it brought is in use.
    pub retire: Option<Timestamp>,
    /// What it brought was seen in its place since the process began.
    pub is_seen: bool,
    pub failures: u32,
}

/// What the issuer says of when to renew what is held.
#[derive(Default)]
pub(super) struct Window {
    pub said: Option<RenewalWindow>,
    pub is_asked: bool,
    /// Not before.
    pub ask: Option<Timestamp>,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Doing {
    Keep { serial: u64 },
    Examine,
    Advance,
    Store,
    Retire { serial: u64 },
    AskWindow,
}

/// What is to be done for a case now.
pub(super) enum Next {
    /// A call is out; its end decides.
    Busy,
    Rest,
    Wait(Timestamp),
    Do(Doing),
    /// A new order is due.
    Order(Why),
    /// What was ordered is in hand.
    Conclude,
    /// The order is of no use any more.
    GiveUp(&'static str),
    Fail(IssueError),
}

impl Case {
    pub fn new(id: CertificateId, now: Timestamp) -> Self {
        Self {
            id,
            want: None,
            since: now,
            open: None,
            past: Vec::new(),
            turn: 0,
            failures: 0,
            failed_here: 0,
            stumbles: 0,
            rounds: 0,
            hold: None,
            forced: false,
            examined_by: None,
            window: Window::default(),
            message: String::new(),
            updated: now,
            doing: None,
            place: Place::Nowhere,
        }
    }

    pub fn next(&self, known: &Known, now: Timestamp) -> Next {
        if self.doing.is_some() {
            return Next::Busy;
        }
        if let Some(serial) = self.not_kept() {
            return match self.hold.filter(|hold| *hold > now) {
                Some(hold) => Next::Wait(hold),
                None => Next::Do(Doing::Keep { serial }),
            };
        }
        let mut wake = Wake(None);
        if let Some(next) = self.next_of_open(known, now, &mut wake) {
            return next;
        }
        if let Some(next) = self.next_of_past(now, &mut wake) {
            return next;
        }
        if self.open.is_none()
            && let Some(next) = self.next_of_want(known, now, &mut wake)
        {
            return next;
        }
        wake.0.map_or(Next::Rest, Next::Wait)
    }

    fn next_of_open(&self, known: &Known, now: Timestamp, wake: &mut Wake) -> Option<Next> {
        let open = self.open.as_ref()?;
        let Some(want) = &self.want else {
            let end = after(self.since, ORPHANED);
            let is_over = wake.is_past(end, now);
            return is_over.then_some(Next::GiveUp("nobody wants it any more"));
        };
        if open.has_arrived(want) {
            return Some(Next::Conclude);
        }
        if !open.fits(want, known) {
            return Some(Next::GiveUp("something else is wanted now"));
        }
        if let Some(seen_by) = open.seen_by {
            let message = "it was written, but did not come back from where it was written to";
            return wake.is_past(seen_by, now).then(|| Next::Fail(IssueError::passing(message)));
        }
        let doing = if open.delivery.is_some() { Doing::Store } else { Doing::Advance };
        wake.is_past(open.entry.next, now).then_some(Next::Do(doing))
    }

    /// Not while an order is open with the same issuer: what one leaves and the other needs may
    /// be the same thing, such as a record of a name.
    fn next_of_past(&self, now: Timestamp, wake: &mut Wake) -> Option<Next> {
        let busy = self.open.as_ref().map(|open| &open.entry.issuer);
        let free = self.past.iter().filter(|past| Some(&past.entry.issuer) != busy);
        for past in free {
            if let Some(retire) = past.retire
                && wake.is_past(retire, now)
            {
                return Some(Next::Do(Doing::Retire { serial: past.entry.serial }));
            }
        }
        None
    }

    fn next_of_want(&self, known: &Known, now: Timestamp, wake: &mut Wake) -> Option<Next> {
        let want = self.want.as_ref()?;
        if let Some(hold) = self.hold
            && !wake.is_past(hold, now)
        {
            return None;
        }
        let Some(plan) = known.plan(&want.issuer) else {
            return Some(Next::Fail(IssueError::refused(format!(
                "there is no Issuer {:?}: create it, or name another",
                want.issuer
            ))));
        };
        match self.decide(want, plan, now) {
            // The issuer may name a later time, and orders that it schedules are often free.
            Decision::Obtain(Why::RenewalDue)
                if !self.window.is_asked && self.asks(known).is_some() =>
            {
                Some(Next::Do(Doing::AskWindow))
            }
            Decision::Obtain(why) => Some(Next::Order(why)),
            Decision::Keep { until } => {
                wake.is_past(until, now);
                let ask = self.window.ask.filter(|_| self.asks(known).is_some())?;
                wake.is_past(ask, now).then_some(Next::Do(Doing::AskWindow))
            }
        }
    }

    pub fn decide(&self, want: &Want, plan: &IssuerPlan, now: Timestamp) -> Decision {
        if self.forced {
            return Decision::Obtain(Why::Asked);
        }
        decide(want, plan, self.window.said.as_ref(), now)
    }

    /// Who is asked when to renew: whoever made it.
    pub fn asks<'a>(&'a self, known: &Known) -> Option<&'a Arc<str>> {
        let want = self.want.as_ref()?;
        want.held.as_ref()?;
        let from = want.held_from.as_ref().unwrap_or(&want.issuer);
        known.plan(from).is_some().then_some(from)
    }

    /// Who is asked for a new one.
    pub fn asked(&self, known: &Known) -> Option<Arc<str>> {
        let want = self.want.as_ref()?;
        Some(known.in_turn(want, self.turn).unwrap_or_else(|| want.issuer.clone()))
    }

    /// The serial of an entry that the book does not have as it is.
    fn not_kept(&self) -> Option<u64> {
        let open = self.open.iter().filter(|open| !open.is_kept).map(|open| open.entry.serial);
        let past = self.past.iter().filter(|past| !past.is_kept).map(|past| past.entry.serial);
        open.chain(past).next()
    }

    pub fn entry(&self, serial: u64) -> Option<&Entry> {
        let open = self.open.iter().map(|open| &open.entry);
        open.chain(self.past.iter().map(|past| &past.entry)).find(|entry| entry.serial == serial)
    }

    pub fn request(&self, entry: &Entry) -> Request {
        Request {
            id: entry.id.clone(),
            names: entry.names.clone(),
            key: entry.key,
            replaces: self.want.as_ref().and_then(|want| want.held.clone()),
            serial: entry.serial,
        }
    }

    /// What would be ordered.
    pub fn draft(&self, known: &Known) -> Option<Request> {
        let want = self.want.as_ref()?;
        Some(Request {
            id: self.id.clone(),
            names: want.names.clone(),
            key: known.key(want),
            replaces: want.held.clone(),
            serial: 0,
        })
    }

    pub fn is_over(&self) -> bool {
        self.want.is_none() && self.open.is_none() && self.past.is_empty() && self.doing.is_none()
    }
}

impl Open {
    /// Whether it is still what is wanted.
    fn fits(&self, want: &Want, known: &Known) -> bool {
        let entry = &self.entry;
        entry.names == want.names
            && entry.key == known.key(want)
            && known.position(want, &entry.issuer).is_some()
    }

    /// Whether the certificate in hand is what it brought.
    fn has_arrived(&self, want: &Want) -> bool {
        let held = want.held.as_ref().map(|held| held.fingerprint);
        held.is_some() && held == self.entry.brought
    }
}

/// When time alone changes the answer.
struct Wake(Option<Timestamp>);

impl Wake {
    /// Whether it is here or over; if it is not, it is waited for.
    fn is_past(&mut self, moment: Timestamp, now: Timestamp) -> bool {
        if moment > now {
            self.0 = Some(self.0.map_or(moment, |wake| wake.min(moment)));
        }
        moment <= now
    }
}

pub(super) fn after(moment: Timestamp, time: SignedDuration) -> Timestamp {
    moment.checked_add(time).unwrap_or(Timestamp::MAX)
}
