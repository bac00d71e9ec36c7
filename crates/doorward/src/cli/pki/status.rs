//! `doorward pki status`: one table over all masters, and what monitors go by.

use std::{collections::BTreeMap, fmt::Write};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use prometheus_client::{encoding::text::encode, registry::Registry};
use rotate::{
    HostName, Inventory, Purpose,
    status::{Authority, Certificate, Host, Kind, Served, State, Status},
};
use tokio::sync::watch;

use super::look;
use crate::{
    args::{PkiOutput, PkiStatusArgs},
    cli::{print, print_json},
    metrics::PkiMetrics,
    table::{Screen, Table},
};

pub fn status(args: &PkiStatusArgs, inventory: &Inventory) -> Result<u8> {
    let within = within(args.expiring_within, Timestamp::now())?;
    let facts = look::gather(inventory)?;
    let status = Status::of(&facts, within);
    match args.output {
        PkiOutput::Json => print_json(&status)?,
        PkiOutput::Prometheus => print(&prometheus(&status)?)?,
        PkiOutput::Table => print(&text(&status, Screen::of_stdout()))?,
    }
    Ok(status.exit_code())
}

/// Months and years count from today.
fn within(asked: Span, now: Timestamp) -> Result<SignedDuration> {
    const SHAPE: &str = "--expiring-within: write a time like 60d, 8w or 1y";
    ensure!(!asked.is_negative(), SHAPE);
    asked.to_duration(&now.to_zoned(TimeZone::UTC)).context(SHAPE)
}

fn prometheus(status: &Status) -> Result<String> {
    let mut registry = Registry::default();
    let (_, seen) = watch::channel(Some(status.clone().into()));
    PkiMetrics::register(&mut registry, seen);
    let mut text = String::new();
    encode(&mut text, &registry).context("cannot write the metrics")?;
    Ok(text)
}

pub fn text(status: &Status, screen: Screen) -> String {
    let mut text = String::new();
    for host in &status.hosts {
        text.push_str(&host_line(host));
    }
    if !status.certificates.is_empty() {
        let _ = write!(text, "\n{}", certificates(&status.certificates, status.at, screen));
    }
    if !status.authorities.is_empty() {
        let _ = write!(text, "\n{}", authorities(status, screen));
    }
    let mut below = outlived(status);
    below.extend(wrong_files(status));
    below.extend(troubles(status));
    text.push_str(&paragraph(&below));
    text
}

/// Lines below a table; nothing where there are none.
pub fn paragraph(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join("\n")) }
}

/// What tells why EFFECTIVE is not what the file says, once for each authority.
fn outlived(status: &Status) -> Vec<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for row in status.certificates.iter().filter(|row| row.outlives_its_authority()) {
        *counts.entry(row.authority.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let lines = counts.into_iter().map(|(authority, count)| {
        format!(
            "{authority} ends before {count} of the certificates that hang on it: EFFECTIVE is when they stop working"
        )
    });
    lines.collect()
}

fn wrong_files(status: &Status) -> Vec<String> {
    let is_told_above = |row: &&Certificate| {
        matches!(row.state, State::Ok | State::Warn | State::Critical | State::Expired)
            && row.outlives_its_authority()
    };
    let lines = status.certificates.iter().filter(|row| !is_told_above(row)).filter_map(|row| {
        let problem = row.problem.as_ref()?;
        Some(format!("{}:{}: {problem}", row.host, row.place()))
    });
    lines.collect()
}

/// What is wrong beside the files, a line each.
pub fn troubles(status: &Status) -> Vec<String> {
    let notes =
        status.hosts.iter().flat_map(|host| host.notes.iter().map(move |note| (&host.name, note)));
    let problems = status.problems.iter().map(|problem| (&problem.host, &problem.text));
    let lines = problems.chain(notes).map(|(host, line)| format!("{host}: {line}"));
    lines.chain(status.condition.clone()).collect()
}

/// `master-1 (ack): etcd from the unit etcd.service`.
fn host_line(host: &Host) -> String {
    if let Some(why) = &host.unreached {
        return format!("{}: not looked at: {why}\n", host.name);
    }
    let layout = format!("{:?}", host.layout).to_lowercase();
    let skew = match host.clock_ahead_seconds {
        -5..=5 => String::new(),
        ahead if ahead < 0 => format!("; its clock is {} s behind", -ahead),
        ahead => format!("; its clock is {ahead} s ahead"),
    };
    format!("{} ({layout}): {}{skew}\n", host.name, host.found.join("; "))
}

fn certificates(rows: &[Certificate], now: Timestamp, screen: Screen) -> Table {
    let header = [
        "HOST",
        "CERTIFICATE",
        "FOR",
        "EXPIRES",
        "EFFECTIVE",
        "LEFT",
        "AUTHORITY",
        "SERVED",
        "STATUS",
        "FILE",
    ];
    let mut table = Table::new(screen, &header, &["CERTIFICATE"]).yielding(&[
        "FILE",
        "EXPIRES",
        "AUTHORITY",
        "FOR",
    ]);
    for row in rows {
        let authority = match (&row.authority, row.authority_years) {
            (Some(name), Some(years)) => format!("{name} ({years}y)"),
            _ => "-".to_owned(),
        };
        table.row([
            row.host.to_string(),
            row.name.clone(),
            used_for(row).to_owned(),
            row.expires.map_or("!MISSING!".into(), day),
            row.effective.map_or("-".into(), day),
            row.effective.map_or("-".into(), |end| left(end, now)),
            authority,
            served(row),
            state(row.state).to_owned(),
            place(row),
        ]);
    }
    table
}

fn authorities(status: &Status, screen: Screen) -> Table {
    let header = ["AUTHORITY", "EXPIRES", "LEFT", "KEY ON", "TRUSTED BY (RUNNING)", "STATUS"];
    let mut table = Table::new(screen, &header, &["KEY ON", "TRUSTED BY (RUNNING)"]);
    for row in &status.authorities {
        table.row([
            row.name.clone(),
            day(row.expires),
            left(row.expires, status.at),
            hosts(row.key_on.iter().collect(), status),
            trusters(row, status),
            worth(row, status.at).to_owned(),
        ]);
    }
    table
}

/// One that has ended and is well has nobody who would miss it.
fn worth(row: &Authority, now: Timestamp) -> &'static str {
    match row.state {
        State::Ok if !row.is_trusted || row.expires <= now => "unused",
        kind => state(kind),
    }
}

/// `etcd on all 3, kube-apiserver on master-1`.
fn trusters(row: &Authority, status: &Status) -> String {
    let mut programs = BTreeMap::<_, Vec<_>>::new();
    for by in &row.trusted_by {
        programs.entry(by.program).or_default().push(&by.host);
    }
    let on =
        programs.into_iter().map(|(program, of)| format!("{program} on {}", hosts(of, status)));
    let all = on.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "-".to_owned() } else { all }
}

/// `master-1 master-2`, or `all 3`.
fn hosts(some: Vec<&HostName>, status: &Status) -> String {
    match some.len() {
        0 => "-".to_owned(),
        all if all > 1 && all == status.hosts.len() => format!("all {all}"),
        _ => some.iter().map(|host| host.0.as_str()).collect::<Vec<_>>().join(" "),
    }
}

fn place(row: &Certificate) -> String {
    match row.kind {
        Kind::Loopback => "(in memory, a restart makes another)".to_owned(),
        _ => row.place().into_owned(),
    }
}

fn used_for(row: &Certificate) -> &'static str {
    let (purpose, is_copy) = match row.kind {
        Kind::Kubeconfig => return "kubeconfig",
        Kind::Loopback => return "apiserver to itself",
        Kind::Program(purpose) => (purpose, false),
        Kind::Copy(purpose) => (purpose, true),
    };
    match purpose {
        Purpose::EtcdClient => "etcd's clients",
        _ if is_copy => "nobody (copy)",
        Purpose::EtcdServer => "etcd",
        Purpose::EtcdPeer => "etcd's peers",
        Purpose::ApiserverEtcd => "apiserver to etcd",
        Purpose::ApiserverServing => "apiserver",
        Purpose::ApiserverClients => "apiserver's clients",
        Purpose::ApiserverKubelet => "apiserver to kubelets",
        Purpose::FrontProxy => "front proxy",
        Purpose::KubeletServing => "kubelet",
        Purpose::KubeletClient => "kubelet to apiserver",
        Purpose::ClusterSigning | Purpose::RootCa => "authority",
        Purpose::ServiceAccount => "service accounts",
    }
}

pub fn served(row: &Certificate) -> String {
    match &row.served {
        Served::Same => "same",
        Served::Other(Some(end)) if row.expires.is_some_and(|own| *end <= own) => "OLD",
        Served::Other(_) => "OTHER",
        Served::Unknown(_) => "?",
        Served::NotAsked => "n/a",
    }
    .to_owned()
}

pub fn state(state: State) -> &'static str {
    match state {
        State::Ok => "OK",
        State::Warn => "WARN",
        State::Critical => "CRITICAL",
        State::NotYetValid => "NOT YET",
        State::Expired => "EXPIRED",
        State::Differs => "DIFFERS",
        State::Missing => "MISSING",
    }
}

pub fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// `54d`, `9y`; as kubeadm has it, `<invalid>` for what has ended.
pub fn left(end: Timestamp, now: Timestamp) -> String {
    let left = now.duration_until(end);
    match left.as_hours() {
        _ if left <= SignedDuration::ZERO => "<invalid>".to_owned(),
        hours @ 0..48 => format!("{hours}h"),
        hours if hours < 24 * 365 * 2 => format!("{}d", hours / 24),
        hours => format!("{}y", hours / (24 * 365)),
    }
}

#[cfg(test)]
mod tests;
