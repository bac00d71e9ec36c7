//! The words of the admin API: what the server and `check` write, and the command line reads.
//!
//! lowerCamelCase JSON with times in RFC 3339, UTC. Words of closed sets are plain text here, so
//! that a command line of one version can read a server of another.

mod balancer;
mod certificate;
mod envoy;
mod listener;
mod name;
mod order;
mod server;

use serde::{Deserialize, Serialize};

pub use balancer::LoadBalancerView;
pub use certificate::{CertificateView, find, uses_of};
pub use envoy::EnvoyView;
pub use listener::{BindingView, ListenerView};
pub use name::NameView;
pub use order::OrderView;
pub use server::ServerView;

/// What became of one object; written as [`model::Verdict`] writes itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictView {
    pub object: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    pub state: String,
    pub reason: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `FILE:LINE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl From<&model::Verdict> for VerdictView {
    fn from(verdict: &model::Verdict) -> Self {
        Self {
            object: verdict.object.to_string(),
            dialect: verdict.dialect.map(|dialect| dialect.to_string()),
            state: verdict.state.to_string(),
            reason: verdict.reason.to_string(),
            message: verdict.message.clone(),
            field: verdict.field.clone(),
            origin: verdict.origin.as_ref().map(ToString::to_string),
        }
    }
}

/// `POST /api/v1/certificates`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Upload {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// PEM: the leaf first, then its issuers.
    pub certificate: String,
    /// PEM, unencrypted.
    pub private_key: String,
}

/// `PUT /api/v1/listeners/LB:PORT/default`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetDefault {
    pub id: String,
}

/// `PUT /api/v1/loadbalancers/LB/read-only`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadOnly {
    pub enabled: bool,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ErrorView {
    pub error: ErrorBody,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ErrorBody {
    /// One word, as `ReadOnly`.
    pub reason: String,
    /// What is wrong and the cure, on one line.
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}
