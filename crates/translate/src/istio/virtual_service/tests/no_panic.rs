//! Whatever stands in a VirtualService, reading it ends in verdicts.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::read;
use crate::{
    Memory, Settings,
    dialect::{Memo, claims},
    tests::Source,
    world::{Key, Object, VirtualService},
};

/// Words that the reader knows, so that what is made up gets deep into it.
const KEYS: &[&str] = &[
    "hosts",
    "gateways",
    "exportTo",
    "http",
    "tls",
    "tcp",
    "match",
    "route",
    "uri",
    "exact",
    "prefix",
    "regex",
    "ignoreUriCase",
    "headers",
    "withoutHeaders",
    "queryParams",
    "port",
    "number",
    "destination",
    "host",
    "subset",
    "weight",
    "redirect",
    "redirectCode",
    "authority",
    "derivePort",
    "directResponse",
    "status",
    "body",
    "bytes",
    "rewrite",
    "uriRegexRewrite",
    "request",
    "response",
    "set",
    "add",
    "remove",
    "timeout",
    "retries",
    "attempts",
    "retryOn",
    "perTryTimeout",
    "fault",
    "delay",
    "abort",
    "fixedDelay",
    "percentage",
    "value",
    "httpStatus",
    "grpcStatus",
    "mirror",
    "mirrors",
    "mirrorPercentage",
    "corsPolicy",
    "allowOrigins",
    "maxAge",
    "delegate",
    "name",
    "sniHosts",
    "sourceLabels",
];

const TEXTS: &[&str] = &[
    "",
    "*",
    "*.a.test",
    "a.test",
    "web",
    "/",
    "(",
    "(a)",
    "\\1",
    "\\",
    "$1",
    "%",
    "%%",
    "%REQ(x)%",
    "5s",
    "1.5h.",
    "µs",
    "é",
    ".",
    "..",
    "a/b",
    "mesh",
    "web.shop.svc.cluster.local",
    "5xx,503,x",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_i64..700).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let key = prop_oneof![
            6 => prop::sample::select(KEYS).prop_map(str::to_owned),
            1 => any_text(),
        ];
        let object = prop::collection::vec((key, inner.clone()), 0..6)
            .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>()));
        prop_oneof![3 => object, 2 => prop::collection::vec(inner, 0..4).prop_map(Value::from)]
    })
}

const GATEWAYS: &str = "
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: g, namespace: shop}, spec: {servers: [
  {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']},
  {port: {number: 81, name: tcp, protocol: TCP}, hosts: ['*.a.test']},
  {port: {number: 443, name: pass, protocol: TLS}, hosts: ['*'], tls: {mode: PASSTHROUGH}}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{name: a, port: 1}, {name: b, port: 2}]}}
";

/// All VirtualServices of a World, by name; with their rules and tunnels.
fn translate(specs: Vec<(&str, Value)>) {
    let mut source = Source::default();
    source.apply(GATEWAYS);
    for (name, spec) in specs {
        let object = Object {
            reference: model::ObjectRef::namespaced("VirtualService", "shop", name),
            origin: None,
            created: Timestamp::UNIX_EPOCH,
            sequence: 0,
            body: VirtualService(json!({ "spec": spec })),
        };
        source.world.virtual_services.insert(Key::new("shop", name), Arc::new(object));
    }
    claims(&source.world, &Settings::default(), &Memory::default(), &mut Memo::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_object_makes_the_reader_panic(spec in any_value(), rule in any_value(), block in any_value()) {
        let plan = read(spec);
        prop_assert_eq!(plan.is_refused, plan.verdicts.iter().any(|v| v.state == model::State::Rejected));
        read(json!({"hosts": ["a.test"], "gateways": ["g"], "http": [rule.clone()], "tls": [rule]}));
        let route = json!([{"destination": {"host": "web"}, "headers": block}]);
        read(json!({"hosts": ["a.test"], "http": [{"match": [block], "rewrite": block, "fault": block,
            "retries": block, "corsPolicy": block, "headers": block, "route": route}]}));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_object_makes_the_translation_panic(a in any_value(), b in any_value(), block in any_value()) {
        let route = json!([{"destination": {"host": "web"}, "headers": block}]);
        let http = |part: &Value| json!([
            {"match": [part, {"uri": {"prefix": "/p"}}], "route": route, "rewrite": {"uri": "/x"}},
            {"delegate": {"name": "leaf"}, "match": [part], "mirror": {"host": "web"}},
            {"redirect": part},
            {"route": route},
        ]);
        translate(vec![
            ("a", json!({"hosts": ["a.test"], "gateways": ["g"], "http": http(&block), "tls": b, "tcp": [a]})),
            ("b", json!({"hosts": a, "gateways": ["g"], "http": http(&b)})),
            ("c", json!({"hosts": ["*"], "gateways": ["g"], "tls": [{"match": [{"sniHosts": ["*"]}], "route": route}]})),
            ("leaf", json!({"http": [{"match": [block], "route": route}, {"route": route, "rewrite": b}]})),
        ]);
    }
}
