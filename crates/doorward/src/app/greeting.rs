//! What `run` tells people once it serves: what is where, what is wrong, and a line to try.

use std::{
    fmt::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use model::{BindingStatus, CertificateSource, CertificateTable, Model, Name, State};
use serve::{Served, ServedListener};
use tokio::time::timeout;
use tracing::info;

use super::ground::GroundFacts;
use crate::{
    admin::Sight,
    table::{self, Screen, Table},
};

/// The first certificates of the own CA are there sooner; who waits for another CA is greeted
/// without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is told but does not come from a stage.
pub struct Facts {
    pub ground: GroundFacts,
    /// The settings file in use.
    pub settings: Option<PathBuf>,
    pub default_issuer: Option<String>,
    pub admin: SocketAddr,
    /// Standard error is read by people.
    pub for_people: bool,
}

pub async fn greet(mut sight: Sight, facts: Facts) {
    let nothing_pending = sight.models.wait_for(|model| {
        let mut bindings = model.listeners().flat_map(|listener| &listener.certificates.bindings);
        bindings.all(|held| held.status != BindingStatus::Pending)
    });
    let _ = timeout(PATIENCE, nothing_pending).await.map(drop);
    let model = sight.model();
    let caught_up = sight.served.wait_for(|served| {
        served.generation > 0
            && model.listeners().all(|listener| served.listeners.contains_key(&listener.key))
    });
    let _ = timeout(PATIENCE, caught_up).await.map(drop);

    let served = sight.served();
    let verdicts = sight.verdicts();
    let count = |state| verdicts.iter().filter(|verdict| verdict.state == state).count();
    let (warnings, rejected) = (count(State::Warning), count(State::Rejected));
    if facts.for_people {
        eprint!("{}", text(&facts, &model, &served, warnings, rejected));
    } else {
        info!(listeners = served.listeners.len(), warnings, rejected, "serving");
    }
}

fn text(facts: &Facts, model: &Model, served: &Served, warnings: usize, rejected: usize) -> String {
    let mut text = format!("\nDoorward serves {}\n\n", facts.ground.of);

    let mut listeners =
        Table::new(Screen::plain(), &["  LISTENER", "ADDRESS", "HOSTS"], &["HOSTS"]);
    for (key, listener) in &served.listeners {
        let address = listener.address.map_or("not bound".into(), |address| address.to_string());
        listeners.row([
            format!("  {key} {}", listener.listener.protocol),
            address,
            table::names(&hosts_of(listener)),
        ]);
    }
    if served.listeners.is_empty() {
        text.push_str("  nothing yet: no Ingress asks for a listener\n");
    } else {
        let _ = write!(text, "{listeners}");
    }
    for (key, listener) in &served.listeners {
        if let Some(error) = &listener.error {
            let _ = writeln!(text, "  ! {key}: {error}");
        }
    }

    let mut line = |field: &str, value: String| {
        let _ = writeln!(text, "  {field:<16}{value}");
    };
    line("", String::new());
    line(
        "settings",
        facts.settings.as_ref().map_or("defaults".into(), |file| file.display().to_string()),
    );
    line(
        "default issuer",
        match &facts.default_issuer {
            Some(issuer) => issuer.clone(),
            None => "none: nothing is issued unasked (set `defaultIssuer: local` in doorward.yaml)"
                .into(),
        },
    );
    if let Some(root) = root_of(facts) {
        line("own CA's root", root.display().to_string());
    }
    line("admin API", format!("http://{}", facts.admin));
    line(
        "problems",
        match (warnings, rejected) {
            (0, 0) => "none".into(),
            _ => format!("{rejected} rejected, {warnings} warnings: see `doorward get verdicts`"),
        },
    );
    if let Some(command) = command_to_try(facts, model, served) {
        let _ = writeln!(text, "\nTry:\n  {command}");
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>() + "\n"
}

/// Where the own CA's root lies, once it was made.
fn root_of(facts: &Facts) -> Option<&Path> {
    facts.ground.root.as_deref().filter(|root| root.exists())
}

/// The hosts that the listener routes, and those of its servers, in order.
fn hosts_of(listener: &ServedListener) -> Vec<String> {
    let listener = &listener.listener;
    let rules = listener.routes.rules().iter();
    let hosts: std::collections::BTreeSet<_> = rules
        .flat_map(|rule| &rule.matches.hosts)
        .chain(listener.servers.iter().flat_map(|server| &server.hosts))
        .collect();
    hosts.into_iter().map(ToString::to_string).collect()
}

/// For the first host that a certificate of the own CA answers for.
fn command_to_try(facts: &Facts, model: &Model, served: &Served) -> Option<String> {
    let root = root_of(facts)?;
    let open_to_all = model
        .listeners()
        .filter(|listener| listener.tls.as_ref().is_some_and(|tls| tls.client_auth.is_none()));
    open_to_all.into_iter().find_map(|listener| {
        let address = served.listeners.get(&listener.key)?.address?;
        let certificates = CertificateTable::new(&listener.certificates);
        let is_issued_for = |host: &Name| {
            let chosen = certificates.choose_for(host).certificate();
            let bindings = &listener.certificates.bindings;
            bindings.iter().any(|held| {
                chosen.is_some()
                    && held.source == CertificateSource::Issued
                    && held.certificate.as_ref() == chosen
            })
        };
        let hosts = listener.routes.rules().iter().flat_map(|rule| &rule.matches.hosts);
        let host = hosts.into_iter().find(|host| !host.is_wildcard() && is_issued_for(host))?;
        let (ip, port) = (reachable(address.ip()), address.port());
        Some(format!(
            "curl --cacert {} --resolve {host}:{port}:{ip} https://{host}:{port}/",
            root.display()
        ))
    })
}

/// Where a client on this machine reaches a listener that is bound to `address`.
fn reachable(address: IpAddr) -> IpAddr {
    if address.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address }
}
