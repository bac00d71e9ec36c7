//! A translation as compact text, one line a fact.

mod details;

use std::fmt::Write as _;

use jiff::Timestamp;
use model::{
    Action, Arn, Attachment, Balancing, Binding, BindingStatus, CertificateTable, Choice,
    Direction, Listener, PathMatch, Rule, State, Verdict, Want,
};

use super::{
    case::{Case, Show},
    facts::at,
};
use crate::Translation;

pub fn translation(translation: &Translation, case: &Case, now: Timestamp) -> String {
    let mut text = String::new();
    for balancer in &translation.model.load_balancers {
        if case.show.contains(&Show::Addresses) {
            let mode = if balancer.read_only { "read-only" } else { "open to the console" };
            writeln!(text, "{} {}, {mode}", balancer.name, balancer.dialect).unwrap();
        }
        for shown in &balancer.listeners {
            listener(&mut text, shown, case);
        }
    }
    translation.model.attachments.iter().for_each(|one| attachment(&mut text, one));
    translation.model.wants.iter().for_each(|one| want(&mut text, one));
    translation.verdicts.iter().for_each(|one| verdict(&mut text, one));
    if case.show.contains(&Show::NextChange) {
        let next = translation.next_change.map_or("none".to_owned(), |next| offset(next, now));
        writeln!(text, "next change: {next}").unwrap();
    }
    text
}

fn listener(text: &mut String, listener: &Listener, case: &Case) {
    write!(text, "{} {}/{}", listener.key.load_balancer, listener.key.port, listener.protocol)
        .unwrap();
    if case.show.contains(&Show::Addresses) {
        write!(text, " at {}", listener.address).unwrap();
    }
    body(text, listener, case, "  ");
    for server in &listener.servers {
        let hosts: Vec<&str> = server.hosts.iter().map(|host| host.as_str()).collect();
        let hosts = if hosts.is_empty() { "any name".to_owned() } else { hosts.join(" ") };
        let protocol = server.listener.protocol;
        write!(text, "  {} for {hosts}: {protocol}", server.name).unwrap();
        body(text, &server.listener, case, "    ");
    }
}

fn body(text: &mut String, listener: &Listener, case: &Case, indent: &str) {
    if let Some(tls) = &listener.tls {
        let bindings = &listener.certificates.bindings;
        let default = listener.certificates.default_binding();
        let rest: Vec<String> =
            bindings.iter().filter(|binding| !binding.is_default).map(binding).collect();
        let default = default.map_or("-".to_owned(), binding);
        let rest = if rest.is_empty() { "-".to_owned() } else { rest.join(", ") };
        write!(text, " → [{default} | {rest}]").unwrap();
        if case.show.contains(&Show::ClientCa) {
            let roots = tls.client_auth.as_ref().map(|auth| auth.roots.len());
            write!(text, ", client CA certificates: {roots:?}").unwrap();
        }
    }
    if let Some(tunnel) = &listener.tunnel {
        write!(text, " → {}", targets(&tunnel.targets)).unwrap();
    }
    if case.show.contains(&Show::Settings) {
        write!(text, "{}", settings(listener)).unwrap();
    }
    text.push('\n');
    if listener.tls.is_some() && indent.len() == 2 {
        served(text, listener, &case.ask);
    }
    if case.show.contains(&Show::Rules) {
        for (position, shown) in listener.routes.rules().iter().enumerate() {
            writeln!(text, "{indent}{} {}", position + 1, rule(shown)).unwrap();
        }
    }
    if case.show.contains(&Show::Details) {
        for (position, shown) in listener.routes.rules().iter().enumerate() {
            let mut lines = details::of(shown).into_iter();
            let first = lines.next().unwrap();
            writeln!(text, "{indent}{} {first}", position + 1).unwrap();
            lines.for_each(|line| writeln!(text, "{indent}    {line}").unwrap());
        }
    }
}

fn settings(listener: &Listener) -> String {
    let Listener { idle_timeout, client_timeout, request_timeout, forwarded, .. } = listener;
    let mut parts = vec![
        format!("idle {}s", idle_timeout.as_secs()),
        format!("answer {}s", request_timeout.as_secs()),
    ];
    parts.extend(client_timeout.map(|time| format!("client {}s", time.as_secs())));
    if let Some(tls) = &listener.tls {
        parts.push(format!("{:?}", tls.versions));
        parts.extend(tls.http2.then(|| "HTTP/2".to_owned()));
    }
    parts.extend(listener.gzip.then(|| "gzip".to_owned()));
    parts.extend(forwarded.host.then(|| "X-Forwarded-Host".to_owned()));
    parts.extend(forwarded.port.then(|| "X-Forwarded-Port".to_owned()));
    parts.extend(
        listener.access.as_ref().map(|access| format!("{:?} {:?}", access.mode, access.entries)),
    );
    format!(", {}", parts.join(", "))
}

fn binding(binding: &Binding) -> String {
    let mark = binding.certificate.as_ref().map_or("", |certificate| &certificate.serial);
    let mut text = short(binding.id.as_str()).to_owned();
    if !mark.is_empty() {
        text += &format!("@{mark}");
    }
    text += &format!(" {}", binding.source);
    if binding.status != BindingStatus::Associated {
        text += &format!(" {}", binding.status);
    }
    text
}

/// Store ids of the samples without their region.
fn short(id: &str) -> &str {
    id.strip_suffix("-cn-hangzhou").unwrap_or(id)
}

fn served(text: &mut String, listener: &Listener, ask: &[String]) {
    let table = CertificateTable::new(&listener.certificates);
    let of = |choice: Choice<'_>| match choice.certificate() {
        None => "refused".to_owned(),
        Some(chosen) => {
            let bindings = listener.certificates.bindings.iter();
            let mut same = bindings.filter(|binding| binding.certificate.as_ref() == Some(chosen));
            let id = same.next().map_or("?", |binding| short(binding.id.as_str()));
            let mark = if chosen.serial.is_empty() { "" } else { "@" };
            let stands_in = if matches!(choice, Choice::Default(_)) { " (Default)" } else { "" };
            format!("{id}{mark}{}{stands_in}", chosen.serial)
        }
    };
    for host in ask {
        let name = (host != "-").then_some(host.as_str());
        let any = of(table.choose(name, |_| true));
        let rsa = of(table.choose(name, |certificate| certificate.key_algorithm.is_rsa()));
        let host = if host == "-" { "no name" } else { host };
        match any == rsa {
            true => writeln!(text, "  {host}: {any}"),
            false => writeln!(text, "  {host}: {any}, RSA only: {rsa}"),
        }
        .unwrap();
    }
}

fn rule(rule: &Rule) -> String {
    let join = |parts: Vec<String>, none: &str| {
        if parts.is_empty() { none.to_owned() } else { parts.join(",") }
    };
    let hosts = join(rule.matches.hosts.iter().map(ToString::to_string).collect(), "any host");
    let paths = rule.matches.paths.iter().map(|path| match path {
        PathMatch::Exact(path) => format!("={path}"),
        PathMatch::Prefix(path) => format!("{path}/*"),
        PathMatch::Pattern(pattern) => pattern.0.to_string(),
        PathMatch::Regex(regex) => format!("~*{}", regex.as_str()),
        PathMatch::Text(text) => text.to_string(),
    });
    let paths = join(paths.collect(), "any path");
    let direction = if rule.direction == Direction::Response { "response " } else { "" };
    let mut text = format!("{direction}{hosts} {paths} → {}", action(&rule.action));
    if !rule.filters.is_empty() {
        text += &format!(", {} filters", rule.filters.len());
    }
    text + &format!(" ({})", rule.origin)
}

fn action(action: &Action) -> String {
    match action {
        Action::Forward(chosen) => targets(chosen),
        Action::Redirect(redirect) => format!(
            "{} {}://{}:{}",
            redirect.status.as_u16(),
            redirect.protocol.as_deref().unwrap_or("same"),
            redirect.host.as_deref().unwrap_or("same"),
            redirect.port.as_deref().unwrap_or("same"),
        ),
        Action::Fixed(fixed) => {
            format!("{} {:?}", fixed.status.as_u16(), String::from_utf8_lossy(&fixed.body))
        }
        Action::Echo => "echo".to_owned(),
    }
}

fn targets(targets: &[model::ForwardTarget]) -> String {
    let target = |target: &model::ForwardTarget| {
        let backend = &target.backend;
        let name = backend.service.to_string();
        let name = name.trim_start_matches("Service ").to_owned();
        let weight = if targets.len() > 1 { format!("*{}", target.weight) } else { "".into() };
        let balancing = match backend.balancing {
            Balancing::InTurn => "",
            Balancing::LeastBusy => " to the least busy",
            Balancing::SourceAddress => " by source address",
        };
        format!("{name}:{}{weight}{balancing}", backend.port)
    };
    targets.iter().map(target).collect::<Vec<_>>().join(" + ")
}

fn attachment(text: &mut String, attachment: &Attachment) {
    let Attachment { listener, issuer, certificates, pending, wanted_by } = attachment;
    let end = |arn: &Arn| arn.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let shown: Vec<String> = certificates
        .iter()
        .map(|one| {
            let held = if one.held.is_some() { ", held" } else { "" };
            format!("{} by {}{held}", end(&one.arn), one.wanted_by)
        })
        .collect();
    let pending: Vec<&str> = pending.iter().map(|name| name.as_str()).collect();
    let objects: Vec<String> = wanted_by.iter().map(ToString::to_string).collect();
    writeln!(
        text,
        "attach to {} of {} for {}: [{}], pending [{}]",
        listener.resource(),
        issuer.as_deref().unwrap_or("nobody"),
        objects.join(", "),
        shown.join("; "),
        pending.join(", ")
    )
    .unwrap();
}

fn want(text: &mut String, want: &Want) {
    let names: Vec<&str> = want.names.iter().map(|name| name.as_str()).collect();
    let held = match &want.held {
        Some(held) if held.serial.is_empty() => ", one is held".to_owned(),
        Some(held) => format!(", {} is held", held.serial),
        None => String::new(),
    };
    writeln!(
        text,
        "want {} of {} for {}, by {}{held}",
        want.id,
        want.issuer,
        names.join(", "),
        want.wanted_by
    )
    .unwrap();
}

fn verdict(text: &mut String, verdict: &Verdict) {
    let Verdict { object, state, reason, message, field, .. } = verdict;
    let field = field.as_ref().map_or(String::new(), |field| format!(" {field}"));
    match (state, reason) {
        (State::Accepted, model::Reason::SuccessfullyReconciled) => {
            writeln!(text, "Accepted: {object}")
        }
        _ => writeln!(text, "{state} {reason}: {object}{field}: {message}"),
    }
    .unwrap();
}

fn offset(moment: Timestamp, now: Timestamp) -> String {
    let hours = |from: Timestamp| moment.duration_since(from).as_hours();
    assert!(moment > now, "a change in the past");
    let since_beginning = hours(at("+0d"));
    match since_beginning % 24 {
        0 => format!("+{}d", since_beginning / 24),
        _ => format!("+{since_beginning}h"),
    }
}
