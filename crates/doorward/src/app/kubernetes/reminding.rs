//! Events about the cluster's own PKI, on the Nodes that the machines are: `kubectl get events`
//! and what sends Events on tell of it where nobody looks at Doorward.
//!
//! Each state of a machine is one Event, told again when its words change and each day that it
//! lasts. Where all is well nothing is said. A new leader says it once more, as it does not know
//! what is older than Events last.

use std::{collections::BTreeMap, fmt::Display, sync::Arc, time::Duration};

use cluster::{lease::Term, reporter};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use report::NewEvent;
use rotate::{
    HostName,
    status::{Certificate, Kind, State, Status},
};
use tokio::{sync::watch, time::sleep};

/// How long until what could not be written is tried again.
const RETRY: Duration = Duration::from_secs(60);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Tells of each look until the term ends.
pub async fn remind(
    client: Client,
    term: Term,
    instance: Arc<str>,
    mut looks: watch::Receiver<Option<Arc<Status>>>,
) {
    let mut told = Told::default();
    let ended = term.ended();
    loop {
        let look = looks.borrow_and_update().clone();
        let mut is_untold = false;
        let due = look.map(|look| told.due(&look)).unwrap_or_default();
        for (warning, at) in due {
            let event = warning.event(at);
            match reporter::tell(&client, &term, &event, &instance).await {
                true => told.note(warning, at),
                false => is_untold = true,
            }
        }
        tokio::select! {
            () = ended.cancelled() => return,
            () = sleep(RETRY), if is_untold => {}
            Ok(()) = looks.changed() => {}
            // No machines are looked at.
            else => return ended.cancelled().await,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Warning {
    node: HostName,
    reason: &'static str,
    message: String,
}

impl Warning {
    fn event(&self, at: Timestamp) -> NewEvent {
        let day = at.strftime("%Y-%m-%d").to_string();
        NewEvent::of_node(&self.node.0, self.reason, self.message.clone(), &day)
    }
}

/// What was said last of each state, and when.
#[derive(Debug, Default)]
struct Told(BTreeMap<(HostName, &'static str), (String, Timestamp)>);

impl Told {
    fn due(&self, look: &Status) -> Vec<(Warning, Timestamp)> {
        let is_due = |warning: &Warning| {
            let told = self.0.get(&(warning.node.clone(), warning.reason));
            told.is_none_or(|(message, at)| {
                *message != warning.message || at.duration_until(look.at) >= DAY
            })
        };
        warnings(look).into_iter().filter(is_due).map(|warning| (warning, look.at)).collect()
    }

    fn note(&mut self, warning: Warning, at: Timestamp) {
        self.0.insert((warning.node, warning.reason), (warning.message, at));
    }
}

/// At most one for each state of each machine.
fn warnings(look: &Status) -> Vec<Warning> {
    let mut all = Vec::new();
    for host in &look.hosts {
        let rows = |states: &[State]| -> Vec<&Certificate> {
            let of_host = look.certificates.iter().filter(|row| row.host == host.name);
            of_host.filter(|row| states.contains(&row.state)).collect()
        };
        let mut warn = |reason, message: Option<String>| {
            let node = host.name.clone();
            all.extend(message.map(|message| Warning { node, reason, message }));
        };
        warn("PkiNotLookedAt", host.unreached.clone());
        warn("CertificateExpirationWarning", ending(&rows(&[State::Critical]), 14));
        if rows(&[State::Critical]).is_empty() {
            warn("CertificateExpirationWarning", ending(&rows(&[State::Warn]), 60));
        }
        warn("CertificateExpired", first(rows(&[State::Expired]).iter().map(|row| has_ended(row))));
        let early = rows(&[State::NotYetValid]);
        warn("CertificateNotYetValid", first(early.iter().map(|row| is_wrong(row))));
        let wrong = rows(&[State::Differs, State::Missing]);
        let problems = look.problems.iter().filter(|problem| problem.host == host.name);
        let problems = problems.map(|problem| problem.text.clone());
        warn("PkiInconsistent", first(problems.chain(wrong.iter().map(|row| is_wrong(row)))));
    }
    all
}

/// Of certificates that end within so many days, the first one in front.
fn ending(rows: &[&Certificate], days: u32) -> Option<String> {
    let row = rows.first()?;
    let end = row.effective.map(|end| end.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    let others = match rows.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more end"),
    };
    let cure = match row.kind {
        Kind::Loopback => row.problem.as_deref().unwrap_or_default(),
        _ => "doorward pki plan shows what renews them",
    };
    Some(format!(
        "{} ({}) stops working {end}{others} within {days} days; {cure}",
        row.name,
        row.place()
    ))
}

fn has_ended(row: &Certificate) -> String {
    let end = row.effective.map(|end| format!(" since {end}")).unwrap_or_default();
    format!("{} ({}) has stopped working{end}", row.name, row.place())
}

fn is_wrong(row: &Certificate) -> String {
    format!("{}: {}", row.place(), row.problem.as_deref().unwrap_or("it does not fit"))
}

/// The first, and how many more there are.
fn first<T: Display>(texts: impl Iterator<Item = T>) -> Option<String> {
    let mut texts = texts;
    let first = texts.next()?;
    Some(match texts.count() {
        0 => format!("{first}; doorward pki status shows all"),
        more => format!("{first}; and {more} more, which doorward pki status shows"),
    })
}

#[cfg(test)]
mod tests;
