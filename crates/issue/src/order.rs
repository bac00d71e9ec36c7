//! What became of each wanted certificate, for `doorward get orders`.

use std::sync::Arc;

use jiff::Timestamp;
use model::{CertificateId, Name};
use serde::Serialize;

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

impl std::fmt::Display for OrderState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}
