//! An order at an issuer, as [`issue::Order`] writes itself.

use jiff::Timestamp;
use serde::Deserialize;

/// A field that is missing is one that an older Doorward does not tell.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    /// The certificate's id: the Secret it becomes.
    pub id: String,
    pub names: Vec<String>,
    pub issuer: String,
    /// Who is asked, if it is not the one wanted.
    #[serde(default)]
    pub asked: Option<String>,
    /// `Pending`, `Issued` or `Failed`.
    pub state: String,
    /// More finely than `state`: `Validating`, `Budget`.
    #[serde(default)]
    pub stage: Option<String>,
    /// Of the certificate in hand.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    pub message: String,
    /// Since when the message holds.
    #[serde(default)]
    pub updated: Option<Timestamp>,
    /// In a row.
    #[serde(default)]
    pub failures: u32,
    /// When it is renewed, or tried again.
    #[serde(default)]
    pub next_attempt: Option<Timestamp>,
    /// When its issuer wants it renewed.
    #[serde(default)]
    pub renewal_window: Option<WindowView>,
    /// The limit that it waits for.
    #[serde(default)]
    pub budget: Option<BudgetView>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct WindowView {
    pub start: Timestamp,
    pub end: Timestamp,
    #[serde(default)]
    pub explanation: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct BudgetView {
    pub limit: String,
    pub until: Timestamp,
}
