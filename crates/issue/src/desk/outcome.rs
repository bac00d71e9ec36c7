//! What the end of a call, good or bad, changes of a case. Pure, as all of the desk.

use std::{sync::Arc, time::Duration};

use super::{
    COUNTED, Known, Outcome, UNWANTED,
    case::{self, Case, Doing, Open, Past, SEEN_WITHIN, Window, after},
};
use crate::{
    Entry, Fault, IssueError, Phase, Progress, RenewalWindow, Stage,
    backoff::Pace,
    budget::Kind,
    policy::{Decision, Why},
};
use jiff::{SignedDuration, Timestamp};

/// What an issuer asks for is followed within these limits: neither a hot loop nor a sleep for
/// ever.
const LONGEST_STEP: SignedDuration = SignedDuration::from_hours(3 * 24);
const SOONEST_ASK: SignedDuration = SignedDuration::from_mins(10);
const LATEST_ASK: SignedDuration = SignedDuration::from_hours(24);
/// An issuer that could not say when to renew is asked again after this.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(1);

impl Case {
    /// Opens an order.
    pub fn begin(
        &mut self,
        why: Why,
        (issuer, kind, serial): (Arc<str>, Kind, u64),
        known: &Known,
        now: Timestamp,
    ) {
        let Some(want) = &self.want else { return };
        let is_kept = !known.leaves_traces(&issuer);
        let entry = Entry {
            id: self.id.clone(),
            serial,
            issuer,
            names: want.names.clone(),
            key: known.key(want),
            brought: None,
            kind,
            began: now,
            progress: Progress::default(),
            phase: Phase::Open(Stage::Ordering),
            failures: self.failures,
            next: now,
            message: why.to_string(),
        };
        (self.forced, self.examined_by) = (false, None);
        self.note(why.to_string(), now);
        self.open = Some(Open { entry, is_kept, delivery: None, seen_by: None });
    }

    pub fn well(&mut self, outcome: Outcome, doing: Doing, known: &Known, now: Timestamp) {
        match (doing, outcome) {
            (Doing::Keep { serial }, Outcome::Kept) => self.kept(serial),
            (Doing::Examine, Outcome::Examined) => self.examined_by = self.asked(known),
            (_, Outcome::Continues { progress, stage, after, message }) => {
                let wait = SignedDuration::try_from(after).unwrap_or(LONGEST_STEP);
                let next = case::after(now, wait.min(LONGEST_STEP));
                self.continues(progress, stage, next, &message, known);
                self.note(message, now);
            }
            (_, Outcome::Delivered(delivery)) => {
                let Some(open) = &mut self.open else { return };
                match delivery.check(&open.entry.names, open.entry.key, now) {
                    Ok(()) => {
                        let brought = Some(delivery.fingerprint);
                        open.is_kept &= open.entry.brought == brought
                            || !known.leaves_traces(&open.entry.issuer);
                        open.entry.brought = brought;
                        open.entry.next = now;
                        open.delivery = Some(delivery);
                    }
                    Err(error) => self.fail(error, known, now),
                }
            }
            (_, Outcome::Stored) => {
                if let Some(open) = &mut self.open {
                    open.seen_by = Some(after(now, SEEN_WITHIN));
                    self.note("written".to_owned(), now);
                }
            }
            (Doing::Retire { serial }, Outcome::Retired) => {
                self.past.retain(|past| past.entry.serial != serial);
            }
            (_, Outcome::Window(said)) => self.told(said, now),
            // A call does not end as another kind of call.
            (_, Outcome::Kept | Outcome::Examined | Outcome::Retired) => {}
        }
    }

    pub fn ill(&mut self, error: IssueError, doing: Doing, known: &Known, now: Timestamp) {
        match doing {
            Doing::Keep { .. } => {
                self.stumbles += 1;
                self.hold = Some(later(Pace::PASSING.pause(self.stumbles, self.id.as_str()), now));
                self.note(format!("the order could not be written down: {error}"), now);
            }
            Doing::Examine | Doing::Advance | Doing::Store => self.fail(error, known, now),
            Doing::Retire { serial } => {
                let id = self.id.clone();
                let past = self.past.iter_mut().find(|past| past.entry.serial == serial);
                if let Some(past) = past {
                    past.failures += 1;
                    let pause = Pace::DEAD.pause(past.failures, id.as_str());
                    past.retire = Some(later(pause, now));
                    past.entry.message = format!("what it left could not be taken away: {error}");
                }
            }
            Doing::AskWindow => {
                self.window.is_asked = true;
                self.window.ask = Some(after(now, ASK_AGAIN));
            }
        }
    }

    fn kept(&mut self, serial: u64) {
        self.hold = None;
        if let Some(open) = self.open.as_mut().filter(|open| open.entry.serial == serial) {
            open.is_kept = true;
        }
        for past in self.past.iter_mut().filter(|past| past.entry.serial == serial) {
            past.is_kept = true;
        }
    }

    fn continues(
        &mut self,
        progress: Progress,
        stage: Stage,
        next: Timestamp,
        message: &str,
        known: &Known,
    ) {
        let Some(open) = &mut self.open else { return };
        let entry = &mut open.entry;
        // What only says that it goes on waiting need not be written down each time.
        let is_new = entry.progress != progress || entry.phase != Phase::Open(stage);
        entry.progress = progress;
        entry.phase = Phase::Open(stage);
        entry.next = next;
        message.clone_into(&mut entry.message);
        if is_new && known.leaves_traces(&entry.issuer) {
            open.is_kept = false;
        }
        self.stumbles = 0;
    }

    fn told(&mut self, said: Option<RenewalWindow>, now: Timestamp) {
        let again = match &said {
            Some(window) => window.ask_again.clamp(after(now, SOONEST_ASK), after(now, LATEST_ASK)),
            None => after(now, LATEST_ASK),
        };
        self.window = Window { said, is_asked: true, ask: Some(again) };
    }

    /// A step of the order failed, or no order could be opened.
    pub fn fail(&mut self, error: IssueError, known: &Known, now: Timestamp) {
        let IssueError { message, fault } = error;
        let has_next = |turn: usize| {
            self.want.as_ref().is_some_and(|want| known.in_turn(want, turn).is_some())
        };
        let (has_other, tries) = (has_next(1), self.tries(known));
        let may_turn = has_next(self.turn + 1);
        let id = self.id.clone();
        match fault {
            Fault::Passing | Fault::TooMany { .. } => {
                self.stumbles += 1;
                let mut pause = Pace::PASSING.pause(self.stumbles, id.as_str());
                if let Fault::TooMany { retry_after: Some(least) } = fault {
                    pause = pause.max(least);
                }
                if self.stumbles >= tries && has_other {
                    self.give_up(known, now);
                    self.turn_on(may_turn, pause, now);
                } else if let Some(open) = &mut self.open {
                    open.entry.next = later(pause, now);
                    open.seen_by = None;
                } else {
                    self.hold = Some(later(pause, now));
                }
            }
            Fault::Dead => {
                self.give_up(known, now);
                self.failures += 1;
                self.failed_here += 1;
                let pause = Pace::DEAD.pause(self.failures, id.as_str());
                if self.failed_here >= tries && has_other {
                    self.turn_on(may_turn, pause, now);
                } else {
                    self.hold = Some(later(pause, now));
                }
            }
            Fault::Refused => {
                self.give_up(known, now);
                self.failures += 1;
                let pause = Pace::REFUSED.pause(self.failures, id.as_str());
                self.turn_on(may_turn, pause, now);
            }
        }
        self.note(message, now);
    }

    /// The next issuer is asked at once; after the last one, the first again, after a pause.
    fn turn_on(&mut self, may_turn: bool, pause: Duration, now: Timestamp) {
        (self.stumbles, self.failed_here) = (0, 0);
        self.turn = if may_turn { self.turn + 1 } else { 0 };
        self.hold = (!may_turn).then(|| later(pause, now));
    }

    fn tries(&self, known: &Known) -> u32 {
        let plan = self.want.as_ref().and_then(|want| known.plan(&want.issuer));
        plan.map_or(1, |plan| plan.tries.max(1))
    }

    /// The open order will bring nothing more.
    pub fn give_up(&mut self, known: &Known, now: Timestamp) {
        let Some(open) = self.open.take() else { return };
        let retire = match open.entry.brought {
            // It may have been written already, and is then seen in use before this is over.
            Some(_) => after(now, UNWANTED),
            None => now.max(after(open.entry.began, COUNTED)),
        };
        self.put_past(open, Some(retire), known);
    }

    /// What was ordered is in hand.
    pub fn conclude(&mut self, known: &Known, now: Timestamp) {
        let Some(open) = self.open.take() else { return };
        self.put_past(open, None, known);
        (self.turn, self.failures, self.failed_here, self.stumbles) = (0, 0, 0, 0);
        self.hold = None;
        self.note("in hand".to_owned(), now);
        let Some(want) = &self.want else { return };
        let Some(plan) = known.plan(&want.issuer) else { return };
        match self.decide(want, plan, now) {
            Decision::Keep { .. } => self.rounds = 0,
            // By a clock that is wrong, or from an issuer whose is. One more would be no better.
            Decision::Obtain(why) => {
                self.rounds += 1;
                let pause = Pace::REFUSED.pause(self.rounds, self.id.as_str());
                self.hold = Some(later(pause, now));
                self.note(
                    format!("a new certificate is due again as soon as it came ({why}): is this machine's clock right?"),
                    now,
                );
            }
        }
    }

    /// `retire`: when what it left is taken away; `None`: it is seen in use.
    fn put_past(&mut self, open: Open, retire: Option<Timestamp>, known: &Known) {
        let Open { mut entry, .. } = open;
        if !known.leaves_traces(&entry.issuer) {
            return;
        }
        entry.phase = Phase::Over;
        entry.failures = self.failures;
        let is_seen = retire.is_none();
        self.past.push(Past { entry, is_kept: false, retire, is_seen, failures: 0 });
    }

    pub fn note(&mut self, message: String, now: Timestamp) {
        if self.message != message {
            self.message = message;
            self.updated = now;
        }
    }
}

fn later(pause: Duration, now: Timestamp) -> Timestamp {
    after(now, SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX))
}
