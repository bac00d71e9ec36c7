//! One of the servers that share a listener's port, as the API shows it.

use model::{Binding, BindingStatus, ClientDemand, Server};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerView {
    /// `NAMESPACE/GATEWAY/PORT`.
    pub name: String,
    /// What clients ask for to get here; `*` where any name, or none, will do.
    pub hosts: Vec<String>,
    /// As Istio calls it: `SIMPLE`, `MUTUAL`, `OPTIONAL_MUTUAL` or `PASSTHROUGH`.
    pub mode: String,
    pub certificates: Vec<ServerCertificateView>,
    /// What client certificates are checked against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_ca: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerCertificateView {
    pub id: String,
    /// `Served`; `Kept`: its Secret is gone or bad, and the last good one is served on; `Missing`:
    /// there is none to serve.
    pub state: String,
}

impl From<&Server> for ServerView {
    fn from(server: &Server) -> Self {
        let hosts = match server.hosts.as_slice() {
            [] => vec!["*".to_owned()],
            hosts => hosts.iter().map(ToString::to_string).collect(),
        };
        let tls = server.listener.tls.as_ref();
        let client_auth = tls.and_then(|tls| tls.client_auth.as_deref());
        let mode = match (tls, client_auth.map(|auth| auth.demand)) {
            (None, _) => "PASSTHROUGH",
            (Some(_), None) => "SIMPLE",
            (Some(_), Some(ClientDemand::Required)) => "MUTUAL",
            (Some(_), Some(ClientDemand::Optional)) => "OPTIONAL_MUTUAL",
        };
        let ids = client_auth.map(|auth| auth.ids.as_slice()).unwrap_or_default();
        let bindings = &server.listener.certificates.bindings;
        Self {
            name: server.name.to_string(),
            hosts,
            mode: mode.into(),
            certificates: bindings.iter().map(ServerCertificateView::from).collect(),
            client_ca: ids.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Binding> for ServerCertificateView {
    fn from(binding: &Binding) -> Self {
        let state = match (&binding.certificate, binding.status) {
            (None, _) => "Missing",
            (Some(_), BindingStatus::Rejected) => "Kept",
            (Some(_), _) => "Served",
        };
        Self { id: binding.id.to_string(), state: state.into() }
    }
}

#[cfg(test)]
mod tests;
