//! What is accepted, warned of and refused in a Gateway.

mod any_input;
mod tls;
mod validation;

use model::State;

use super::GatewayPlan;
use crate::tests::Source;

/// The Gateway `edge/web` with this spec, in YAML's flow style.
fn gateway(spec: &str) -> GatewayPlan {
    named("web", spec)
}

fn named(name: &str, spec: &str) -> GatewayPlan {
    read(&format!(
        "{{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {{name: {name}, namespace: edge}}, spec: {spec}}}"
    ))
}

fn read(object: &str) -> GatewayPlan {
    let mut source = Source::default();
    source.apply(object);
    GatewayPlan::read(source.world.gateways.values().next().unwrap())
}

fn servers(servers: &[&str]) -> GatewayPlan {
    gateway(&format!("{{servers: [{}]}}", servers.join(", ")))
}

/// `FIELD: MESSAGE` of each verdict, with `!` before those that reject the Gateway.
fn said(plan: &GatewayPlan) -> Vec<String> {
    let said = plan.verdicts.iter().map(|verdict| {
        let mark = if verdict.state == State::Rejected { "!" } else { "" };
        format!("{mark}{}: {}", verdict.field.as_deref().unwrap(), verdict.message)
    });
    said.collect()
}

/// The server is refused, and the one verdict names the field and holds the words.
#[track_caller]
fn refused(server: &str, field: &str, words: &str) {
    let plan = servers(&[server]);
    let said = said(&plan);
    assert_eq!(plan.servers.len(), 0, "{server}: {said:?}");
    let [only] = said.as_slice() else { panic!("{server}: {said:#?}") };
    assert!(only.starts_with(&format!("!spec.servers[0]{field}: ")), "{server}: {only}");
    assert!(only.contains(words), "{server}: {only}");
}

/// The server is served, and each of the verdicts holds its words.
#[track_caller]
fn served(server: &str, words: &[&str]) -> GatewayPlan {
    let plan = servers(&[server]);
    let said = said(&plan);
    assert_eq!(plan.servers.len(), 1, "{server}: {said:?}");
    assert_eq!(said.len(), words.len(), "{server}: {said:#?}");
    for (said, words) in said.iter().zip(words) {
        assert!(said.contains(words), "{server}: {said}");
    }
    plan
}

const HTTPS: &str = "port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.test]";
const HTTP: &str = "port: {number: 80, name: http, protocol: HTTP}, hosts: [a.test]";

fn https(tls: &str) -> String {
    format!("{{{HTTPS}, tls: {{{tls}}}}}")
}

fn http(tls: &str) -> String {
    format!("{{{HTTP}, tls: {{{tls}}}}}")
}
