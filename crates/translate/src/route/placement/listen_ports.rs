//! Which listeners an Ingress wants: `listen-ports`, or else what its hosts say.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::IngressRule;
use model::{Name, Protocol, Reason};
use serde_json::Number;

use super::super::{
    annotations::{ALB_PREFIX, field},
    tls::Wishes,
};
use crate::dialect::Problem;

/// Each pair once, in the order in which it is written.
pub(super) fn listeners(
    written: Option<&str>,
    ssl_redirect: bool,
    rules: &[IngressRule],
    tls: &Wishes,
) -> Result<Vec<(u16, Protocol)>, Problem> {
    let mut listeners = Vec::new();
    if ssl_redirect {
        listeners.push((80, Protocol::Http));
    }
    match written {
        Some(text) => listeners.extend(parse(text).map_err(|message| {
            Problem::rejection(
                Reason::InvalidAnnotation,
                field(ALB_PREFIX, "listen-ports"),
                message,
            )
        })?),
        None => listeners.extend(derived(rules, tls)),
    }
    let mut seen = BTreeSet::new();
    listeners.retain(|listener| seen.insert(*listener));
    Ok(listeners)
}

/// An entry with only a Secret does not open 443.
fn derived(rules: &[IngressRule], tls: &Wishes) -> Vec<(u16, Protocol)> {
    let mut hosts = rules.iter().filter_map(|rule| rule.host.as_deref()).filter(|h| !h.is_empty());
    let some_plain = hosts.any(|host| Name::parse(host).is_ok_and(|host| !tls.names(&host)));
    let some_tls = tls.names_some_host();
    let mut listeners = Vec::new();
    if some_plain || !some_tls {
        listeners.push((80, Protocol::Http));
    }
    if some_tls {
        listeners.push((443, Protocol::Https));
    }
    listeners
}

/// The value of `listen-ports`. The first words of the errors are the vendor's.
pub(crate) fn parse(text: &str) -> Result<Vec<(u16, Protocol)>, String> {
    let entries: Vec<BTreeMap<String, Number>> = serde_json::from_str(text).map_err(|error| {
        format!("failed to parse listen-ports configuration: `{text}`: {error}; write [{{\"HTTP\":80}},{{\"HTTPS\":443}}]")
    })?;
    if entries.is_empty() {
        return Err(format!(
            "empty listen-ports configuration: `{text}`: name a port, or remove the annotation"
        ));
    }
    let mut listeners = Vec::new();
    for (protocol, port) in entries.iter().flatten() {
        let number = port.as_u64().and_then(|number| u16::try_from(number).ok());
        let Some(number) = number.filter(|number| *number != 0) else {
            return Err(format!("listen port must be within [1, 65535]: {port}"));
        };
        let protocol = match protocol.as_str() {
            "HTTP" => Protocol::Http,
            "HTTPS" => Protocol::Https,
            "QUIC" => Protocol::Quic,
            other => return Err(format!("listen protocol must be within [HTTP, HTTPS]: {other}")),
        };
        listeners.push((number, protocol));
    }
    Ok(listeners)
}
