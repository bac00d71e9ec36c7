//! What annotations say of the endpoints behind a Service: how to choose among them, how to keep
//! a client with one, and how to find out which are well.
//!
//! The gateway takes endpoints in turn, by how busy they are, or by the client's address. It serves
//! those that Kubernetes calls ready and rests one that failed; it sends no probes of its own.

use serde_json::Value;

use crate::{
    dialect::{Fields, Problems},
    elb::json,
    route::Reader,
};
use model::{Balancing, Reason};

const PROBES: &str = "no probe is sent: an endpoint is used while its EndpointSlice says that it is ready, and rests for a while after it failed; let the pods' readinessProbe ask this";

/// How to choose among the endpoints.
pub(super) fn read(reader: &mut Reader<'_>) -> Balancing {
    let by_algorithm = algorithm(reader);
    let by_affinity = affinity(reader);
    health(reader);
    draining(reader);
    if by_affinity == Balancing::InTurn { by_algorithm } else { by_affinity }
}

fn algorithm(reader: &mut Reader<'_>) -> Balancing {
    let words = [
        ("ROUND_ROBIN", Balancing::InTurn),
        ("LEAST_CONNECTIONS", Balancing::LeastBusy),
        ("SOURCE_IP", Balancing::SourceAddress),
    ];
    reader.choice("lb-algorithm", &words).unwrap_or_default()
}

/// The words on `off` are the vendor's.
fn affinity(reader: &mut Reader<'_>) -> Balancing {
    const MODE: &str = "session-affinity-mode";
    if reader.text(MODE) == Some("off") {
        reader.reject(MODE, "session affinity type:off not support: remove the annotation");
        return Balancing::InTurn;
    }
    affinity_option(reader);
    let words = [
        ("SOURCE_IP", Balancing::SourceAddress),
        ("HTTP_COOKIE", Balancing::InTurn),
        ("APP_COOKIE", Balancing::InTurn),
    ];
    let chosen = reader.choice(MODE, &words);
    if chosen == Some(Balancing::InTurn) {
        let text = "clients are not told apart by cookies, their requests go to all endpoints in turn: write SOURCE_IP to keep an address with one";
        reader.not_honoured(MODE, text);
    }
    chosen.unwrap_or_default()
}

/// The time is checked and not needed: an address stays with its endpoint for good.
fn affinity_option(reader: &mut Reader<'_>) {
    const OPTION: &str = "session-affinity-option";
    let Some(value) = json::parse(reader, OPTION) else { return };
    let Some(mut fields) = json::open(reader, OPTION, "Option", &value) else { return };
    within(&mut fields, "persistence_timeout", 1..=60, &mut reader.problems);
    if fields.has("type") {
        let text = "type is of cloud-provider-huaweicloud, the open-source controller: CCE reads session-affinity-mode";
        reader.problems.warn(Reason::UnknownKey, fields.path_of("type"), text);
        fields.accept(&["type", "cookie_name"]);
    }
    fields.finish(&mut reader.problems);
}

fn health(reader: &mut Reader<'_>) {
    let is_on = reader.choice("health-check-flag", &[("on", true), ("off", false)]);
    let (one, many) = ("health-check-option", "health-check-options");
    let has_option = reader.text(one).is_some() || reader.text(many).is_some();
    if is_on == Some(true) && !has_option {
        let text = format!("on needs {one} or {many} beside it: add one, or remove the flag");
        reader.reject("health-check-flag", text);
    }
    if reader.text(one).is_some() && reader.text(many).is_some() {
        reader.reject(many, format!("{one} and {many} cannot be used together: keep one"));
    }
    if let Some(value) = json::parse(reader, one)
        && let Some(fields) = json::open(reader, one, "HealthCheck", &value)
    {
        probe(fields, &mut reader.problems);
    }
    if let Some(value) = json::parse(reader, many) {
        probes(reader, many, &value);
    }
    if has_option && is_on != Some(false) {
        let name = if reader.text(one).is_some() { one } else { many };
        reader.not_honoured(name, PROBES);
    }
}

fn probes(reader: &mut Reader<'_>, name: &str, value: &Value) {
    let Some(items) = value.as_array() else {
        reader.reject(name, "no list: write [{\"target_service_port\": \"TCP:80\", …}]");
        return;
    };
    let mut ports = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut place = json::place(reader, name, "HealthCheck");
        place.path = format!("{}[{index}]", place.path);
        let Some(mut fields) = Fields::open(item, place, &mut reader.problems) else { continue };
        let problems = &mut reader.problems;
        let path = fields.path_of("target_service_port");
        match fields.text("target_service_port", problems) {
            None => {
                let text = "the port is missing: write for example TCP:80";
                problems.reject(Reason::InvalidAnnotation, path, text);
            }
            Some(port) if ports.contains(&port) => {
                let text = format!("{port} stands here twice: keep one");
                problems.reject(Reason::InvalidAnnotation, path, text);
            }
            Some(port) => ports.push(port),
        }
        fields.accept(&["monitor_port", "expected_codes"]);
        probe(fields, problems);
    }
}

fn probe(mut fields: Fields<'_>, problems: &mut Problems) {
    if let Some(protocol) = fields.text("protocol", problems)
        && !["TCP", "UDP", "HTTP"].contains(&protocol)
    {
        let text = format!("protocol {protocol:?} is unknown: write TCP, UDP or HTTP");
        problems.reject(Reason::InvalidAnnotation, fields.path_of("protocol"), text);
    }
    within(&mut fields, "delay", 1..=50, problems);
    within(&mut fields, "timeout", 1..=50, problems);
    within(&mut fields, "max_retries", 1..=10, problems);
    if let Some(path) = fields.text("path", problems)
        && !(path.starts_with('/') && path.len() <= 80)
    {
        let text =
            format!("path {path:?} cannot be used: write up to 80 characters from the '/' on");
        problems.reject(Reason::InvalidAnnotation, fields.path_of("path"), text);
    }
    fields.finish(problems);
}

fn within(
    fields: &mut Fields<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u32>,
    problems: &mut Problems,
) {
    let Some(written) = fields.text_or_number(key, problems) else { return };
    if !written.parse().is_ok_and(|number| range.contains(&number)) {
        let (from, to) = range.into_inner();
        let text = format!("{key} {written:?} is no whole number from {from} to {to}");
        problems.reject(Reason::InvalidAnnotation, fields.path_of(key), text);
    }
}

/// The first words are the vendor's.
fn draining(reader: &mut Reader<'_>) {
    let is_on = reader.flag("connection-drain-enable") == Some(true);
    let timeout = reader.number("connection-drain-timeout", 1..=4000);
    if is_on && timeout.is_none() && reader.text("connection-drain-timeout").is_none() {
        let text =
            "Connection drain timeout must be explict defined.: add connection-drain-timeout";
        reader.reject("connection-drain-timeout", text);
    }
    if is_on {
        let text = "requests to an endpoint that goes are always answered to their end, however long they take";
        reader.not_honoured("connection-drain-enable", text);
    }
}
