//! What became of each wanted certificate, for `doorward get orders`.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use model::{CertificateId, Name, Want};
use serde::Serialize;

use crate::{
    IssuerPlan, RenewalWindow, Stage,
    policy::{Decision, decide},
};

/// All orders, sorted by id.
pub type Orders = Arc<Vec<Order>>;

/// One wanted certificate and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub id: CertificateId,
    pub names: Vec<Name>,
    /// Who is wanted.
    pub issuer: Arc<str>,
    /// Who is asked, if that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Arc<str>>,
    pub state: OrderState,
    pub stage: OrderStage,
    /// Why it was ordered, or what went wrong.
    pub message: String,
    pub updated: Timestamp,
    /// Failures in a row.
    pub failures: u32,
    /// When it is looked at next: the renewal, or the next attempt after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
    /// Of what is in hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When its issuer wants it renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_window: Option<RenewalWindow>,
    /// The limit that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetWait>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OrderState {
    /// With the issuer, or written and not yet seen again.
    Pending,
    /// In hand.
    Issued,
    /// The last attempt failed; what was in hand is still served.
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OrderStage {
    /// Enough others are at work.
    Queued,
    /// A limit of the issuer has nothing left.
    Budget,
    Ordering,
    Validating,
    Waiting,
    Issuing,
    Storing,
    /// Written, and not yet seen again.
    Stored,
    Served,
    Failed,
}

/// An order that would be more than the issuer allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetWait {
    /// The limit, and of what.
    pub limit: String,
    /// When it is its turn, if nobody more urgent comes.
    pub until: Timestamp,
}

impl OrderStage {
    /// For metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Budget => "budget",
            Self::Ordering => "ordering",
            Self::Validating => "validating",
            Self::Waiting => "waiting",
            Self::Issuing => "issuing",
            Self::Storing => "storing",
            Self::Stored => "stored",
            Self::Served => "served",
            Self::Failed => "failed",
        }
    }
}

impl From<Stage> for OrderStage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Ordering => Self::Ordering,
            Stage::Validating => Self::Validating,
            Stage::Waiting => Self::Waiting,
            Stage::Issuing => Self::Issuing,
        }
    }
}

/// Orders as they look to a replica that has none of them at work: another one does, and alone
/// knows of failures, and of what issuers say.
pub fn seen(
    wants: &[Want],
    plan_of: impl Fn(&str) -> Option<Arc<IssuerPlan>>,
    now: Timestamp,
) -> Orders {
    let see = |want: &Want| {
        let plan = plan_of(&want.issuer).unwrap_or_default();
        let decision = decide(want, &plan, None, now);
        let (state, stage, message, next_attempt) = match decision {
            Decision::Keep { until } => {
                (OrderState::Issued, OrderStage::Served, "in hand".to_owned(), Some(until))
            }
            Decision::Obtain(why) => {
                let message = format!("{why}; the leader obtains it");
                (OrderState::Pending, OrderStage::Queued, message, None)
            }
        };
        let updated = want.held.as_ref().map_or(now, |held| held.not_before);
        Order {
            id: want.id.clone(),
            names: want.names.clone(),
            issuer: want.issuer.clone(),
            asked: None,
            state,
            stage,
            message,
            updated,
            failures: 0,
            next_attempt,
            expires: want.held.as_ref().map(|held| held.not_after),
            renewal_window: None,
            budget: None,
        }
    };
    Arc::new(wants.iter().map(see).collect())
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
