//! An Envoy that takes certificates over SDS, as the API shows it.

use jiff::Timestamp;
use publish::{Client, Flavour, SecretState, Standing};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvoyView {
    /// As it calls itself; believed for showing only.
    pub node: String,
    pub cluster: String,
    /// What it was let in by: a certificate's name, a process, an address.
    pub peer: String,
    pub namespace: String,
    /// `SotW`, `Delta`, `SotW ADS` or `Delta ADS`.
    pub protocol: String,
    pub connected: Timestamp,
    pub streams: usize,
    pub secrets: Vec<EnvoySecretView>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvoySecretView {
    /// As it was asked for.
    pub name: String,
    /// `Acked`, `Sent`, `Rejected`, `Missing` or `Pending`.
    pub state: String,
    /// What the Envoy holds.
    pub acked: Option<AckView>,
    /// What it would not take, until something else is acknowledged.
    pub rejected: Option<RejectionView>,
    /// Why there is nothing to send, or why it is not what the Secret holds now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AckView {
    pub version: String,
    pub time: Timestamp,
    /// Of the leaf; `None` for CA certificates.
    pub fingerprint: Option<String>,
    pub not_after: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectionView {
    pub version: String,
    pub time: Timestamp,
    /// The Envoy's words.
    pub error: String,
}

impl From<&Client> for EnvoyView {
    fn from(client: &Client) -> Self {
        let flavour = match client.flavour {
            None => "-",
            Some(Flavour::StateOfTheWorld) => "SotW",
            Some(Flavour::Delta) => "Delta",
        };
        Self {
            node: client.node.clone(),
            cluster: client.cluster.clone(),
            peer: client.peer.clone(),
            namespace: client.namespace.to_string(),
            protocol: format!("{flavour}{}", if client.is_aggregated { " ADS" } else { "" }),
            connected: client.connected,
            streams: client.streams,
            secrets: client.secrets.iter().map(EnvoySecretView::from).collect(),
        }
    }
}

impl From<&SecretState> for EnvoySecretView {
    fn from(secret: &SecretState) -> Self {
        let state = match secret.standing {
            Standing::Acked => "Acked",
            Standing::Sent => "Sent",
            Standing::Rejected => "Rejected",
            Standing::Missing => "Missing",
            Standing::Pending => "Pending",
        };
        let acked = secret.acked.as_ref().map(|acked| {
            let certificate = acked.content.certificate();
            AckView {
                version: acked.content.version.to_string(),
                time: acked.time,
                fingerprint: certificate.map(|held| held.fingerprint.to_string()),
                not_after: certificate.map(|held| held.not_after),
            }
        });
        let rejected = secret.refused.as_ref().map(|refused| RejectionView {
            version: refused.version.to_string(),
            time: refused.time,
            error: refused.error.clone(),
        });
        Self {
            name: secret.name.to_string(),
            state: state.into(),
            acked,
            rejected,
            problem: secret.problem.clone(),
        }
    }
}
