//! What annotations say to all rules of one Ingress.

use std::sync::Arc;

use http::HeaderName;
use model::{BackendProtocol, Cors, Dialect, Reason, TextPattern, TrafficLimit};

use super::{
    annotations::{Annotations, ELB_PREFIX, NGINX_PREFIX, field},
    cors, limit,
};
use crate::dialect::Problems;

/// Settings with their defaults filled in.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub ssl_redirect: bool,
    pub regex: bool,
    pub rewrite_target: Option<Box<str>>,
    pub cors: Option<Arc<Cors>>,
    pub limit: Option<TrafficLimit>,
    pub protocol: BackendProtocol,
    pub canary: Option<Canary>,
    /// Forwarding is replaced by an echo of the request's facts.
    pub echo: bool,
}

/// Which part of the traffic of another Ingress' rules this Ingress takes. The order in which the
/// three are asked is header, cookie, weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Canary {
    pub header: Option<CanaryHeader>,
    /// The name; `always` and `never` are its values.
    pub cookie: Option<Box<str>>,
    /// Percent.
    pub weight: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CanaryHeader {
    pub name: HeaderName,
    /// Without a value `always` and `never` decide.
    pub value: Option<TextPattern>,
}

impl Options {
    pub fn read(annotations: &Annotations<'_>, problems: &mut Problems) -> Self {
        if annotations.dialect == Dialect::Aws {
            return Self::read_for_aws(annotations, problems);
        }
        let ssl_redirect = annotations.nginx_or_named("ssl-redirect");
        let rewrite_target = annotations.named("rewrite-target");
        let use_regex = annotations.alb("use-regex").or_else(|| annotations.own("use-regex"));
        let limit = limit::read(
            annotations.alb("traffic-limit-qps"),
            annotations.alb("traffic-limit-ip-qps"),
        );
        let limit = limit.unwrap_or_else(|message| {
            problems.warn(
                Reason::InvalidAnnotation,
                annotations.field("traffic-limit-qps"),
                message,
            );
            None
        });
        let canary = annotations.nginx_or_named("canary");
        Self {
            ssl_redirect: ssl_redirect.is_some_and(|found| found.value == "true"),
            regex: use_regex == Some("true") || rewrite_target.is_some(),
            rewrite_target: rewrite_target.map(Box::from),
            cors: cors::from_annotations(annotations, problems),
            limit,
            protocol: protocol(annotations, problems),
            canary: canary
                .filter(|found| found.value == "true")
                .map(|_| canary_of(annotations, problems)),
            echo: annotations.own("echo") == Some("true"),
        }
    }
}

impl Options {
    /// AWS knows little of this, and sends HTTP to HTTPS for whole listeners.
    fn read_for_aws(annotations: &Annotations<'_>, problems: &mut Problems) -> Self {
        let over = protocol(annotations, problems);
        let version = annotations.named("backend-protocol-version").unwrap_or("HTTP1");
        let protocol = match version.to_ascii_uppercase().as_str() {
            "HTTP1" => over,
            // Both are HTTP/2 without any upgrade.
            "GRPC" | "HTTP2" => BackendProtocol::Grpc,
            _ => {
                let text =
                    format!("{version:?} is unknown, HTTP1 is used: write HTTP1, HTTP2 or GRPC");
                let field = annotations.field("backend-protocol-version");
                problems.warn(Reason::InvalidAnnotation, field, text);
                over
            }
        };
        Self {
            ssl_redirect: false,
            regex: annotations.named("use-regex-path-match") == Some("true"),
            rewrite_target: None,
            cors: None,
            limit: None,
            protocol,
            canary: None,
            echo: annotations.own("echo") == Some("true"),
        }
    }
}

fn protocol(annotations: &Annotations<'_>, problems: &mut Problems) -> BackendProtocol {
    let name = if annotations.prefix == ELB_PREFIX { "pool-protocol" } else { "backend-protocol" };
    match annotations.named(name) {
        None => BackendProtocol::Http,
        Some(text) if text.eq_ignore_ascii_case("http") => BackendProtocol::Http,
        Some(text) if text.eq_ignore_ascii_case("https") => BackendProtocol::Https,
        Some(text) if text.eq_ignore_ascii_case("grpc") => BackendProtocol::Grpc,
        Some(other) => {
            let text =
                format!("{name} {other:?} is unknown, http is used: write http, https or grpc");
            problems.warn(Reason::InvalidAnnotation, annotations.field(name), text);
            BackendProtocol::Http
        }
    }
}

fn canary_of(annotations: &Annotations<'_>, problems: &mut Problems) -> Canary {
    let by = |name| annotations.nginx_or_named(name).filter(|_| annotations.prefix != ELB_PREFIX);
    let value = by("canary-by-header-value");
    let value = value.map(|found| TextPattern::new(found.value));
    let header = by("canary-by-header").and_then(|found| {
        let name = HeaderName::from_bytes(found.value.as_bytes());
        if name.is_err() {
            let text = format!("{:?} is no header name: use letters, digits and '-'", found.value);
            problems.warn(Reason::InvalidAnnotation, field(found.prefix, "canary-by-header"), text);
        }
        Some(CanaryHeader { name: name.ok()?, value: value.clone() })
    });
    let cookie = by("canary-by-cookie").map(|found| found.value.into());
    let weight = annotations.nginx_or_named("canary-weight").and_then(|found| {
        let weight = found.value.parse().ok().filter(|weight| *weight <= 100);
        if weight.is_none() {
            let text = format!("canary weight {:?} is not within 0 to 100", found.value);
            problems.warn(Reason::InvalidAnnotation, field(found.prefix, "canary-weight"), text);
        }
        weight
    });
    let canary = Canary { header, cookie, weight };
    if canary.is_idle() {
        let prefix =
            annotations.nginx_or_named("canary").map_or(NGINX_PREFIX, |found| found.prefix);
        let text =
            "the canary takes no traffic: add canary-by-header, canary-by-cookie or canary-weight";
        problems.warn(Reason::InvalidAnnotation, field(prefix, "canary"), text);
    }
    canary
}

impl Canary {
    fn is_idle(&self) -> bool {
        self.header.is_none() && self.cookie.is_none() && self.weight.is_none()
    }
}
