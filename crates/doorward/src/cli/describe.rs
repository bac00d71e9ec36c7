//! `doorward describe`: one thing in full.

mod order;

use std::fmt::Write;

use anyhow::Result;
use jiff::Timestamp;

use super::{
    client::Client,
    get::{binding_table, verdicts},
    show,
};
use crate::{
    args::{Describe, Output},
    table::{self, Screen, Table},
    view::{CertificateView, ListenerView, LoadBalancerView, NameView, OrderView, ServerView},
};

pub fn describe(what: &Describe) -> Result<()> {
    match what {
        Describe::Listener { listener, remote } => {
            let path = listener_path(&listener.to_string());
            show(&Client::new(remote)?.get(&path)?, remote.output.output, self::listener)
        }
        Describe::Certificate { id, remote } => {
            certificate(&Client::new(remote)?, id, remote.output.output)
        }
        Describe::Loadbalancer { name, remote } => {
            let answer = Client::new(remote)?.get(&format!("/api/v1/loadbalancers/{name}"))?;
            show(&answer, remote.output.output, balancer)
        }
        Describe::Order { id, remote } => {
            let answer = Client::new(remote)?.get(&format!("/api/v1/orders/{id}"))?;
            show(&answer, remote.output.output, |found: OrderView, _| {
                order::text(&found, Timestamp::now())
            })
        }
    }
}

/// `edge-lb:443/QUIC` is one segment of a path.
pub fn listener_path(key: &str) -> String {
    format!("/api/v1/listeners/{}", key.replace('/', "%2F"))
}

pub fn certificate(client: &Client, id: &str, output: Output) -> Result<()> {
    show(&client.get(&format!("/api/v1/certificates/{id}"))?, output, certificate_text)
}

pub fn listener(found: ListenerView, screen: Screen) -> String {
    let mut text = String::new();
    let mut line = |field: &str, value: &str| put(&mut text, field, value);
    line("Listener", &found.key());
    line("Protocol", &found.protocol);
    line("Address", &found.address);
    line("Dialect", &found.dialect);
    line("Declared by", found.declared_by.as_deref().unwrap_or_default());
    if !found.certificates.is_empty() {
        let _ = write!(text, "\n{}", binding_table(&found.certificates, screen));
    }
    if !found.servers.is_empty() {
        let _ = write!(text, "\n{}", server_table(&found.servers, screen));
    }
    if !found.served.is_empty() {
        let _ = write!(text, "\n{}", name_table(&found.served, screen));
    }
    if !found.problems.is_empty() {
        let _ = write!(text, "\n{}", verdicts(&found.problems, screen));
    }
    text
}

/// Also what `check` prints.
pub fn server_table(servers: &[ServerView], screen: Screen) -> Table {
    let header = ["SERVER", "MODE", "CERTIFICATES", "CLIENT CA", "HOSTS"];
    let mut table = Table::new(screen, &header, &["CERTIFICATES", "CLIENT CA", "HOSTS"]);
    for server in servers {
        let certificates: Vec<_> = server
            .certificates
            .iter()
            .map(|held| match held.state.as_str() {
                "Served" => held.id.clone(),
                state => format!("{} ({})", held.id, state.to_lowercase()),
            })
            .collect();
        table.row([
            server.name.clone(),
            server.mode.clone(),
            or_dash(&certificates),
            or_dash(&server.client_ca),
            table::names(&server.hosts),
        ]);
    }
    table
}

fn or_dash(names: &[String]) -> String {
    if names.is_empty() { "-".into() } else { table::names(names) }
}

/// Which certificate answers for each host; also what `check` prints.
pub fn name_table(served: &[NameView], screen: Screen) -> Table {
    let counted = served.iter().any(|name| name.counts.is_some());
    let mut header = vec!["HOST", "CERTIFICATE", "FOUND"];
    if counted {
        header.extend(["HANDSHAKES", "BY DEFAULT", "REFUSED", "SINCE"]);
    }
    let mut table = Table::new(screen, &header, &["CERTIFICATE"]);
    for name in served {
        let mut cells = vec![
            name.name.clone(),
            name.certificate.clone().unwrap_or_else(|| "-".into()),
            name.found.clone(),
        ];
        if let Some(counts) = &name.counts {
            cells.extend(
                [counts.handshakes, counts.fallbacks, counts.refused].map(|n| n.to_string()),
            );
            cells.push(counts.since.map_or("-".into(), table::moment));
        }
        table.row(cells);
    }
    table
}

fn certificate_text(found: CertificateView, _: Screen) -> String {
    let now = Timestamp::now();
    let mut text = String::new();
    let mut line = |field: &str, value: &str| put(&mut text, field, value);
    line("Certificate", &found.id);
    line("Kind", &found.kind);
    line("Status", &found.status);
    if let Some(problem) = &found.problem {
        line("Problem", problem);
    }
    if let Some(facts) = &found.facts {
        line("Names", &facts.names.join(" "));
        line("Valid from", &table::day(facts.not_before, now));
        line("Valid until", &table::day(facts.not_after, now));
        line("Key", &facts.key_algorithm);
        line("Subject", &facts.subject);
        line("Issuer", &facts.issuer);
        line("Serial", &facts.serial);
        line("Fingerprint", &facts.fingerprint);
    }
    if let Some(name) = &found.issued_as {
        line("Issued as", name);
    }
    line("Object", &found.object);
    if let Some(origin) = &found.origin {
        line("Written in", origin);
    }
    let uses: Vec<_> = found
        .listeners
        .iter()
        .map(|used| {
            format!(
                "{} ({}{})",
                used.listener,
                used.source,
                if used.is_default { ", Default" } else { "" }
            )
        })
        .collect();
    let uses: Vec<_> = uses.into_iter().chain(found.attached_to).collect();
    line("Used by", if uses.is_empty() { "no listener" } else { "" });
    for used in uses {
        let _ = writeln!(text, "  {used}");
    }
    text
}

fn balancer(found: LoadBalancerView, screen: Screen) -> String {
    let mut text = String::new();
    let mut line = |field: &str, value: &str| put(&mut text, field, value);
    line("Load balancer", &found.name);
    line("Dialect", &found.dialect);
    line("Declared by", &found.declared_by);
    line("Read-only", if found.read_only { "on" } else { "off" });
    let mut table = Table::new(screen, &["PORT", "PROTOCOL", "ADDRESS", "DECLARED BY"], &[]);
    for listener in found.listeners {
        table.row([
            listener.port.to_string(),
            listener.protocol,
            listener.address,
            listener.declared_by,
        ]);
    }
    let _ = write!(text, "\n{table}");
    text
}

fn put(text: &mut String, field: &str, value: &str) {
    // Writing to a String cannot fail.
    let line = format!("{:<15}{value}", format!("{field}:"));
    let _ = writeln!(text, "{}", line.trim_end());
}
