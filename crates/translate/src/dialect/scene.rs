//! Worlds for the tests of the dialects, in few words, and claims as text.

use std::fmt::Write as _;

use model::{Action, Direction, Filter, HeaderSource, PathMatch, Protocol, Rule, State};

use super::{Claims, Memo};
use crate::{Memory, claim::ListenerClaim, tests::Source};

/// A World that grows, and what its translations remember.
#[derive(Default)]
pub(crate) struct Scene {
    pub source: Source,
    pub memory: Memory,
    pub memo: Memo,
}

const CLASS: &str = "
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge}
spec:
  controller: ingress.k8s.alibabacloud/alb
  parameters: {apiGroup: alibabacloud.com, kind: AlbConfig, name: edge-lb}
";

const PLAIN_CLASS: &str = "
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: plain}
spec: {controller: doorward.dev/ingress}
";

impl Scene {
    /// Class `edge`, AlbConfig `edge-lb` with 80/HTTP and 443/HTTPS, Services `web` and `api`.
    pub fn edge() -> Self {
        Self::edge_with_listeners("[{port: 80, protocol: HTTP}, {port: 443, protocol: HTTPS}]")
    }

    pub fn edge_with_listeners(listeners: &str) -> Self {
        let spec = format!("{{config: {{name: edge}}, listeners: {listeners}}}");
        Self::default().with(CLASS).with(&alb_config("edge-lb", &spec)).with_services()
    }

    /// Class `plain` of our own controller, Services `web` and `api`.
    pub fn plain() -> Self {
        Self::default().with(PLAIN_CLASS).with_services()
    }

    fn with_services(self) -> Self {
        self.with(&service("shop/web", 80)).with(&service("shop/api", 80))
    }

    pub fn with(mut self, objects: &str) -> Self {
        self.source.apply(objects);
        self
    }

    /// One run, whose good listener settings are remembered.
    pub fn claims(&mut self) -> Claims {
        let claims = super::claims(
            &self.source.world,
            &crate::Settings::default(),
            &self.memory,
            &mut self.memo,
        );
        self.memory.listeners.clone_from(&claims.listeners);
        claims
    }

    /// The rules of a listener of the only load balancer.
    pub fn rules(&mut self, port: u16) -> Vec<String> {
        rules(&self.claims(), port)
    }

    pub fn verdicts(&mut self) -> Vec<String> {
        verdicts(&self.claims())
    }
}

pub(crate) fn alb_config(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: alibabacloud.com/v1, kind: AlbConfig, metadata: {{name: {name}}}, spec: {spec}}}"
    )
}

/// `name` is `NAMESPACE/NAME`.
pub(crate) fn service(name: &str, port: u16) -> String {
    let (namespace, name) = name.split_once('/').unwrap();
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{ports: [{{port: {port}}}]}}}}"
    )
}

/// An Ingress of class `edge`. Annotation keys without a `/` stand under the ALB prefix.
pub(crate) fn ingress(name: &str, annotations: &[(&str, &str)], spec: &str) -> String {
    ingress_of("edge", name, annotations, spec)
}

pub(crate) fn ingress_of(
    class: &str,
    name: &str,
    annotations: &[(&str, &str)],
    spec: &str,
) -> String {
    let (namespace, name) = name.split_once('/').unwrap();
    let mut text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  annotations:\n    a-key-of-nobody: x\n"
    );
    for (key, value) in annotations {
        let prefix = if key.contains('/') { "" } else { crate::route::ALB_PREFIX };
        let value = serde_json::to_string(value).unwrap();
        writeln!(text, "    {prefix}{key}: {value}").unwrap();
    }
    writeln!(text, "spec: {{ingressClassName: {class}, {spec}}}").unwrap();
    text
}

/// One rule with one path; `backend` is `SERVICE:PORT`, `path` may begin with a type and a blank.
pub(crate) fn rule(host: &str, path: &str, backend: &str) -> String {
    let (path_type, path) = path.split_once(' ').unwrap_or(("Prefix", path));
    let (service, port) = backend.split_once(':').unwrap();
    let port = match port.parse::<u16>() {
        Ok(number) => format!("number: {number}"),
        Err(_) => format!("name: {port}"),
    };
    let host = if host.is_empty() { String::new() } else { format!("host: {host:?}, ") };
    format!(
        "{{{host}http: {{paths: [{{path: {path:?}, pathType: {path_type}, backend: {{service: {{name: {service}, port: {{{port}}}}}}}}}]}}}}"
    )
}

/// `rules: [...]` of rules with the path `/` and the backend `web:80`.
pub(crate) fn hosts(hosts: &[&str]) -> String {
    let rules: Vec<String> = hosts.iter().map(|host| rule(host, "/", "web:80")).collect();
    format!("rules: [{}]", rules.join(", "))
}

pub(crate) fn listener(claims: &Claims, port: u16) -> &ListenerClaim {
    let [balancer] = claims.load_balancers.as_slice() else { panic!("one load balancer") };
    let found = balancer.listeners.iter().find(|listener| listener.port == port);
    found.unwrap_or_else(|| panic!("no listener {port}"))
}

pub(crate) fn rules(claims: &Claims, port: u16) -> Vec<String> {
    listener(claims, port).rules.iter().map(|rule| show(rule)).collect()
}

/// `443/HTTPS: spec.tls[0] [a.test] shop/tls-a`, one line a TLS member.
pub(crate) fn members(claims: &Claims, port: u16, protocol: Protocol) -> Vec<String> {
    let listeners = claims.load_balancers.iter().flat_map(|balancer| &balancer.listeners);
    let mut found = listeners.filter(|found| found.port == port && found.protocol == protocol);
    let tls = found.next().and_then(|listener| listener.tls.as_ref());
    let members = tls.iter().flat_map(|tls| &tls.certificates.members);
    members
        .map(|member| {
            let hosts: Vec<&str> = member.hosts.iter().map(|host| host.as_str()).collect();
            let secret = member.certificate.as_ref().map_or("", |secret| secret.as_str());
            format!("{} {} [{}] {secret}", member.object, member.field, hosts.join(" "))
                .trim_end()
                .to_owned()
        })
        .collect()
}

pub(crate) fn verdicts(claims: &Claims) -> Vec<String> {
    claims
        .verdicts
        .iter()
        .map(|verdict| {
            assert!(verdict.dialect.is_some(), "{verdict:?} says its dialect");
            let field = verdict.field.as_deref().expect("every verdict names its field");
            let state = if verdict.state == State::Rejected { "Rejected" } else { "Warning" };
            format!("{state} {} {} {field}: {}", verdict.reason, verdict.object, verdict.message)
        })
        .collect()
}

/// The only verdict there is.
#[track_caller]
pub(crate) fn only_verdict(claims: &Claims) -> String {
    let mut verdicts = verdicts(claims);
    assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
    verdicts.remove(0)
}

/// One rule as one line.
pub(crate) fn show(rule: &Rule) -> String {
    let matches = &rule.matches;
    let mut parts: Vec<String> = Vec::new();
    if rule.direction == Direction::Response {
        parts.push("response".into());
    }
    parts.extend(matches.hosts.iter().map(ToString::to_string));
    parts.extend(matches.paths.iter().map(|path| match path {
        PathMatch::Exact(path) => format!("={path}"),
        PathMatch::Prefix(path) => format!("{path}/*"),
        PathMatch::Pattern(pattern) => format!("?{}", pattern.0),
        PathMatch::Regex(regex) => format!("~{}", regex.as_str()),
        PathMatch::Text(text) => text.to_string(),
    }));
    parts.extend(matches.methods.iter().map(ToString::to_string));
    let headers = matches.headers.iter().chain(&matches.response_headers);
    parts.extend(headers.map(|header| {
        let values: Vec<String> = header.values.iter().map(ToString::to_string).collect();
        format!("{}:{}", header.name, values.join("|"))
    }));
    parts.extend(matches.query.iter().map(|(key, value)| format!("?{}={}", key.0, value.0)));
    parts
        .extend(matches.cookies.iter().map(|(key, value)| format!("cookie {}={}", key.0, value.0)));
    parts.extend(matches.sources.iter().map(|net| format!("from {net}")));
    parts.extend(matches.response_status.iter().map(|status| status.as_u16().to_string()));
    parts.extend(rule.filters.iter().map(|filter| format!("[{}]", show_filter(filter))));
    format!("{} → {}", parts.join(" "), show_action(&rule.action))
}

fn show_filter(filter: &Filter) -> String {
    match filter {
        Filter::InsertHeader { name, value, overwrite } => {
            let value = match value {
                HeaderSource::Literal(value) => format!("{value:?}"),
                other => format!("{other:?}"),
            };
            format!("insert {name}: {value}{}", if *overwrite { "!" } else { "" })
        }
        Filter::AppendHeader { name, value } => format!("append {name}: {value:?}"),
        Filter::RemoveHeader { name } => format!("remove {name}"),
        Filter::Response(edit) => format!("response {edit:?}"),
        Filter::Rewrite(rewrite) => format!(
            "rewrite {} {} {}{}",
            rewrite.host.as_deref().unwrap_or("-"),
            rewrite.path.as_deref().unwrap_or("-"),
            rewrite.query.as_deref().unwrap_or("-"),
            if rewrite.groups_of.is_some() { " with groups" } else { "" },
        ),
        Filter::Cors(cors) => {
            let origins: Vec<String> = cors.allow_origins.iter().map(ToString::to_string).collect();
            let max_age = cors.max_age.map_or_else(|| "-".to_owned(), |age| age.to_string());
            format!("cors {} {max_age}", origins.join(","))
        }
        Filter::Limit(limit) => format!("limit {:?} {:?}", limit.total, limit.per_client),
    }
}

fn show_action(action: &Action) -> String {
    match action {
        Action::Forward(targets) => {
            let target = |target: &model::ForwardTarget| {
                let service = target.backend.service.to_string();
                let service = service.trim_start_matches("Service ").to_owned();
                let weight = match targets.len() {
                    1 => String::new(),
                    _ => format!("*{}", target.weight),
                };
                format!("{service}:{}{weight}", target.backend.port)
            };
            targets.iter().map(target).collect::<Vec<_>>().join(" + ")
        }
        Action::Redirect(redirect) => format!(
            "{} {}://{}:{}{}?{}",
            redirect.status.as_u16(),
            redirect.protocol.as_deref().unwrap_or("-"),
            redirect.host.as_deref().unwrap_or("-"),
            redirect.port.as_deref().unwrap_or("-"),
            redirect.path.as_deref().unwrap_or("-"),
            redirect.query.as_deref().unwrap_or("-"),
        ),
        Action::Fixed(fixed) => {
            let reason = fixed.reason.map_or(String::new(), |reason| format!(" ({reason})"));
            format!("{} {:?}{reason}", fixed.status.as_u16(), String::from_utf8_lossy(&fixed.body))
        }
        Action::Echo => "echo".into(),
    }
}
