//! A listener as the API shows it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use model::{
    Binding, BindingStatus, CertificateId, CertificateTable, Choice, Fingerprint, Listener,
    LoadBalancer, Model, Name, ObjectRef, State, Verdict,
};
use serde::{Deserialize, Serialize};
use serve::{LedgerEntry, ServedListener, ServedName};

use super::VerdictView;

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

/// One host of a listener and the certificate that answers for it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NameView {
    /// A host; or `(other names)`, `(no name)` for clients that asked for no host of it.
    pub name: String,
    /// `None`: the handshake is refused with `unrecognized_name`.
    pub certificate: Option<String>,
    /// How it was found: `Exact`, `Wildcard`, `Default` or `Nothing`. Where no gateway runs,
    /// `Pending` stands for a certificate that an issuer would make.
    pub found: String,
    /// What clients really got; only of a running gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsView>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CountsView {
    pub handshakes: u64,
    /// Of these, how many the Default stood in for.
    pub fallbacks: u64,
    pub refused: u64,
    /// What was served last.
    pub fingerprint: Option<String>,
    pub since: Option<Timestamp>,
}

impl ListenerView {
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
            served: Vec::new(),
        }
    }

    /// Adds what each host of the listener is answered with.
    #[must_use]
    pub fn with_names(
        mut self,
        model: &Model,
        listener: &Listener,
        ledger: Option<&[LedgerEntry]>,
    ) -> Self {
        if listener.tls.is_some() {
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
    let involved: HashSet<&ObjectRef> = listener
        .routes
        .rules()
        .iter()
        .map(|rule| &rule.origin)
        .chain([&listener.declared_by])
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

fn names_of(model: &Model, listener: &Listener, ledger: Option<&[LedgerEntry]>) -> Vec<NameView> {
    let table = CertificateTable::new(&listener.certificates);
    let bindings = &listener.certificates.bindings;
    let ids: HashMap<Fingerprint, &CertificateId> = bindings
        .iter()
        .filter_map(|held| Some((held.certificate.as_ref()?.fingerprint, &held.id)))
        .collect();
    let ordered = match ledger {
        Some(_) => HashMap::new(),
        None => ordered_names(model, bindings),
    };
    let entries: BTreeMap<&ServedName, &LedgerEntry> =
        ledger.into_iter().flatten().map(|entry| (&entry.name, entry)).collect();
    let row = |name: String, choice: Choice<'_>, counted_as: ServedName| NameView {
        name,
        certificate: choice
            .certificate()
            .and_then(|chosen| ids.get(&chosen.fingerprint))
            .map(ToString::to_string),
        found: word_of(choice).into(),
        counts: ledger.map(|_| {
            entries.get(&counted_as).map(|entry| CountsView::from(*entry)).unwrap_or_default()
        }),
    };

    let hosts: BTreeSet<&Name> =
        listener.routes.rules().iter().flat_map(|rule| &rule.matches.hosts).collect();
    let mut rows: Vec<_> = hosts
        .into_iter()
        .map(|host| match ordered.get(host) {
            Some(id) => NameView {
                name: host.to_string(),
                certificate: Some(id.to_string()),
                found: BindingStatus::Pending.to_string(),
                counts: None,
            },
            None => {
                let counted_as = ServedName::Name(host.as_str().into());
                row(host.to_string(), table.choose_for(host), counted_as)
            }
        })
        .collect();
    for (name, counted_as) in
        [("(other names)", ServedName::Other), ("(no name)", ServedName::None)]
    {
        rows.push(row(name.into(), table.choose(None, |_| true), counted_as));
    }
    rows
}

/// The names that an issuer was asked for and has not delivered.
fn ordered_names<'a>(
    model: &'a Model,
    bindings: &[Binding],
) -> HashMap<&'a Name, &'a CertificateId> {
    let pending: HashSet<&CertificateId> = bindings
        .iter()
        .filter(|held| held.status == BindingStatus::Pending)
        .map(|held| &held.id)
        .collect();
    let wants = model.wants.iter().filter(|want| pending.contains(&want.id));
    wants.flat_map(|want| want.names.iter().map(|name| (name, &want.id))).collect()
}

fn word_of(choice: Choice<'_>) -> &'static str {
    match choice {
        Choice::Exact(_) => "Exact",
        Choice::Wildcard(_) => "Wildcard",
        Choice::Default(_) => "Default",
        Choice::Nothing => "Nothing",
    }
}

impl From<&LedgerEntry> for CountsView {
    fn from(entry: &LedgerEntry) -> Self {
        Self {
            handshakes: entry.handshakes,
            fallbacks: entry.fallbacks,
            refused: entry.refused,
            fingerprint: entry.certificate.map(|(fingerprint, _)| fingerprint.to_string()),
            since: entry.certificate.map(|(_, since)| since),
        }
    }
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
