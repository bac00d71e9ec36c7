//! Whatever stands in a Gateway, reading it ends in servers and verdicts.

use std::sync::Arc;

use jiff::Timestamp;
use model::{ObjectRef, State};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::GatewayPlan;
use crate::{
    Memory, Settings, World, translate,
    world::{Gateway, Key, Object},
};

const KEYS: &[&str] = &[
    "servers",
    "selector",
    "port",
    "number",
    "name",
    "protocol",
    "targetPort",
    "bind",
    "hosts",
    "tls",
    "mode",
    "credentialName",
    "credentialNames",
    "caCertCredentialName",
    "caCrl",
    "serverCertificate",
    "tlsCertificates",
    "subjectAltNames",
    "verifyCertificateSpki",
    "verifyCertificateHash",
    "minProtocolVersion",
    "cipherSuites",
    "httpsRedirect",
    "nobody's",
];
const TEXTS: &[&str] = &[
    "HTTPS",
    "HTTP",
    "TLS",
    "TCP",
    "SIMPLE",
    "MUTUAL",
    "PASSTHROUGH",
    "*",
    "*/*",
    "./a.test",
    "a.test",
    "*.test",
    "kubernetes://a/b",
    "://",
    "web",
    "TLSV1_3",
    "::1",
    "unix://",
    "é\u{0}",
    "",
];

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(0), Just(443), Just(-1), Just(70_000), any::<i64>()].prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let key = prop::sample::select(KEYS).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

/// Nearly right, with one part replaced.
fn nearly_right() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(&[
        "/servers/0/port",
        "/servers/0/port/number",
        "/servers/0/port/protocol",
        "/servers/0/hosts",
        "/servers/0/hosts/0",
        "/servers/0/tls",
        "/servers/0/tls/mode",
        "/servers/0/tls/credentialName",
        "/servers/0",
        "/servers/0/bind",
        "/selector",
        "/servers/0/tls/verifyCertificateHash",
    ]);
    (path, any_value()).prop_map(|(path, value)| {
        let mut spec = json!({
            "selector": {"istio": "ingress"},
            "servers": [{
                "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                "bind": "127.0.0.1",
                "hosts": ["a.test"],
                "tls": {"mode": "MUTUAL", "credentialName": "web", "verifyCertificateHash": []},
            }],
        });
        *spec.pointer_mut(path).unwrap() = value;
        spec
    })
}

proptest! {
    #[test]
    fn nothing_written_makes_it_fall(spec in prop_oneof![any_value(), nearly_right()]) {
        let object = Object {
            reference: ObjectRef::namespaced("Gateway", "edge", "web"),
            origin: None,
            created: Timestamp::UNIX_EPOCH,
            sequence: 0,
            body: Gateway(json!({"metadata": {"name": "web"}, "spec": spec})),
        };
        let plan = GatewayPlan::read(&object);
        let rejects = plan.verdicts.iter().any(|verdict| verdict.state == State::Rejected);
        prop_assert_eq!(rejects, plan.servers.is_empty(), "{:?}", plan);
        let mut world = World::default();
        world.gateways.insert(Key::new("edge", "web"), Arc::new(object));
        let now = Timestamp::UNIX_EPOCH;
        let translation = translate(&world, &Settings::default(), &Memory::default(), now);
        prop_assert!(!translation.verdicts.is_empty());
        for listener in translation.model.listeners() {
            prop_assert!(!listener.servers.is_empty() || listener.protocol == model::Protocol::Http);
        }
    }
}
