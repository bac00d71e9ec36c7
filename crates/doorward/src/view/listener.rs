//! A listener as the API shows it.

use std::{collections::HashSet, iter};

use jiff::Timestamp;
use model::{Binding, Listener, LoadBalancer, Model, ObjectRef, State, Verdict};
use serde::{Deserialize, Serialize};
use serve::{LedgerEntry, ServedListener};

use super::{
    ServerView, VerdictView,
    name::{NameView, names_of},
};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerView {
    pub load_balancer: String,
    pub port: u16,
    pub protocol: String,
    /// Where it is bound on this machine.
    pub address: String,
    pub dialect: String,
    pub certificates: Vec<BindingView>,
    /// Warnings and rejections of the objects behind this listener.
    pub problems: Vec<VerdictView>,
    /// The object that declares it, of which a load balancer may have several; only where one
    /// listener is shown in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_by: Option<String>,
    /// Those that share its port; only where one listener is shown in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerView>,
    /// What each name is answered with; only where one listener is shown in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<NameView>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingView {
    pub id: String,
    #[serde(rename = "default")]
    pub is_default: bool,
    pub source: String,
    pub names: Vec<String>,
    /// `None` while there is no certificate in hand.
    pub fingerprint: Option<String>,
    pub not_after: Option<Timestamp>,
    pub status: String,
}

impl ListenerView {
    /// All listeners of a Model as such: where nothing runs, and of no object's problems.
    pub fn all(model: &Model) -> Vec<Self> {
        let of = |balancer: &'_ LoadBalancer| {
            let listeners = balancer.listeners.iter();
            listeners.map(|listener| Self::new(model, balancer, listener, &[], None)).collect()
        };
        model.load_balancers.iter().flat_map(|balancer| -> Vec<Self> { of(balancer) }).collect()
    }

    /// `served` is what the gateway made of it; `None` where no gateway runs.
    pub fn new(
        model: &Model,
        balancer: &LoadBalancer,
        listener: &Listener,
        verdicts: &[Verdict],
        served: Option<&ServedListener>,
    ) -> Self {
        let address = served.and_then(|served| served.address).unwrap_or(listener.address);
        let mut problems = problems_of(listener, verdicts);
        problems.extend(served.into_iter().flat_map(refusals));
        Self {
            load_balancer: listener.key.load_balancer.to_string(),
            port: listener.key.port,
            protocol: listener.protocol.to_string(),
            address: address.to_string(),
            dialect: balancer.dialect.to_string(),
            certificates: listener
                .certificates
                .bindings
                .iter()
                .map(|binding| BindingView::new(model, binding))
                .collect(),
            problems,
            declared_by: None,
            servers: Vec::new(),
            served: Vec::new(),
        }
    }

    /// Adds who declares the listener, and what each host of it is answered with.
    #[must_use]
    pub fn in_full(
        mut self,
        model: &Model,
        listener: &Listener,
        ledger: Option<&[LedgerEntry]>,
    ) -> Self {
        self.declared_by = Some(listener.declared_by.to_string());
        self.servers = listener.servers.iter().map(ServerView::from).collect();
        if listener.tls.is_some() || !listener.servers.is_empty() {
            self.served = names_of(model, listener, ledger);
        }
        self
    }

    /// `edge-lb:443`, or `edge-lb:443/QUIC`.
    pub fn key(&self) -> String {
        let suffix = if self.protocol == "QUIC" { "/QUIC" } else { "" };
        format!("{}:{}{suffix}", self.load_balancer, self.port)
    }
}

fn problems_of(listener: &Listener, verdicts: &[Verdict]) -> Vec<VerdictView> {
    let parts = iter::once(listener).chain(listener.servers.iter().map(|server| &*server.listener));
    let involved: HashSet<&ObjectRef> = parts
        .flat_map(|part| {
            part.routes.rules().iter().map(|rule| &rule.origin).chain([&part.declared_by])
        })
        .collect();
    verdicts
        .iter()
        .filter(|verdict| verdict.state != State::Accepted && involved.contains(&verdict.object))
        .map(VerdictView::from)
        .collect()
}

/// What the gateway could not do as the Model says.
fn refusals(served: &ServedListener) -> impl Iterator<Item = VerdictView> {
    let refusal = |reason: &str, message: String| VerdictView {
        object: served.listener.declared_by.to_string(),
        dialect: None,
        state: State::Rejected.to_string(),
        reason: reason.into(),
        message,
        field: None,
        origin: None,
    };
    let unbound = served.error.as_ref().map(|error| refusal("NotServed", error.clone()));
    let rejected = served.rejected.iter().map(move |rejected| {
        refusal("CertificateNotServed", format!("certificate {}: {}", rejected.id, rejected.reason))
    });
    unbound.into_iter().chain(rejected)
}

impl BindingView {
    fn new(model: &Model, binding: &Binding) -> Self {
        let certificate = binding.certificate.as_deref();
        let names = match certificate {
            Some(certificate) => certificate.names.as_slice(),
            None => model
                .wants
                .iter()
                .find(|want| want.id == binding.id)
                .map(|want| want.names.as_slice())
                .unwrap_or_default(),
        };
        Self {
            id: binding.id.to_string(),
            is_default: binding.is_default,
            source: binding.source.to_string(),
            names: names.iter().map(ToString::to_string).collect(),
            fingerprint: certificate.map(|certificate| certificate.fingerprint.to_string()),
            not_after: certificate.map(|certificate| certificate.not_after),
            status: binding.status.to_string(),
        }
    }
}
