//! Looks at the machines of an inventory every hour: their PKI is no object of the World, so it
//! becomes gauges and verdicts for operators, and nothing that is served depends on it.
//!
//! The inventory is looked at more often, and acted upon when it has changed. One that cannot be
//! read is told of, and the one before it stays.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::SignedDuration;
use model::{ObjectRef, Reason, Verdict};
use rotate::{
    Inventory, Ssh, discover,
    site::WallClock,
    status::{Certificate, State, Status},
};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep},
};
use tracing::{info, warn};

use crate::config;

const PAUSE: Duration = Duration::from_secs(60 * 60);
/// Between two looks at the inventory's file, which cost nothing.
const GLANCE: Duration = Duration::from_secs(5);
/// Two months, as the vendors of clusters give.
const AHEAD: SignedDuration = SignedDuration::from_hours(60 * 24);

/// What the file holds, or why it cannot be used.
type ReadInventory = Result<Inventory, String>;

/// Looks until it is dropped.
pub async fn inspect(
    file: PathBuf,
    looks: watch::Sender<Option<Arc<Status>>>,
    verdicts: watch::Sender<Arc<Vec<Verdict>>>,
) {
    let mut last_good = None;
    let mut read = inventory(&file).await;
    loop {
        let mut found = Vec::new();
        match &read {
            Ok(inventory) => last_good = Some(inventory.clone()),
            Err(why) => found.push(unreadable(&file, why, last_good.as_ref())),
        }
        if let Some(inventory) = &last_good
            && let Some(status) = look(inventory).await
        {
            found.extend(judge(&inventory.name, &status));
            looks.send_replace(Some(Arc::new(status)));
        }
        tell(&file, &found, &verdicts.borrow());
        verdicts.send_replace(Arc::new(found));
        read = changed(&file, read).await;
    }
}

async fn look(inventory: &Inventory) -> Option<Status> {
    match Ssh::new(inventory) {
        Ok(site) => {
            let facts = discover::gather(&site, inventory, &WallClock).await;
            Some(Status::of(&facts, AHEAD))
        }
        Err(error) => {
            warn!(%error, "cannot look at the machines: no folder for ssh's connections");
            None
        }
    }
}

/// What the file holds when the next look is due: after an hour, or as soon as it is another.
async fn changed(file: &Path, before: ReadInventory) -> ReadInventory {
    let due = Instant::now() + PAUSE;
    loop {
        sleep(GLANCE).await;
        let now = inventory(file).await;
        if now != before || Instant::now() >= due {
            return now;
        }
    }
}

/// Apart from the other stages: a file server may hang.
async fn inventory(file: &Path) -> ReadInventory {
    let file = file.to_owned();
    let read = spawn_blocking(move || {
        config::inventory(&file, "--pki-inventory").map_err(|error| format!("{error:#}"))
    });
    read.await.unwrap_or_else(|error| Err(error.to_string()))
}

fn unreadable(file: &Path, why: &str, last_good: Option<&Inventory>) -> Verdict {
    let stays = match last_good {
        Some(inventory) => format!("; the inventory {} that it held before stays", inventory.name),
        None => "; no machine is looked at".to_owned(),
    };
    let object = ObjectRef::cluster("ClusterInventory", &file.display().to_string());
    Verdict::rejected(object, Reason::InvalidField, format!("{why}{stays}"))
}

/// What is news since the last look.
fn tell(file: &Path, found: &[Verdict], before: &[Verdict]) {
    let inventory = file.display();
    info!(%inventory, verdicts = found.len(), "looked at the cluster's own PKI");
    for verdict in found.iter().filter(|verdict| !before.contains(verdict)) {
        if verdict.state != model::State::Accepted {
            warn!(%inventory, reason = %verdict.reason, "{}", verdict.message);
        }
    }
}

/// One verdict for each thing that is wrong or will be; one that all is well, where nothing is.
fn judge(name: &str, status: &Status) -> Vec<Verdict> {
    let object = ObjectRef::cluster("ClusterInventory", name);
    let warning = |reason, text: String| Verdict::warning(object.clone(), reason, text);
    let certificates = status.certificates.iter().filter_map(|row| {
        let text = format!("{}:{}: {}", row.host, row.place(), words(row));
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
