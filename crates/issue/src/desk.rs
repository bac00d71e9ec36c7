//! All orders, as a state machine that never blocks and does nothing itself.
//!
//! ```text
//!        wants, plans, ends of calls ──► Desk ──► calls to make, when to look again
//!
//!   ordering ─► validating ─► waiting ─► issuing ─► storing ─► stored ─► served ─► retiring
//!        └──────────┴────────────┴──────────┴─► failed, after a pause from the start
//! ```
//!
//! Whether anything speaks against an order is asked before it counts against a limit. For one
//! certificate there is never more than one order open and one call out. What an order
//! has come to is kept before the next call is made, so that a process that is killed goes on
//! where it was. The certificate in hand serves until the next one is seen in its place; only
//! then is taken away what its order left.

mod action;
mod case;
mod change;
mod foresee;
mod known;
mod outcome;
mod queue;
mod spending;
mod view;

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use model::{CertificateId, Fingerprint, Model, Want};

use crate::{
    Entry, IssueError,
    budget::{Budgets, Charge, Kind, Limit},
};
pub use action::{Action, Outcome, Slot, Work};
use case::{Case, Doing, Next, after};
pub use foresee::{Course, Foreseen, Foresight, LimitUse, Refusal, foresee};
pub use known::{Known, Made, Terms};
#[cfg(test)]
pub(crate) use queue::AT_ONCE;
use queue::{Place, Queues, Rank};
use spending::Spending;

/// After a new certificate is seen in its place, handshakes may still go on with the old one.
const REPLACED: SignedDuration = SignedDuration::from_secs(60);
/// What nobody wants may be wanted again, as when an object is written anew; what was written
/// may be seen late.
const UNWANTED: SignedDuration = SignedDuration::from_hours(1);
/// What an order took of its issuer's limits is kept apart from its page by then.
const COUNTED: SignedDuration = SignedDuration::from_secs(30);
/// Issuers are first asked when to renew within this time, not all at once.
const FIRST_ASK: SignedDuration = SignedDuration::from_hours(1);

#[derive(Default)]
pub struct Desk {
    known: Known,
    cases: Vec<Option<Case>>,
    free: Vec<Slot>,
    by_id: BTreeMap<CertificateId, Slot>,
    queues: Queues,
    budgets: Budgets,
    is_spent: bool,
    /// Orders of the last run. Budgets may have been kept before them, and are counted again as
    /// soon as it is known which limits their issuers have.
    uncounted: Vec<Spending>,
    serial: u64,
}

impl Desk {
    /// Goes on with what was kept. Nothing of it is done before the wants are known.
    pub fn open(entries: Vec<Entry>, budgets: Budgets, now: Timestamp) -> Self {
        let mut desk = Self { budgets, ..Self::default() };
        for entry in entries {
            desk.serial = desk.serial.max(entry.serial);
            desk.uncounted.push(Spending::of(&entry));
            let slot = desk.slot_of(&entry.id, now);
            desk.change(slot, now, |case, _| case.restore(entry));
        }
        desk
    }

    /// The issuers that exist from now on, and their plans.
    pub fn employ(&mut self, known: Known, now: Timestamp) {
        if known == self.known {
            return;
        }
        let before = std::mem::replace(&mut self.known, known);
        self.recount();
        for slot in self.slots() {
            self.change(slot, now, |case, known| {
                let issuer = case.want.as_ref().map(|want| want.issuer.clone());
                let differs = issuer.is_some_and(|name| known.0.get(&name) != before.0.get(&name));
                if differs {
                    case.start_over(now);
                } else if case.want.is_none() {
                    // It may have been held up for want of the issuer that is there now.
                    case.hold = None;
                }
            });
        }
    }

    /// What is wanted and what listeners hold, from now on.
    pub fn look(&mut self, model: &Model, now: Timestamp) {
        let served = OnceCell::new();
        let is_served =
            |fingerprint: &Fingerprint| served.get_or_init(|| bound(model)).contains(fingerprint);
        for want in &model.wants {
            self.take(want, &is_served, now);
        }
        let wanted: HashSet<&CertificateId> = model.wants.iter().map(|want| &want.id).collect();
        for slot in self.slots() {
            let Some(case) = self.case(slot) else { continue };
            if !wanted.contains(&case.id) {
                self.leave(slot, &is_served, now);
            }
        }
    }

    /// One of the wants.
    pub fn take(&mut self, want: &Want, is_served: &impl Fn(&Fingerprint) -> bool, now: Timestamp) {
        let slot = self.slot_of(&want.id, now);
        let is_news = self
            .case(slot)
            .is_some_and(|case| case.want.as_ref() != Some(want) || !case.past.is_empty());
        if is_news {
            self.change(slot, now, |case, known| {
                case.take(want, known, now);
                case.look_at_past(is_served, now);
            });
        }
    }

    fn leave(&mut self, slot: Slot, is_served: &impl Fn(&Fingerprint) -> bool, now: Timestamp) {
        self.change(slot, now, |case, _| {
            if case.want.take().is_some() {
                case.since = now;
            }
            case.look_at_past(is_served, now);
        });
    }

    /// A new certificate although the one in hand is good; what has failed is tried again at once.
    /// False: nobody wants one of this id.
    pub fn renew(&mut self, id: &CertificateId, now: Timestamp) -> bool {
        let Some(slot) = self.by_id.get(id).copied() else { return false };
        if self.case(slot).is_none_or(|case| case.want.is_none()) {
            return false;
        }
        self.change(slot, now, |case, _| {
            case.start_over(now);
            case.forced = case.open.is_none();
        });
        true
    }

    /// The calls to be made now. Ask again after each end of one.
    pub fn act(&mut self, now: Timestamp) -> Vec<Action> {
        while let Some(slot) = self.queues.due(now) {
            self.settle(slot, now);
        }
        while let Some(key) = self.queues.moving(now) {
            let limit = self.limit(&key.issuer, &key.limit).cloned();
            let left =
                limit.as_ref().map_or(usize::MAX, |limit| self.budgets.left(limit, &key, now));
            for slot in self.queues.heads(&key, left) {
                self.settle(slot, now);
            }
            let next = limit.map(|limit| self.budgets.when(&limit, &key, left + 1, now));
            let soonest = after(now, SignedDuration::from_secs(1));
            self.queues.move_again(&key, next.unwrap_or(soonest).max(soonest));
        }
        let mut actions = Vec::new();
        while let Some(slot) = self.queues.next_turn() {
            actions.extend(self.turn(slot, now));
        }
        actions
    }

    /// A call has ended.
    pub fn done(&mut self, slot: Slot, end: Result<Outcome, IssueError>, now: Timestamp) {
        let Some(case) = self.case_mut(slot) else { return };
        let Some((doing, issuer)) = case.doing.take() else { return };
        self.queues.came_back(&issuer);
        if let Err(IssueError { fault: crate::Fault::Dead | crate::Fault::Refused, .. }) = &end {
            self.count_failure(slot, &issuer, now);
        }
        self.change(slot, now, |case, known| match end {
            Ok(outcome) => case.well(outcome, doing, known, now),
            Err(error) => case.ill(error, doing, known, now),
        });
    }

    /// When time alone changes something.
    pub fn wakes(&self) -> Option<Timestamp> {
        self.queues.wakes()
    }

    /// Whether the budgets have changed since they were asked for.
    pub fn has_spent(&self) -> bool {
        self.is_spent
    }

    /// The budgets, if they have changed since they were asked for.
    pub fn spent(&mut self, now: Timestamp) -> Option<&Budgets> {
        if !std::mem::take(&mut self.is_spent) {
            return None;
        }
        let known = &self.known;
        self.budgets.forget_full(|key| limit_in(known, &key.issuer, &key.limit), now);
        Some(&self.budgets)
    }

    /// It is a case's turn at its issuer.
    fn turn(&mut self, slot: Slot, now: Timestamp) -> Option<Action> {
        let case = self.case(slot)?;
        let next = case.next(&self.known, now);
        let why = match next {
            Next::Do(doing) => return self.go_out(slot, doing),
            Next::Order(why) => why,
            _ => {
                self.settle(slot, now);
                return None;
            }
        };
        let issuer = case.asked(&self.known)?;
        if case.examined_by.as_ref() != Some(&issuer) {
            return self.go_out(slot, Doing::Examine);
        }
        let rank = case.rank(why);
        let want = case.want.clone()?;
        let kind = case.kind(why, &issuer);
        let limits = self.known.plan(&issuer).map_or(&[][..], |plan| &plan.limits);
        let charge = Charge { issuer: &issuer, limits, names: &want.names, kind };
        if let Err(denied) = self.budgets.take(&charge, now) {
            self.move_to(slot, Place::Line(denied.key, rank), Some(denied.until));
            return None;
        }
        self.is_spent |= !limits.is_empty();
        self.serial = self.serial.saturating_add(1).max(millis(now));
        let serial = self.serial;
        let terms = (issuer, kind, serial);
        self.change(slot, now, |case, known| case.begin(why, terms, known, now));
        None
    }

    fn go_out(&mut self, slot: Slot, doing: Doing) -> Option<Action> {
        let issuer = self.case(slot)?.counter(doing, &self.known)?;
        self.move_to(slot, Place::Nowhere, None);
        self.queues.went_out(&issuer);
        let Self { cases, known, .. } = self;
        let case = cases.get_mut(slot.0 as usize)?.as_mut()?;
        case.doing = Some((doing, issuer.clone()));
        let work = case.work(doing, issuer, known)?;
        Some(Action { slot, work })
    }

    /// Changes a case, and lets it wait where it then belongs.
    fn change(&mut self, slot: Slot, now: Timestamp, change: impl FnOnce(&mut Case, &Known)) {
        let Self { cases, known, .. } = self;
        let Some(Some(case)) = cases.get_mut(slot.0 as usize) else { return };
        change(case, known);
        self.settle(slot, now);
    }

    /// Follows up on what needs no call, until the case waits for something.
    fn settle(&mut self, slot: Slot, now: Timestamp) {
        loop {
            let Self { cases, known, .. } = self;
            let Some(Some(case)) = cases.get_mut(slot.0 as usize) else { return };
            let place = match case.next(known, now) {
                Next::Conclude => {
                    case.conclude(known, now);
                    continue;
                }
                Next::GiveUp(why) => {
                    case.give_up(known, now);
                    case.note(why.to_owned(), now);
                    continue;
                }
                Next::Fail(error) => {
                    case.fail(error, known, now);
                    continue;
                }
                Next::Busy | Next::Rest => Place::Nowhere,
                Next::Wait(at) => Place::Timer(at),
                Next::Do(doing) => match case.counter(doing, known) {
                    Some(issuer) => Place::Counter(issuer, Rank::Step(now)),
                    None => Place::Nowhere,
                },
                Next::Order(why) => match case.asked(known) {
                    Some(issuer) => Place::Counter(issuer, case.rank(why)),
                    None => Place::Nowhere,
                },
            };
            let is_over = case.is_over();
            self.move_to(slot, place, None);
            if is_over {
                self.forget(slot);
            }
            return;
        }
    }

    /// `moves`: when the line does.
    fn move_to(&mut self, slot: Slot, place: Place, moves: Option<Timestamp>) {
        let Self { cases, queues, .. } = self;
        let Some(Some(case)) = cases.get_mut(slot.0 as usize) else { return };
        queues.leave(slot, &case.place);
        match (&place, moves) {
            (Place::Line(key, rank), Some(moves)) => queues.queue_up(slot, key, *rank, moves),
            _ => queues.enter(slot, &place),
        }
        case.place = place;
    }

    fn forget(&mut self, slot: Slot) {
        if let Some(case) = self.cases.get_mut(slot.0 as usize).and_then(Option::take) {
            self.by_id.remove(&case.id);
            self.free.push(slot);
        }
    }

    fn count_failure(&mut self, slot: Slot, issuer: &Arc<str>, now: Timestamp) {
        let Self { cases, known, budgets, is_spent, .. } = self;
        let Some(Some(case)) = cases.get(slot.0 as usize) else { return };
        let (Some(open), Some(plan)) = (&case.open, known.plan(issuer)) else { return };
        let (limits, names) = (&plan.limits[..], &open.entry.names[..]);
        budgets.failed(&Charge { issuer, limits, names, kind: Kind::New }, now);
        *is_spent |= !limits.is_empty();
    }

    fn limit(&self, issuer: &str, name: &str) -> Option<&Limit> {
        limit_in(&self.known, issuer, name)
    }

    fn slot_of(&mut self, id: &CertificateId, now: Timestamp) -> Slot {
        if let Some(slot) = self.by_id.get(id) {
            return *slot;
        }
        let case = Some(Case::new(id.clone(), now));
        let slot = self.free.pop().unwrap_or_else(|| {
            self.cases.push(None);
            Slot(u32::try_from(self.cases.len() - 1).expect("fewer certificates than 2^32"))
        });
        self.cases[slot.0 as usize] = case;
        self.by_id.insert(id.clone(), slot);
        slot
    }

    fn slots(&self) -> Vec<Slot> {
        self.by_id.values().copied().collect()
    }

    fn case(&self, slot: Slot) -> Option<&Case> {
        self.cases.get(slot.0 as usize)?.as_ref()
    }

    fn case_mut(&mut self, slot: Slot) -> Option<&mut Case> {
        self.cases.get_mut(slot.0 as usize)?.as_mut()
    }
}

fn limit_in<'a>(known: &'a Known, issuer: &str, name: &str) -> Option<&'a Limit> {
    known.plan(issuer)?.limits.iter().find(|limit| *limit.name == *name)
}

/// What listeners hold, here and elsewhere.
fn bound(model: &Model) -> HashSet<Fingerprint> {
    let bindings = model.listeners().flat_map(|listener| &listener.certificates.bindings);
    let held = bindings.filter_map(|binding| binding.certificate.as_ref());
    let attached = model.attachments.iter().flat_map(|attachment| &attachment.certificates);
    let attached = attached.filter_map(|one| one.held.as_ref());
    held.chain(attached).map(|certificate| certificate.fingerprint).collect()
}

fn millis(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
