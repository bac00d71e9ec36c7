//! Looks at the machines of an inventory every hour: their PKI is no object of the World, so it
//! becomes gauges and verdicts for operators, and nothing that is served depends on it.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use model::{ObjectRef, Reason, Verdict};
use rotate::{
    Inventory, Ssh, discover,
    site::WallClock,
    status::{Certificate, State, Status},
};
use tokio::{sync::watch, time::sleep};
use tracing::{info, warn};

const PAUSE: Duration = Duration::from_secs(60 * 60);
/// Two months, as the vendors of clusters give.
const AHEAD: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Looks until it is dropped.
pub async fn inspect(
    inventory: Inventory,
    looks: watch::Sender<Option<Arc<Status>>>,
    verdicts: watch::Sender<Arc<Vec<Verdict>>>,
) {
    loop {
        match Ssh::new(&inventory) {
            Ok(site) => {
                let facts = discover::gather(&site, &inventory, &WallClock).await;
                let status = Status::of(&facts, AHEAD);
                let found = judge(&inventory.name, &status);
                tell(&inventory.name, &found, &verdicts.borrow());
                looks.send_replace(Some(Arc::new(status)));
                verdicts.send_replace(Arc::new(found));
            }
            Err(error) => {
                warn!(%error, "cannot look at the machines: no folder for ssh's connections");
            }
        }
        sleep(PAUSE).await;
    }
}

/// What is news since the last look.
fn tell(name: &str, found: &[Verdict], before: &[Verdict]) {
    info!(inventory = name, verdicts = found.len(), "looked at the cluster's own PKI");
    for verdict in found.iter().filter(|verdict| !before.contains(verdict)) {
        if verdict.state != model::State::Accepted {
            warn!(inventory = name, reason = %verdict.reason, "{}", verdict.message);
        }
    }
}

/// One verdict for each thing that is wrong or will be; one that all is well, where nothing is.
fn judge(name: &str, status: &Status) -> Vec<Verdict> {
    let object = ObjectRef::cluster("ClusterInventory", name);
    let warning = |reason, text: String| Verdict::warning(object.clone(), reason, text);
    let certificates = status.certificates.iter().filter_map(|row| {
        let text = format!("{}:{}: {}", row.host, row.file.display(), words(row));
        Some(warning(reason(row.state)?, text))
    });
    let authorities = status.authorities.iter().filter_map(|row| {
        let text = format!("the authority {} ends {}", row.name, row.expires);
        Some(warning(reason(row.state)?, text))
    });
    let unreached = status.hosts.iter().filter_map(|host| {
        let why = host.unreached.as_ref()?;
        Some(warning(Reason::PkiInconsistent, format!("{}: not looked at: {why}", host.name)))
    });
    let problems = status.problems.iter().map(|problem| {
        warning(Reason::PkiInconsistent, format!("{}: {}", problem.host, problem.text))
    });
    let all: Vec<Verdict> =
        unreached.chain(problems).chain(authorities).chain(certificates).collect();
    if all.is_empty() { vec![Verdict::accepted(object)] } else { all }
}

fn words(row: &Certificate) -> String {
    let end = row.effective.map(|end| format!("{} ends {end}", row.name));
    let parts: Vec<String> = end.into_iter().chain(row.problem.clone()).collect();
    parts.join("; ")
}

fn reason(state: State) -> Option<Reason> {
    match state {
        State::Ok => None,
        State::Warn | State::Critical => Some(Reason::CertificateExpiring),
        State::NotYetValid => Some(Reason::CertificateNotYetValid),
        State::Expired => Some(Reason::CertificateExpired),
        State::Differs | State::Missing => Some(Reason::PkiInconsistent),
    }
}

#[cfg(test)]
mod tests {
    use rotate::{
        HostName,
        status::{Host, Problem},
    };

    use super::*;

    fn status() -> Status {
        Status {
            at: "2026-11-22T00:00:00Z".parse().unwrap(),
            hosts: vec![Host {
                name: HostName("a".into()),
                unreached: None,
                layout: rotate::inventory::Layout::Ack,
                clock_ahead_seconds: 0,
                found: Vec::new(),
                notes: Vec::new(),
            }],
            certificates: Vec::new(),
            authorities: Vec::new(),
            problems: Vec::new(),
            condition: None,
            is_half_rotated: false,
        }
    }

    #[test]
    fn a_sound_pki_is_accepted() {
        let [verdict] = judge("prod", &status()).try_into().unwrap();
        assert_eq!(verdict.object.to_string(), "ClusterInventory prod");
        assert_eq!(verdict.state, model::State::Accepted);
    }

    #[test]
    fn each_thing_that_is_wrong_is_a_warning_with_its_place() {
        let mut status = status();
        status.hosts[0].unreached = Some("SSH refused".into());
        let problem = Problem { host: HostName("b".into()), text: "etcd does not run".into() };
        status.problems.push(problem);
        let found = judge("prod", &status);
        let texts: Vec<_> = found.iter().map(|verdict| verdict.message.as_str()).collect();
        assert_eq!(texts, ["a: not looked at: SSH refused", "b: etcd does not run"]);
        assert!(found.iter().all(|verdict| verdict.reason == Reason::PkiInconsistent));
    }

    #[test]
    fn an_end_ahead_is_a_reason_of_its_own() {
        assert_eq!(reason(State::Warn), Some(Reason::CertificateExpiring));
        assert_eq!(reason(State::Expired), Some(Reason::CertificateExpired));
        assert_eq!(reason(State::Ok), None);
    }
}
