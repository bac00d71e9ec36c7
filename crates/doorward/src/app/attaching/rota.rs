//! Whose turn it is: which listeners there are, what is wanted on each, and when it is looked at
//! next. Pure; whoever holds it makes the calls.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws::listeners::{Facts, Record, Round, Trouble, TroubleKind, Wish, Wished};
use issue::{Fault, IssueError, Pace};
use jiff::{SignedDuration, Timestamp};
use model::{Arn, Attachment, Model};

/// Somebody else may change a listener at any time.
const LOOKED_AFTER_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// A listener as it was found last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedListener {
    pub listener: Arn,
    /// How many certificates are wanted there.
    pub wanted: usize,
    /// Those of them that it has.
    pub carried: Vec<Arn>,
    pub troubles: Vec<AttachTrouble>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachTrouble {
    /// `None`: it concerns the whole listener.
    pub arn: Option<Arn>,
    /// Says what to do about it.
    pub message: String,
}

/// One round to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Of the record.
    pub issuer: Arc<str>,
    pub wish: Wish,
    pub record: Record,
}

#[derive(Default)]
pub struct Rota(BTreeMap<Arn, Case>);

struct Case {
    wanted: Option<Arc<Attachment>>,
    record: Record,
    due: Timestamp,
    is_out: bool,
    failures: u32,
    carried: Vec<Arn>,
    troubles: Vec<AttachTrouble>,
}

impl Rota {
    /// Begins with what was attached before.
    pub fn open(records: Vec<Record>, now: Timestamp) -> Self {
        let cases = records.into_iter().map(|record| {
            let listener = record.listener.clone();
            (listener, Case::new(record, now))
        });
        Self(cases.collect())
    }

    /// What is wanted from now on. What has changed is looked at at once.
    pub fn look(&mut self, model: &Model, now: Timestamp) {
        for attachment in &model.attachments {
            let case = self.0.entry(attachment.listener.clone()).or_insert_with(|| {
                let issuer = attachment.issuer.as_deref().unwrap_or_default();
                Case::new(Record::new(attachment.listener.clone(), issuer), now)
            });
            case.want(Some(attachment.clone()), now);
        }
        for (listener, case) in &mut self.0 {
            let is_wanted = |attachment: &Arc<Attachment>| attachment.listener == *listener;
            if !model.attachments.iter().any(is_wanted) {
                case.want(None, now);
            }
        }
        self.0.retain(|_, case| !case.is_over());
    }

    /// The rounds to be made now. A listener has never more than one out.
    pub fn due(&mut self, now: Timestamp) -> Vec<Task> {
        let due = self.0.values_mut().filter(|case| case.waits() && case.due <= now);
        due.map(|case| {
            case.is_out = true;
            case.due = Timestamp::MAX;
            let issuer = case.record.issuer.as_str().into();
            Task { issuer, wish: case.wish(), record: case.record.clone() }
        })
        .collect()
    }

    /// `record`: what is attached now, as far as is known; `None`: as before.
    pub fn done(
        &mut self,
        listener: &Arn,
        record: Option<Record>,
        round: Result<Round, IssueError>,
        now: Timestamp,
    ) {
        let Some(case) = self.0.get_mut(listener) else { return };
        case.is_out = false;
        if let Some(record) = record {
            case.record.held = record.held;
            case.record.defaults = record.defaults;
        }
        let pause = match round {
            Ok(round) => {
                case.failures = 0;
                case.troubles = round.troubles.iter().map(told).collect();
                case.carried = round.carried;
                let again = round.again_in.and_then(|again| SignedDuration::try_from(again).ok());
                again.unwrap_or(LOOKED_AFTER_EVERY)
            }
            Err(error) => {
                case.failures = case.failures.saturating_add(1);
                let pause = pause(&error, case.failures, listener.as_str());
                let message = format!("its certificates were not changed: {error}");
                case.troubles = vec![AttachTrouble { arn: None, message }];
                SignedDuration::try_from(pause).unwrap_or(LOOKED_AFTER_EVERY)
            }
        };
        // It is due already where something else is wanted since.
        case.due = case.due.min(after(now, pause));
        self.0.retain(|_, case| !case.is_over());
    }

    /// When the next round is due.
    pub fn wakes(&self) -> Option<Timestamp> {
        self.0.values().filter(|case| case.waits()).map(|case| case.due).min()
    }

    pub fn attached(&self) -> Vec<AttachedListener> {
        let shown = self.0.iter().map(|(listener, case)| AttachedListener {
            listener: listener.clone(),
            wanted: case.wanted.as_ref().map_or(0, |wanted| wanted.certificates.len()),
            carried: case.carried.clone(),
            troubles: case.troubles.clone(),
        });
        shown.collect()
    }
}

impl Case {
    fn new(record: Record, now: Timestamp) -> Self {
        Self {
            wanted: None,
            record,
            due: now,
            is_out: false,
            failures: 0,
            carried: Vec::new(),
            troubles: Vec::new(),
        }
    }

    fn want(&mut self, wanted: Option<Arc<Attachment>>, now: Timestamp) {
        if self.wanted == wanted {
            return;
        }
        if let Some(issuer) = wanted.as_ref().and_then(|wanted| wanted.issuer.as_deref()) {
            issuer.clone_into(&mut self.record.issuer);
        }
        self.wanted = wanted;
        self.failures = 0;
        self.due = now;
    }

    /// Whether a round is to come: not while nobody can make one.
    fn waits(&self) -> bool {
        let has_nobody = self.wanted.as_ref().is_some_and(|wanted| wanted.issuer.is_none());
        !self.is_out && !has_nobody
    }

    /// Nobody wants anything of it, and nothing of ours is there.
    fn is_over(&self) -> bool {
        self.wanted.is_none() && self.record.is_empty() && !self.is_out
    }

    fn wish(&self) -> Wish {
        let Some(wanted) = &self.wanted else { return Wish::default() };
        let wished = wanted.certificates.iter().map(|one| {
            let facts = one
                .held
                .as_ref()
                .map(|held| Facts { names: held.names.clone(), not_after: held.not_after });
            Wished { arn: one.arn.clone(), facts }
        });
        Wish { certificates: wished.collect(), pending: wanted.pending.clone() }
    }
}

fn told(trouble: &Trouble) -> AttachTrouble {
    let Trouble { arn, kind } = trouble;
    let message = match kind {
        TroubleKind::Full => format!(
            "{arn} is not attached: the load balancer takes no more certificates, and none of ours there can be spared. AWS allows 25 beside the defaults; have that quota raised, put names together in one certificate, or take another load balancer"
        ),
        TroubleKind::Missing => format!(
            "{arn} is not attached: AWS Certificate Manager has no such certificate; correct the ARN"
        ),
        TroubleKind::Unusable => format!(
            "{arn} is not attached: AWS does not take it; it has to be issued and valid, with a key that load balancers know, and is tried again"
        ),
    };
    AttachTrouble { arn: Some(arn.clone()), message }
}

/// What somebody has to change first is not tried as often as what passes by itself.
fn pause(error: &IssueError, failures: u32, listener: &str) -> Duration {
    match error.fault {
        Fault::Passing => Pace::PASSING.pause(failures, listener),
        Fault::TooMany { retry_after } => {
            Pace::PASSING.pause(failures, listener).max(retry_after.unwrap_or_default())
        }
        Fault::Dead | Fault::Refused => Pace::DEAD.pause(failures, listener),
    }
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
