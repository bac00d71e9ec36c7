//! `protocol-port`: which ports of a Service are HTTP or HTTPS. All others stay with layer 4.

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use model::{Protocol, Reason};

use crate::{
    dialect::{did_you_mean, nearest},
    route::Reader,
};

const KEY: &str = "protocol-port";
const TCP: &str = "TCP";
const WORDS: &[&str] = &["http", "https", "tls", "tcp", "udp"];

/// One listener of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PortPlan {
    pub port: u16,
    pub protocol: Protocol,
    /// `spec.ports[0]`.
    pub field: String,
}

impl PortPlan {
    pub fn is_https(&self) -> bool {
        self.protocol == Protocol::Https
    }
}

/// One `proto:port`, as far as it can be read.
struct Entry<'a> {
    protocol: &'static str,
    port: u16,
    text: &'a str,
}

/// Whether HTTPS is asked for, be it for a port that is served or not.
pub(super) fn asks_for_https(reader: &Reader<'_>) -> bool {
    let entries = reader.list(KEY);
    entries.iter().any(|text| parse(text).is_ok_and(|entry| entry.protocol == "https"))
}

/// The ports that are served. Every other port, and every entry without one, has its problem.
pub(super) fn read(reader: &mut Reader<'_>, spec: &ServiceSpec) -> Vec<PortPlan> {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for text in reader.list(KEY) {
        match parse(text) {
            Ok(entry) => entries.push(entry),
            Err(wrong) => reader.reject(KEY, wrong),
        }
    }
    for entry in &entries {
        if !ports.iter().any(|port| port.port == i32::from(entry.port)) {
            let known: Vec<String> = ports.iter().map(|port| port.port.to_string()).collect();
            let text = format!(
                "{}: spec.ports has no port {}, only {}: add it there, or correct the number",
                entry.text,
                entry.port,
                known.join(", ")
            );
            reader.reject(KEY, text);
        }
    }
    let mut listeners = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        // TCP and UDP may share a number; an entry then means TCP.
        let has_twin =
            !is_tcp(port) && ports.iter().any(|other| other.port == port.port && is_tcp(other));
        let entries = if has_twin { &[] } else { entries.as_slice() };
        listeners.extend(listener(reader, index, port, entries));
    }
    listeners
}

fn is_tcp(port: &ServicePort) -> bool {
    port.protocol.as_deref().unwrap_or(TCP) == TCP
}

fn listener(
    reader: &mut Reader<'_>,
    index: usize,
    port: &ServicePort,
    entries: &[Entry<'_>],
) -> Option<PortPlan> {
    let field = format!("spec.ports[{index}]");
    let number = u16::try_from(port.port).ok().filter(|number| *number != 0);
    let Some(number) = number else {
        let text = format!("{} is no port: write a number from 1 to 65535", port.port);
        reader.problems.reject(Reason::InvalidField, format!("{field}.port"), text);
        return None;
    };
    let own = port.protocol.as_deref().unwrap_or(TCP);
    let mut wanted = entries.iter().filter(|entry| entry.port == number);
    let first = wanted.next();
    if let Some((first, second)) = first.zip(wanted.next()) {
        let text = format!(
            "port {number} is named twice, as {} and {}, and is not served: keep one of them",
            first.text, second.text
        );
        reader.reject(KEY, text);
        return None;
    }
    let protocol = match (first.map(|entry| entry.protocol), own) {
        (Some("http"), TCP) => Protocol::Http,
        (Some("https"), TCP) => Protocol::Https,
        (Some(wanted @ ("http" | "https" | "tls" | "tcp")), "UDP" | "SCTP") => {
            let text = format!(
                "{wanted}:{number} needs a TCP port, but {field} is {own}: write protocol: TCP there"
            );
            reader.reject(KEY, text);
            return None;
        }
        (wanted, own) => {
            let kind = wanted.map_or(own.to_owned(), str::to_uppercase);
            let text = format!(
                "port {number} stays a {kind} listener on ELB, which Doorward does not serve, only HTTP and HTTPS: write http:{number} or https:{number} into kubernetes.io/elb.protocol-port if it is one of these"
            );
            reader.problems.reject(Reason::NotHonoured, field, text);
            return None;
        }
    };
    Some(PortPlan { port: number, protocol, field })
}

/// Blanks and capitals are taken as they are meant.
fn parse(text: &str) -> Result<Entry<'_>, String> {
    let Some((protocol, port)) = text.split_once(':') else {
        return Err(format!("{text:?} is no PROTOCOL:PORT: write for example https:443"));
    };
    let (protocol, port) = (protocol.trim(), port.trim());
    let known = WORDS.iter().find(|word| word.eq_ignore_ascii_case(protocol));
    let Some(protocol) = known else {
        let cure = did_you_mean(nearest(protocol, WORDS.iter().copied()));
        return Err(format!(
            "{text}: protocol {protocol:?} is unknown: write http or https; {cure}"
        ));
    };
    let port = port.parse().ok().filter(|port| *port != 0);
    let Some(port) = port else {
        return Err(format!("{text}: the port is no number from 1 to 65535"));
    };
    Ok(Entry { protocol, port, text })
}
