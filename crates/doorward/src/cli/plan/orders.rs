//! The foresight in the words of the command line.

use issue::{Course, Foreseen, LimitUse, Refusal, Why};
use jiff::Timestamp;
use model::Name;
use serde::Serialize;

/// What would come of one certificate that is wanted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedOrder {
    /// The Secret that it becomes.
    pub id: String,
    pub names: Vec<String>,
    /// Who is wanted.
    pub issuer: String,
    /// Who would be asked, if that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    pub key: String,
    pub wanted_by: String,
    pub course: Step,
    /// One word, as `Missing`; nothing where nothing new is ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// For people.
    pub message: String,
    /// What it takes from or waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// When it is renewed, gone on with, or ordered after a wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of what is in hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Issuers that would be passed over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<PlannedRefusal>,
}

/// What would be done first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Step {
    /// Nothing: what is in hand is good.
    Keep,
    Order,
    /// With an order of the last run.
    GoOn,
    /// For a limit.
    Wait,
    /// Nobody can be asked.
    Refuse,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRefusal {
    pub issuer: String,
    pub message: String,
}

/// One limit of an issuer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedLimit {
    pub issuer: String,
    /// The limit, and of what.
    pub limit: String,
    /// So many,
    pub amount: u32,
    /// in so much time.
    pub per: String,
    pub used_before: usize,
    pub used_after: usize,
    /// Orders that it holds up.
    pub waiting: usize,
}

impl PlannedOrder {
    pub fn of(found: &Foreseen) -> Self {
        let base = Self {
            id: found.id.to_string(),
            names: found.names.iter().map(Name::to_string).collect(),
            issuer: found.issuer.to_string(),
            asked: found.asked.as_deref().map(str::to_owned),
            key: found.key.to_string(),
            wanted_by: found.wanted_by.to_string(),
            course: Step::Keep,
            why: None,
            message: String::new(),
            limits: Vec::new(),
            until: None,
            expires: found.expires,
            refusals: found.refusals.iter().map(PlannedRefusal::of).collect(),
        };
        match &found.course {
            Course::Keep { until } => {
                Self { message: "in hand".into(), until: Some(*until), ..base }
            }
            Course::Order { why, limits } => {
                Self { limits: limits.clone(), ..base.takes(Step::Order, *why) }
            }
            Course::GoOn { message, next, .. } => {
                let message = message.clone();
                Self { course: Step::GoOn, message, until: Some(*next), ..base }
            }
            Course::Wait { why, limit, until } => {
                let limits = vec![limit.clone()];
                Self { limits, until: Some(*until), ..base.takes(Step::Wait, *why) }
            }
            Course::Refuse { why, message } => {
                Self { message: message.clone(), ..base.takes(Step::Refuse, *why) }
            }
        }
    }

    fn takes(self, course: Step, why: Why) -> Self {
        Self { course, why: Some(format!("{why:?}")), message: why.to_string(), ..self }
    }

    pub fn is_refused(&self) -> bool {
        self.course == Step::Refuse
    }

    /// Its id, if a new certificate will come for it.
    pub fn awaited(&self) -> Option<&str> {
        matches!(self.course, Step::Order | Step::GoOn | Step::Wait).then_some(&*self.id)
    }
}

impl PlannedRefusal {
    fn of(refusal: &Refusal) -> Self {
        Self { issuer: refusal.issuer.to_string(), message: refusal.message.clone() }
    }
}

impl PlannedLimit {
    pub fn of(found: &LimitUse) -> Self {
        let used_before = (found.amount as usize).saturating_sub(found.left);
        Self {
            issuer: found.issuer.to_string(),
            limit: found.limit.clone(),
            amount: found.amount,
            per: format!("{:#}", found.per),
            used_before,
            used_after: used_before + found.taken,
            waiting: found.waiting,
        }
    }
}
