//! What would be ordered, from whom and against which limits, if a desk were opened now.
//!
//! No second opinion on the rules: a desk of its own is run with what was kept, and its calls
//! are answered in imagination. An issuer that can be asked says "go on" to each order, and has
//! no opinion of when to renew; nothing leaves the process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use model::{CertificateId, KeyKind, Model, Name, ObjectRef, Want};

use super::{Action, Case, Desk, Known, Outcome, Place, Slot, Work};
use crate::{
    Entry, IssueError, Phase, Request, Stage,
    budget::{Budgets, Charge, Counts, Key},
    policy::{Decision, Why, decide},
};

/// Longer than anybody looks ahead: an order that goes on in imagination asks no more.
const LATER: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// What would come of all wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foresight {
    /// Sorted by id.
    pub wants: Vec<Foreseen>,
    /// The limits that are taken from or waited for, by issuer and name.
    pub limits: Vec<LimitUse>,
}

/// What would come of one want.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    pub id: CertificateId,
    pub names: Vec<Name>,
    /// Who is wanted.
    pub issuer: Arc<str>,
    /// Who is asked, if that is another one.
    pub asked: Option<Arc<str>>,
    pub key: KeyKind,
    pub wanted_by: ObjectRef,
    /// Of what is in hand.
    pub expires: Option<Timestamp>,
    pub course: Course,
    /// The issuers that cannot be asked, in turn.
    pub refusals: Vec<Refusal>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Course {
    /// What is in hand is good until it is renewed then.
    Keep { until: Timestamp },
    /// `limits` are those that it takes from.
    Order { why: Why, limits: Vec<String> },
    /// It was ordered before, and goes on where it was.
    GoOn { stage: Stage, message: String, next: Timestamp },
    /// The limit has its turn for it then, if nobody more urgent comes.
    Wait { why: Why, limit: String, until: Timestamp },
    /// Nobody can be asked.
    Refuse { why: Why, message: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub issuer: Arc<str>,
    pub message: String,
}

/// One bucket of an issuer's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUse {
    pub issuer: Arc<str>,
    /// The limit, and of what.
    pub limit: String,
    /// So many in so much time.
    pub amount: u32,
    pub per: SignedDuration,
    /// Before anything is ordered.
    pub left: usize,
    /// By orders that begin now.
    pub taken: usize,
    pub waiting: usize,
}

/// What a desk would do first with what was kept. `check` is what an issuer can say of a request
/// without asking anybody, as [`Issuer::check`](crate::Issuer::check).
pub fn foresee(
    entries: Vec<Entry>,
    budgets: Budgets,
    known: &Known,
    model: &Model,
    check: impl Fn(&str, &Request) -> Result<(), IssueError>,
    now: Timestamp,
) -> Foresight {
    let begun = entries.iter().filter(|entry| matches!(entry.phase, Phase::Open(_)));
    let begun = begun.map(|entry| (entry.serial, entry.clone())).collect();
    let mut desk = Desk::open(entries, budgets, now);
    // Only now is counted what the kept orders took.
    desk.employ(traceless(known), now);
    let before = desk.budgets.clone();
    desk.look(model, now);
    let mut imagined = Imagined { desk, before, begun, check, refusals: BTreeMap::new(), now };
    imagined.run();
    imagined.foresight()
}

/// What is only imagined leaves nothing to keep nor to take away.
fn traceless(known: &Known) -> Known {
    let mut known = known.clone();
    known.0.values_mut().for_each(|terms| terms.leaves_traces = false);
    known
}

struct Imagined<C> {
    desk: Desk,
    /// What was left before anything was imagined.
    before: Budgets,
    /// Orders of the last run that are open, by serial.
    begun: BTreeMap<u64, Entry>,
    check: C,
    refusals: BTreeMap<CertificateId, Vec<Refusal>>,
    now: Timestamp,
}

/// Filled while the wants are gone through.
struct Tally {
    /// Places in the lines before limits, counted from 1.
    places: BTreeMap<Slot, usize>,
    limits: BTreeMap<Key, LimitUse>,
}

impl<C: Fn(&str, &Request) -> Result<(), IssueError>> Imagined<C> {
    /// Until all that is left waits for a later time.
    fn run(&mut self) {
        loop {
            let actions = self.desk.act(self.now);
            if actions.is_empty() {
                return;
            }
            for Action { slot, work } in actions {
                let end = self.answer(work);
                self.desk.done(slot, end, self.now);
            }
        }
    }

    fn answer(&mut self, work: Work) -> Result<Outcome, IssueError> {
        match work {
            Work::Keep(_) => Ok(Outcome::Kept),
            Work::Store { .. } => Ok(Outcome::Stored),
            Work::Retire { .. } => Ok(Outcome::Retired),
            Work::AskWindow { .. } => Ok(Outcome::Window(None)),
            Work::Advance { progress, .. } => Ok(Outcome::Continues {
                progress,
                stage: Stage::Ordering,
                after: LATER,
                message: String::new(),
            }),
            Work::Examine { issuer, request } => match (self.check)(&issuer, &request) {
                Ok(()) => Ok(Outcome::Examined),
                Err(error) => {
                    let refusal = Refusal { issuer, message: error.message.clone() };
                    self.refusals.entry(request.id).or_default().push(refusal);
                    Err(IssueError::refused(error.message))
                }
            },
        }
    }

    fn foresight(mut self) -> Foresight {
        let places = self.desk.queues.in_lines().map(|(slot, _, nth)| (slot, nth)).collect();
        let mut tally = Tally { places, limits: BTreeMap::new() };
        let mut wants = Vec::new();
        for slot in self.desk.slots() {
            let Some(case) = self.desk.case(slot) else { continue };
            let Some(want) = &case.want else { continue };
            let refusals = self.refusals.remove(&want.id).unwrap_or_default();
            wants.push(self.foreseen(slot, case, want, refusals, &mut tally));
        }
        Foresight { wants, limits: tally.limits.into_values().collect() }
    }

    fn foreseen(
        &self,
        slot: Slot,
        case: &Case,
        want: &Want,
        refusals: Vec<Refusal>,
        tally: &mut Tally,
    ) -> Foreseen {
        let known = &self.desk.known;
        let asked = match &case.open {
            Some(open) => Some(open.entry.issuer.clone()),
            None => case.asked(known),
        };
        Foreseen {
            id: want.id.clone(),
            names: want.names.clone(),
            issuer: want.issuer.clone(),
            asked: asked.filter(|asked| *asked != want.issuer),
            key: known.key(want),
            wanted_by: want.wanted_by.clone(),
            expires: want.held.as_ref().map(|held| held.not_after),
            course: self.course(slot, case, want, tally),
            refusals,
        }
    }

    fn course(&self, slot: Slot, case: &Case, want: &Want, tally: &mut Tally) -> Course {
        let plan = self.desk.known.plan(&want.issuer).cloned().unwrap_or_default();
        let decision = decide(want, &plan, None, self.now);
        match (&case.open, decision) {
            (Some(open), _) if self.begun.contains_key(&open.entry.serial) => {
                self.goes_on(&self.begun[&open.entry.serial])
            }
            (_, Decision::Keep { until }) => Course::Keep { until },
            (Some(open), Decision::Obtain(why)) => {
                let taken = self.takes_from(case, &open.entry, why, tally);
                Course::Order { why, limits: taken }
            }
            (None, Decision::Obtain(why)) => match &case.place {
                Place::Line(key, _) => self.waits(why, key, slot, tally),
                _ => Course::Refuse { why, message: case.message.clone() },
            },
        }
    }

    fn goes_on(&self, entry: &Entry) -> Course {
        let stage = match entry.phase {
            Phase::Open(stage) => stage,
            Phase::Over => Stage::Ordering,
        };
        Course::GoOn { stage, message: entry.message.clone(), next: entry.next.max(self.now) }
    }

    /// The limits that it takes from.
    fn takes_from(&self, case: &Case, entry: &Entry, why: Why, tally: &mut Tally) -> Vec<String> {
        let issuer = &entry.issuer;
        let of_issuer = self.desk.known.plan(issuer).map_or(&[][..], |plan| &plan.limits);
        let kind = case.kind(why, issuer);
        let charge = Charge { issuer, limits: of_issuer, names: &entry.names, kind };
        let counted = charge.keys().into_iter();
        let counted = counted.filter(|(limit, _)| limit.counts == Counts::Orders);
        let mut names = Vec::new();
        for (_, key) in counted {
            names.push(key.to_string());
            self.limit_use(key, tally);
        }
        names
    }

    fn waits(&self, why: Why, key: &Key, slot: Slot, tally: &mut Tally) -> Course {
        if let Some(used) = self.limit_use(key.clone(), tally) {
            used.waiting += 1;
        }
        let nth = tally.places.get(&slot).copied().unwrap_or(1);
        let limit = self.desk.limit(&key.issuer, &key.limit);
        let when = |limit| self.desk.budgets.when(limit, key, nth, self.now);
        Course::Wait { why, limit: key.to_string(), until: limit.map_or(self.now, when) }
    }

    fn limit_use<'a>(&self, key: Key, tally: &'a mut Tally) -> Option<&'a mut LimitUse> {
        let limit = self.desk.limit(&key.issuer, &key.limit)?;
        let fresh = || {
            let left = self.before.left(limit, &key, self.now);
            let then = self.desk.budgets.left(limit, &key, self.now);
            LimitUse {
                issuer: key.issuer.clone(),
                limit: key.to_string(),
                amount: limit.amount,
                per: limit.per,
                left,
                taken: left.saturating_sub(then),
                waiting: 0,
            }
        };
        Some(tally.limits.entry(key.clone()).or_insert_with(fresh))
    }
}
