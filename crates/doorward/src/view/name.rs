//! What each host of a listener is answered with.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use model::{
    Binding, BindingStatus, CertificateId, CertificateTable, Choice, Fingerprint, Listener, Model,
    Name,
};
use serde::{Deserialize, Serialize};
use serve::{LedgerEntry, ServedName};

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

/// In order of the hosts; `ledger` is what a running gateway counted.
pub fn names_of(
    model: &Model,
    listener: &Listener,
    ledger: Option<&[LedgerEntry]>,
) -> Vec<NameView> {
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
        Choice::Assigned(_) => "Assigned",
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

#[cfg(test)]
mod tests;
