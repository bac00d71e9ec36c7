//! Annotations of an Ingress: each line of the input is one, its first character chooses the key.
//! The whole translation runs on them; translating again with what it remembers changes nothing.
#![no_main]

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use libfuzzer_sys::fuzz_target;
use model::ObjectRef;
use serde_json::json;
use translate::{
    Memory, Settings, World, translate,
    world::{Key, Object, Objects},
};

const PREFIX: &str = "alb.ingress.kubernetes.io/";
const KEYS: [&str; 16] = [
    "listen-ports",
    "actions.web",
    "conditions.web",
    "rule-direction.web",
    "order",
    "ssl-redirect",
    "rewrite-target",
    "use-regex",
    "backend-protocol",
    "canary-weight",
    "canary-by-header",
    "canary-by-cookie",
    "cors-allow-origin",
    "cors-max-age",
    "traffic-limit-qps",
    "unknown-key",
];

fuzz_target!(|data: &str| {
    let mut annotations = BTreeMap::new();
    for line in data.lines() {
        let Some(first) = line.chars().next() else { continue };
        let key = KEYS[first as usize % KEYS.len()];
        annotations.insert(format!("{PREFIX}{key}"), line[first.len_utf8()..].to_owned());
        if matches!(key, "canary-weight" | "canary-by-header" | "canary-by-cookie") {
            annotations.insert(format!("{PREFIX}canary"), "true".to_owned());
        }
    }
    let now = Timestamp::UNIX_EPOCH;
    let (world, settings) = (world(annotations), Settings::default());
    let first = translate(&world, &settings, &Memory::default(), now);
    let again = translate(&world, &settings, &first.memory, now);
    assert_eq!(first.model, again.model);
    assert_eq!(first.verdicts, again.verdicts);
});

fn world(annotations: BTreeMap<String, String>) -> World {
    let class: IngressClass = read(json!({
        "metadata": {"name": "alb"},
        "spec": {
            "controller": "ingress.k8s.alibabacloud/alb",
            "parameters": {"apiGroup": "alibabacloud.com", "kind": "AlbConfig", "name": "edge"},
        },
    }));
    let config = json!({
        "metadata": {"name": "edge"},
        "spec": {"config": {"name": "edge"}, "listeners": [
            {"port": 80, "protocol": "HTTP"},
            {"port": 443, "protocol": "HTTPS"},
        ]},
    });
    let backend = json!({"service": {"name": "web", "port": {"name": "use-annotation"}}});
    let ingress: Ingress = read(json!({
        "metadata": {"namespace": "fuzz", "name": "web", "annotations": annotations},
        "spec": {
            "ingressClassName": "alb",
            "tls": [{"hosts": ["shop.test"]}],
            "rules": [{"host": "shop.test", "http": {"paths": [
                {"path": "/a", "pathType": "Prefix", "backend": backend},
                {"path": "/b(.*)", "pathType": "ImplementationSpecific", "backend": backend},
            ]}}],
        },
    }));
    World {
        ingress_classes: one("IngressClass", "", "alb", class),
        alb_configs: one("AlbConfig", "", "edge", config),
        ingresses: one("Ingress", "fuzz", "web", ingress),
        ..World::default()
    }
}

fn read<T: serde::de::DeserializeOwned>(object: serde_json::Value) -> T {
    serde_json::from_value(object).expect("the object is written here")
}

fn one<T>(kind: &str, namespace: &str, name: &str, body: T) -> Objects<T> {
    let reference = match namespace {
        "" => ObjectRef::cluster(kind, name),
        namespace => ObjectRef::namespaced(kind, namespace, name),
    };
    let object =
        Object { reference, origin: None, created: Timestamp::UNIX_EPOCH, sequence: 0, body };
    Objects::from([(Key::new(namespace, name), Arc::new(object))])
}
