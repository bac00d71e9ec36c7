//! All that a rule says: what it matches and where it sends first, then a line for each change.

use model::{
    AbortWith, Action, BackendProtocol, FactMatch, Filter, ForwardTarget, Forwarding, HeaderEdit,
    HeaderMatch, HeaderSource, PathChange, PathMatch, Redirect, Retries, Rewrite, Rule, Timeout,
};

pub fn of(rule: &Rule) -> Vec<String> {
    let mut lines = vec![format!("{} → {} ({})", asked(rule), action(&rule.action), rule.origin)];
    lines.extend(rule.filters.iter().map(filter));
    if let Some(forwarding) = &rule.forwarding {
        lines.extend(said_of_forwarding(forwarding));
    }
    if let Action::Forward(targets) = &rule.action {
        for target in targets {
            let edits = target.filters.iter().map(filter);
            lines.extend(edits.map(|edit| format!("to {}: {edit}", target.backend.service.name)));
        }
    }
    lines
}

fn asked(rule: &Rule) -> String {
    let matches = &rule.matches;
    let mut parts: Vec<String> = matches.hosts.iter().map(ToString::to_string).collect();
    if parts.is_empty() {
        parts.push("any host".into());
    }
    parts.extend(matches.paths.iter().map(|path| match path {
        PathMatch::Text(text) => text.to_string(),
        other => format!("{other:?}"),
    }));
    parts.extend(matches.facts.iter().map(|fact| match fact {
        FactMatch::Method(text) => format!("method {text}"),
        FactMatch::Scheme(text) => format!("scheme {text}"),
        FactMatch::Authority(text) => format!("authority {text}"),
    }));
    parts.extend(matches.headers.iter().map(|HeaderMatch { name, values, is_inverted }| {
        let value: String = values.iter().map(ToString::to_string).collect();
        format!("{}{name}:{value}", if *is_inverted { "not " } else { "" })
    }));
    parts.extend(matches.parameters.iter().map(|parameter| {
        let value = parameter.value.as_ref().map_or(String::new(), ToString::to_string);
        format!("?{}{value}", parameter.key)
    }));
    parts.join(" ")
}

fn action(action: &Action) -> String {
    match action {
        Action::Forward(targets) => targets.iter().map(target).collect::<Vec<_>>().join(" + "),
        Action::Redirect(redirect) => redirect_to(redirect),
        Action::Fixed(fixed) => {
            format!("{} {:?}", fixed.status.as_u16(), String::from_utf8_lossy(&fixed.body))
        }
        Action::Echo => "echo".to_owned(),
    }
}

fn target(target: &ForwardTarget) -> String {
    let backend = &target.backend;
    let service = backend.service.to_string();
    let protocol = match backend.protocol {
        BackendProtocol::Http => "",
        BackendProtocol::Https => " by HTTPS",
        BackendProtocol::Grpc => " by HTTP/2",
    };
    let service = service.trim_start_matches("Service ");
    format!("{service}:{}*{}{protocol}", backend.port, target.weight)
}

fn redirect_to(redirect: &Redirect) -> String {
    let part = |part: &Option<Box<str>>| part.as_deref().unwrap_or("same").to_owned();
    format!(
        "{} {}://{}:{} {} ?{}",
        redirect.status.as_u16(),
        part(&redirect.protocol),
        part(&redirect.host),
        part(&redirect.port),
        redirect.change.as_ref().map_or("same".to_owned(), change),
        part(&redirect.query),
    )
}

fn change(change: &PathChange) -> String {
    match change {
        PathChange::Whole(path) => path.to_string(),
        PathChange::Prefix { matched, with } => format!("{matched}… as {with}…"),
        PathChange::Regex { pattern, with } => format!("~{} as {with}", pattern.as_str()),
    }
}

fn filter(filter: &Filter) -> String {
    match filter {
        Filter::InsertHeader { name, value, .. } => format!("set {name}: {}", source(value)),
        Filter::AppendHeader { name, value } => format!("add {name}: {}", source(value)),
        Filter::RemoveHeader { name } => format!("remove {name}"),
        Filter::Response(HeaderEdit::Set { name, value }) => {
            format!("answer: set {name}: {}", source(value))
        }
        Filter::Response(HeaderEdit::Append { name, value }) => {
            format!("answer: add {name}: {}", source(value))
        }
        Filter::Response(HeaderEdit::Remove { name }) => format!("answer: remove {name}"),
        Filter::Rewrite(Rewrite { host, change: path, .. }) => {
            let host = host.as_deref().map(|host| format!(" host {host}"));
            let path = path.as_ref().map(|path| format!(" path {}", change(path)));
            format!("rewrite{}{}", host.unwrap_or_default(), path.unwrap_or_default())
        }
        Filter::Cors(cors) => {
            let origins: Vec<String> = cors.allow_origins.iter().map(ToString::to_string).collect();
            format!(
                "CORS for {}: methods {:?}, headers {:?}, exposed {:?}, {} {:?}, others {}",
                origins.join(" "),
                cors.allow_methods,
                cors.allow_headers,
                cors.expose_headers,
                if cors.allow_credentials { "with credentials" } else { "no credentials" },
                cors.max_age,
                if cors.forwards_others { "go on" } else { "are answered" },
            )
        }
        Filter::Limit(limit) => format!("{limit:?}"),
    }
}

fn source(source: &HeaderSource) -> String {
    match source {
        HeaderSource::Literal(value) => format!("{value:?}"),
        HeaderSource::Header(name) => format!("of {name}"),
        other => format!("{other:?}"),
    }
}

fn said_of_forwarding(forwarding: &Forwarding) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(match forwarding.timeout {
        Timeout::Off => None,
        Timeout::Listener => Some("timeout of the listener".to_owned()),
        Timeout::After(after) => Some(format!("timeout {after:?}")),
    });
    lines.extend(forwarding.retries.as_ref().filter(|retries| !is_default(retries)).map(tried));
    lines.extend(
        forwarding.delay.map(|delay| format!("delay {:?} for {} ppm", delay.by, delay.share.0)),
    );
    lines.extend(forwarding.abort.map(|abort| {
        let with = match abort.with {
            AbortWith::Http(status) => status.as_u16().to_string(),
            AbortWith::Grpc(code) => format!("grpc-status {code}"),
        };
        format!("abort with {with} for {} ppm", abort.share.0)
    }));
    lines.extend(forwarding.mirrors.iter().map(|mirror| {
        let (service, port) = (&mirror.backend.service, &mirror.backend.port);
        format!("copy to {service}:{port} for {} ppm", mirror.share.0)
    }));
    lines
}

/// What Istio does unasked is not shown.
fn is_default(retries: &Retries) -> bool {
    let Retries { attempts, on, per_try, backoff, avoids_failed } = retries;
    let usual = on.connect_failure && on.refused_stream && on.grpc == [14, 1];
    let usual = usual && !on.server_error && !on.gateway_error && on.statuses.is_empty();
    *attempts == 2 && usual && per_try.is_none() && backoff.as_millis() == 25 && *avoids_failed
}

fn tried(retries: &Retries) -> String {
    let on = &retries.on;
    let named = [
        (on.connect_failure, "connect-failure"),
        (on.refused_stream, "refused-stream"),
        (on.reset, "reset"),
        (on.server_error, "5xx"),
        (on.gateway_error, "gateway-error"),
        (on.conflict, "409"),
    ];
    let named = named.into_iter().filter(|(is_on, _)| *is_on).map(|(_, name)| name.to_owned());
    let statuses = on.statuses.iter().map(|status| status.as_u16().to_string());
    let grpc = on.grpc.iter().map(|code| format!("grpc-status {code}"));
    let on: Vec<String> = named.chain(statuses).chain(grpc).collect();
    format!(
        "{} retries on {}{}, after {:?}{}",
        retries.attempts,
        on.join(" "),
        retries.per_try.map_or(String::new(), |within| format!(", each within {within:?}")),
        retries.backoff,
        if retries.avoids_failed { ", elsewhere" } else { "" },
    )
}
