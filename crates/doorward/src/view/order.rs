//! An order at an issuer, as [`issue::Order`] writes itself.

use jiff::Timestamp;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    /// The certificate's id: the Secret it becomes.
    pub id: String,
    pub names: Vec<String>,
    pub issuer: String,
    /// `Pending`, `Issued` or `Failed`.
    pub state: String,
    pub message: String,
    /// When it is renewed, or tried again.
    #[serde(default)]
    pub next_attempt: Option<Timestamp>,
}
