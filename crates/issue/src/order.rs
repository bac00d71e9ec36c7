//! What became of each wanted certificate, for `doorward get orders`.

use std::sync::Arc;

use jiff::Timestamp;
use model::{CertificateId, Name, Want};
use serde::Serialize;

use crate::policy::{Decision, decide};

/// All orders, sorted by id.
pub type Orders = Arc<Vec<Order>>;

/// One wanted certificate and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub id: CertificateId,
    pub names: Vec<Name>,
    pub issuer: Arc<str>,
    pub state: OrderState,
    /// Why it was ordered, or what went wrong.
    pub message: String,
    pub updated: Timestamp,
    /// When it is looked at next: the renewal, or the next attempt after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
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

/// Orders as they look to a replica that has none of them at work: another one does, and alone
/// knows of failures.
pub fn seen(wants: &[Want], now: Timestamp) -> Orders {
    let see = |want: &Want| {
        let (state, message, next_attempt) = match decide(want, now) {
            Decision::Keep { until } => (OrderState::Issued, "in hand".to_owned(), Some(until)),
            Decision::Obtain(why) => {
                (OrderState::Pending, format!("{why}; the leader obtains it"), None)
            }
        };
        let updated = want.held.as_ref().map_or(now, |held| held.not_before);
        let Want { id, names, issuer, .. } = want.clone();
        Order { id, names, issuer, state, message, updated, next_attempt }
    };
    Arc::new(wants.iter().map(see).collect())
}

impl std::fmt::Display for OrderState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
