//! What each host of a listener is answered with.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use model::{
    Binding, BindingStatus, CertificateId, CertificateList, CertificateTable, Choice, Fingerprint,
    Listener, Model, Name, Server,
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
    /// How it was found: `Exact`, `Wildcard`, `Assigned`, `Default` or `Nothing`; `PassedOn` where
    /// a backend answers with its own. Where no gateway runs,
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
    let rows = Rows::new(model, listener, ledger);
    match listener.servers.as_slice() {
        [] => rows.of_routes(listener),
        servers => rows.of_servers(servers),
    }
}

/// What the rows of one listener are made with.
struct Rows<'a> {
    ids: HashMap<Fingerprint, &'a CertificateId>,
    ordered: HashMap<&'a Name, &'a CertificateId>,
    /// `None` where no gateway runs.
    entries: Option<BTreeMap<&'a ServedName, &'a LedgerEntry>>,
}

impl<'a> Rows<'a> {
    fn new(model: &'a Model, listener: &'a Listener, ledger: Option<&'a [LedgerEntry]>) -> Self {
        let bindings = &listener.certificates.bindings;
        let ids = bindings
            .iter()
            .filter_map(|held| Some((held.certificate.as_ref()?.fingerprint, &held.id)))
            .collect();
        let ordered = match ledger {
            Some(_) => HashMap::new(),
            None => ordered_names(model, bindings),
        };
        let entries =
            ledger.map(|entries| entries.iter().map(|entry| (&entry.name, entry)).collect());
        Self { ids, ordered, entries }
    }

    /// The hosts are those of the routes.
    fn of_routes(&self, listener: &Listener) -> Vec<NameView> {
        let table = CertificateTable::new(&listener.certificates);
        let hosts: BTreeSet<&Name> =
            listener.routes.rules().iter().flat_map(|rule| &rule.matches.hosts).collect();
        let rows = hosts.into_iter().map(|host| self.of_host(host, &table));
        rows.chain(self.of_the_rest(&table)).collect()
    }

    /// The hosts are those of the servers.
    fn of_servers(&self, servers: &[Server]) -> Vec<NameView> {
        let mut rows = BTreeMap::new();
        let mut rest = self.of_the_rest(&CertificateTable::new(&CertificateList::default()));
        for server in servers {
            let table = CertificateTable::of_server(&server.listener.certificates);
            let is_passed_on = server.listener.tls.is_none();
            let told = |row: NameView| match is_passed_on {
                true => NameView { found: "PassedOn".into(), ..row },
                false => row,
            };
            for host in &server.hosts {
                rows.entry(host).or_insert_with(|| told(self.of_host(host, &table)));
            }
            if server.hosts.is_empty() {
                rest = self.of_the_rest(&table).map(told);
            }
        }
        rows.into_values().chain(rest).collect()
    }

    fn of_host(&self, host: &Name, table: &CertificateTable) -> NameView {
        if let Some(id) = self.ordered.get(host) {
            return NameView {
                name: host.to_string(),
                certificate: Some(id.to_string()),
                found: BindingStatus::Pending.to_string(),
                counts: None,
            };
        }
        let counted_as = ServedName::Name(host.as_str().into());
        self.row(host.as_str(), table.choose_for(host), &counted_as)
    }

    fn of_the_rest(&self, table: &CertificateTable) -> [NameView; 2] {
        let choice = table.choose(None, |_| true);
        [("(other names)", ServedName::Other), ("(no name)", ServedName::None)]
            .map(|(name, counted_as)| self.row(name, choice, &counted_as))
    }

    fn row(&self, name: &str, choice: Choice<'_>, counted_as: &ServedName) -> NameView {
        let chosen = choice.certificate();
        let counts = |entries: &BTreeMap<&ServedName, &LedgerEntry>| {
            entries.get(counted_as).map(|entry| CountsView::from(*entry)).unwrap_or_default()
        };
        NameView {
            name: name.to_owned(),
            certificate: chosen
                .and_then(|chosen| self.ids.get(&chosen.fingerprint))
                .map(ToString::to_string),
            found: word_of(choice).into(),
            counts: self.entries.as_ref().map(counts),
        }
    }
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
