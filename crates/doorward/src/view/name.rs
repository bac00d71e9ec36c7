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
    ordered: HashMap<&'a Name, &'a CertificateId>,
    /// `None` where no gateway runs.
    entries: Option<BTreeMap<&'a ServedName, &'a LedgerEntry>>,
}

/// What one list of certificates answers with, and under which ids. Several Secrets may hold the
/// same certificate; a server's is the one that it names.
struct Answers<'a> {
    table: CertificateTable,
    ids: HashMap<Fingerprint, &'a CertificateId>,
}

impl<'a> Answers<'a> {
    fn of(list: &'a CertificateList, table: fn(&CertificateList) -> CertificateTable) -> Self {
        let mut ids = HashMap::new();
        for held in &list.bindings {
            if let Some(certificate) = &held.certificate {
                ids.entry(certificate.fingerprint).or_insert(&held.id);
            }
        }
        Self { table: table(list), ids }
    }
}

impl<'a> Rows<'a> {
    fn new(model: &'a Model, listener: &'a Listener, ledger: Option<&'a [LedgerEntry]>) -> Self {
        let bindings = &listener.certificates.bindings;
        let ordered = match ledger {
            Some(_) => HashMap::new(),
            None => ordered_names(model, bindings),
        };
        let entries =
            ledger.map(|entries| entries.iter().map(|entry| (&entry.name, entry)).collect());
        Self { ordered, entries }
    }

    /// The hosts are those of the routes.
    fn of_routes(&self, listener: &Listener) -> Vec<NameView> {
        let answers = Answers::of(&listener.certificates, CertificateTable::new);
        let hosts: BTreeSet<&Name> =
            listener.routes.rules().iter().flat_map(|rule| &rule.matches.hosts).collect();
        let rows = hosts.into_iter().map(|host| self.of_host(host, &answers));
        rows.chain(self.of_the_rest(&answers)).collect()
    }

    /// The hosts are those of the servers.
    fn of_servers(&self, servers: &[Server]) -> Vec<NameView> {
        let mut rows = BTreeMap::new();
        let nothing = CertificateList::default();
        let mut rest = self.of_the_rest(&Answers::of(&nothing, CertificateTable::new));
        for server in servers {
            let answers = Answers::of(&server.listener.certificates, CertificateTable::of_server);
            let is_passed_on = server.listener.tls.is_none();
            let told = |row: NameView| match is_passed_on {
                true => NameView { found: "PassedOn".into(), ..row },
                false => row,
            };
            for host in &server.hosts {
                rows.entry(host).or_insert_with(|| told(self.of_host(host, &answers)));
            }
            if server.hosts.is_empty() {
                rest = self.of_the_rest(&answers).map(told);
            }
        }
        rows.into_values().chain(rest).collect()
    }

    fn of_host(&self, host: &Name, answers: &Answers<'_>) -> NameView {
        if let Some(id) = self.ordered.get(host) {
            return NameView {
                name: host.to_string(),
                certificate: Some(id.to_string()),
                found: BindingStatus::Pending.to_string(),
                counts: None,
            };
        }
        let counted_as = ServedName::Name(host.as_str().into());
        self.row(host.as_str(), answers, answers.table.choose_for(host), &counted_as)
    }

    fn of_the_rest(&self, answers: &Answers<'_>) -> [NameView; 2] {
        let choice = answers.table.choose(None, |_| true);
        [("(other names)", ServedName::Other), ("(no name)", ServedName::None)]
            .map(|(name, counted_as)| self.row(name, answers, choice, &counted_as))
    }

    fn row(
        &self,
        name: &str,
        answers: &Answers<'_>,
        choice: Choice<'_>,
        counted_as: &ServedName,
    ) -> NameView {
        let chosen = choice.certificate();
        let counts = |entries: &BTreeMap<&ServedName, &LedgerEntry>| {
            entries.get(counted_as).map(|entry| CountsView::from(*entry)).unwrap_or_default()
        };
        NameView {
            name: name.to_owned(),
            certificate: chosen
                .and_then(|chosen| answers.ids.get(&chosen.fingerprint))
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
