//! `hosts` of a server: `[NAMESPACE/]DNSNAME`.

use std::{net::Ipv6Addr, sync::Arc};

use model::{Name, Reason};

use super::ServerHost;
use crate::dialect::{Fields, Problems};

/// At least one, or a problem says why there is none.
pub(super) fn read(
    fields: &mut Fields<'_>,
    namespace: &Arc<str>,
    problems: &mut Problems,
) -> Vec<ServerHost> {
    let path = fields.path_of("hosts");
    let written = fields.texts("hosts", problems);
    if written.is_empty() && !fields.asks_for("hosts") {
        let text = "no host: write the names that clients ask for, or \"*\" for any";
        problems.reject(Reason::InvalidField, path, text);
        return Vec::new();
    }
    let mut hosts = Vec::with_capacity(written.len());
    for (index, text) in written.iter().enumerate() {
        match parse(text, namespace) {
            Ok(host) => hosts.push(host),
            Err(problem) => {
                let text = format!("host {text:?}: {problem}");
                problems.reject(Reason::InvalidField, format!("{path}[{index}]"), text);
            }
        }
    }
    // Istio takes a server for any name of any namespace as nothing but that.
    if written.contains(&"*/*") {
        return vec![ServerHost { namespace: None, name: None }];
    }
    hosts
}

fn parse(text: &str, own: &Arc<str>) -> Result<ServerHost, String> {
    let (namespace, name) = match text.split_once('/') {
        None | Some(("*", _)) => (None, text.rsplit_once('/').map_or(text, |(_, name)| name)),
        Some((".", name)) => (Some(own.clone()), name),
        Some((namespace, name)) if is_label(namespace) => (Some(namespace.into()), name),
        Some((namespace, _)) => {
            return Err(format!("{namespace:?} is no namespace: write a name, \".\" or \"*\""));
        }
    };
    if name == "*" {
        return Ok(ServerHost { namespace, name: None });
    }
    if name.parse::<Ipv6Addr>().is_ok() {
        return Err("IPv6 addresses cannot be told apart here: write \"*\" or a name".to_owned());
    }
    let parsed = Name::parse(name).map_err(|error| error.to_string())?;
    if !parsed.as_str().contains('.') {
        return Err("short names are not allowed: write the whole name, with its dots".to_owned());
    }
    Ok(ServerHost { namespace, name: Some(parsed) })
}

/// RFC 1123, as Kubernetes has it.
pub(super) fn is_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends_fit = text.bytes().next().is_some_and(fits) && text.bytes().last().is_some_and(fits);
    ends_fit && text.len() <= 63 && text.bytes().all(|byte| fits(byte) || byte == b'-')
}
