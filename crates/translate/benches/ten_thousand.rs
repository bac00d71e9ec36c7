//! What a translation costs at 10,000 Ingresses: the first one, one after a single change,
//! one where nothing changed, and one where all rules get new endpoints.

use std::sync::Arc;

use divan::{Bencher, black_box};
use jiff::Timestamp;
use k8s_openapi::api::{discovery::v1::EndpointSlice, networking::v1::Ingress};
use model::{Certificate, CertificateId, Fingerprint, KeyAlgorithm, Name, ObjectRef, PrivateKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::json;
use translate::{
    Memory, Settings, Translator, World,
    world::{Key, Object, Secret},
};

const INGRESSES: u32 = 10_000;

fn main() {
    divan::main();
}

/// Where the certificates come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// Each Ingress names a Secret of its own.
    Secrets,
    /// Each host is looked up in a store of as many certificates.
    Discovery,
}

const SOURCES: [Source; 2] = [Source::Secrets, Source::Discovery];

fn object<T>(kind: &str, namespace: &str, name: &str, body: T) -> (Key, Arc<Object<T>>) {
    let reference = match namespace {
        "" => ObjectRef::cluster(kind, name),
        _ => ObjectRef::namespaced(kind, namespace, name),
    };
    let object =
        Object { reference, origin: None, created: Timestamp::UNIX_EPOCH, sequence: 0, body };
    (Key::new(namespace, name), Arc::new(object))
}

fn ingress(index: u32, source: Source, path: &str) -> (Key, Arc<Object<Ingress>>) {
    let (name, host) = (format!("web-{index}"), format!("www-{index}.shop.test"));
    let tls = match source {
        Source::Secrets => json!([{"hosts": [host], "secretName": format!("tls-{index}")}]),
        Source::Discovery => json!([{"hosts": [host]}]),
    };
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let body = json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "ingressClassName": "edge",
            "tls": tls,
            "rules": [{"host": host, "http": {"paths": [
                {"path": path, "pathType": "Prefix", "backend": backend},
            ]}}],
        },
    });
    object("Ingress", "shop", &name, serde_json::from_value(body).expect("an Ingress as written"))
}

fn secret(index: u32, source: Source) -> (Key, Arc<Object<Secret>>) {
    let mut fingerprint = [0; 32];
    fingerprint[..4].copy_from_slice(&index.to_be_bytes());
    let certificate = Certificate {
        ocsp_staple: None,
        names: vec![Name::parse(&format!("www-{index}.shop.test")).expect("made of labels")],
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before: Timestamp::UNIX_EPOCH,
        not_after: Timestamp::MAX,
        key_algorithm: KeyAlgorithm::EcdsaP256,
        fingerprint: Fingerprint(fingerprint),
        leaf: Vec::new().into(),
        issuers: Arc::new([]),
        key: PrivateKey::new(PrivatePkcs8KeyDer::from(Vec::new()).into()),
    };
    let store_id = match source {
        Source::Secrets => None,
        Source::Discovery => Some(CertificateId::store(&format!("{index}-cn-hangzhou"))),
    };
    let body = Secret {
        credentials: None,
        crls: Vec::new(),
        ca_problem: None,
        store_id,
        issued_by: None,
        issued_as: None,
        pair: Ok(Arc::new(certificate)),
        roots: Vec::new(),
    };
    object("Secret", "shop", &format!("tls-{index}"), body)
}

fn world(source: Source) -> World {
    let class = json!({
        "metadata": {"name": "edge"},
        "spec": {
            "controller": "ingress.k8s.alibabacloud/alb",
            "parameters": {"apiGroup": "alibabacloud.com", "kind": "AlbConfig", "name": "edge-lb"},
        },
    });
    let config = json!({
        "metadata": {"name": "edge-lb"},
        "spec": {"config": {"name": "edge"}, "listeners": [{"port": 443, "protocol": "HTTPS"}]},
    });
    let service = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"ports": [{"port": 80}]},
    });
    let class = serde_json::from_value(class).expect("an IngressClass as written");
    let service = serde_json::from_value(service).expect("a Service as written");
    World {
        ingress_classes: [object("IngressClass", "", "edge", class)].into(),
        alb_configs: [object("AlbConfig", "", "edge-lb", config)].into(),
        services: [object("Service", "shop", "web", service)].into(),
        ingresses: (0..INGRESSES).map(|index| ingress(index, source, "/")).collect(),
        secrets: (0..INGRESSES).map(|index| secret(index, source)).collect(),
        ..World::default()
    }
}

#[divan::bench(args = SOURCES, sample_count = 10)]
fn first(bencher: Bencher<'_, '_>, source: Source) {
    let (world, settings, memory) = (world(source), Settings::default(), Memory::default());
    bencher.with_inputs(Translator::default).bench_local_values(|mut translator| {
        let out = translator.translate(&world, &settings, &memory, Timestamp::UNIX_EPOCH);
        assert_eq!(out.memory.bound.len(), INGRESSES as usize);
        (translator, out)
    });
}

#[divan::bench(args = SOURCES, sample_count = 20)]
fn one_changes(bencher: Bencher<'_, '_>, source: Source) {
    let (mut world, settings) = (world(source), Settings::default());
    let mut translator = Translator::default();
    let mut memory = Memory::default();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let (key, changed) = ingress(turn % INGRESSES, source, &format!("/{turn}"));
        world.ingresses.insert(key, changed);
        world.generation += 1;
        let out = translator.translate(&world, &settings, &memory, Timestamp::UNIX_EPOCH);
        memory = black_box(out).memory;
    });
}

#[divan::bench(args = SOURCES, sample_count = 20)]
fn nothing_changes(bencher: Bencher<'_, '_>, source: Source) {
    let (world, settings) = (world(source), Settings::default());
    let mut translator = Translator::default();
    let first = translator.translate(&world, &settings, &Memory::default(), Timestamp::UNIX_EPOCH);
    bencher.bench_local(|| {
        black_box(translator.translate(&world, &settings, &first.memory, Timestamp::UNIX_EPOCH))
    });
}

/// The worst of the common changes: a pod of the Service that every rule forwards to comes or
/// goes, so that all rules are made anew.
#[divan::bench(sample_count = 20)]
fn endpoints_of_all_change(bencher: Bencher<'_, '_>) {
    let (mut world, settings) = (world(Source::Secrets), Settings::default());
    let mut translator = Translator::default();
    let mut memory = Memory::default();
    let mut turn = 0_u8;
    bencher.bench_local(|| {
        turn = turn.wrapping_add(1);
        let (key, changed) = slice(turn);
        world.endpoint_slices.insert(key, changed);
        world.generation += 1;
        let out = translator.translate(&world, &settings, &memory, Timestamp::UNIX_EPOCH);
        memory = black_box(out).memory;
    });
}

fn slice(address: u8) -> (Key, Arc<Object<EndpointSlice>>) {
    let body = json!({
        "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [format!("10.0.0.{address}")]}],
        "ports": [{"port": 8080}],
    });
    let body = serde_json::from_value(body).expect("an EndpointSlice as written");
    object("EndpointSlice", "shop", "web-1", body)
}
