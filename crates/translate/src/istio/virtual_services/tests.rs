//! What is kept from run to run.

mod requests;

use crate::{
    Memory, Settings,
    dialect::{Memo, claims},
    tests::Source,
};

const GATEWAY: &str = "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}}";
const SERVICE: &str = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}";

fn slice(address: &str) -> String {
    format!(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: web-1, namespace: shop, labels: {{kubernetes.io/service-name: web}}}}, addressType: IPv4, ports: [{{port: 80}}], endpoints: [{{addresses: [{address}]}}]}}"
    )
}

fn virtual_service(name: &str, host: &str) -> String {
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: {name}, namespace: shop}}, spec: {{hosts: ['{host}'], gateways: [edge], http: [{{match: [{{uri: {{regex: '/v[0-9]+'}}}}], route: [{{destination: {{host: web}}}}]}}]}}}}"
    )
}

/// The address that requests go to, and where the pattern of the rule lies in memory.
fn look(source: &Source, memo: &mut Memo) -> (String, *const regex::Regex) {
    let claims = claims(&source.world, &Settings::default(), &Memory::default(), memo);
    let rule = &claims.load_balancers[0].listeners[0].rules[0];
    let model::Action::Forward(targets) = &rule.action else { panic!("{rule:?}") };
    let [model::PathMatch::Text(model::TextMatch::Regex(pattern))] = &rule.matches.paths[..] else {
        panic!("{rule:?}")
    };
    (targets[0].backend.endpoints[0].to_string(), std::sync::Arc::as_ptr(pattern))
}

#[test]
fn new_endpoints_reach_the_rules_without_reading_the_object_again() {
    let mut source = Source::default();
    let mut memo = Memo::default();
    [GATEWAY, SERVICE, &slice("10.0.0.1"), &virtual_service("web", "a.test")]
        .into_iter()
        .for_each(|text| source.apply(text));
    let (address, pattern) = look(&source, &mut memo);
    assert_eq!(address, "10.0.0.1:80");
    source.apply(&slice("10.0.0.2"));
    let (address, same_pattern) = look(&source, &mut memo);
    assert_eq!(address, "10.0.0.2:80");
    assert_eq!(pattern, same_pattern, "the object was read again");
    source.apply(&virtual_service("web", "b.test"));
    assert_ne!(look(&source, &mut memo).1, pattern, "a new object is read");
}
