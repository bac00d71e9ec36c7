use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::{CertificateId, ListenerKey, Verdict};
use testkit::{
    manifest::{store_secret, tls_secret},
    pki::TestCa,
};
use translate::{
    Memory, Settings, translate,
    world::{Console, ConsoleEdit, Key, Objects},
};

use super::*;
use crate::parse_documents;

const STORE: &str = "doorward-system";

/// A World with something of everything, as an API server gives it: without files.
fn world() -> World {
    let ca = TestCa::new("root").intermediate("middle");
    let objects = r#"
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge, creationTimestamp: "2026-01-02T03:04:05Z"}
spec:
  controller: ingress.k8s.alibabacloud/alb
  parameters: {apiGroup: alibabacloud.com, kind: AlbConfig, name: edge-lb}
---
apiVersion: alibabacloud.com/v1
kind: AlbConfig
metadata: {name: edge-lb}
spec:
  config: {name: edge}
  listeners:
  - {port: 80, protocol: HTTP}
  - port: 443
    protocol: HTTPS
    caEnabled: true
    caCertificates: [{CertificateId: clients}]
    certificates: [{CertificateId: 901-cn}, {CertificateId: 902-cn}]
  - {port: 8443, protocol: HTTPS}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    alb.ingress.kubernetes.io/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}, {"HTTPS": 8443}]'
    note: "text with \"quotes\"\nand a second line, ü"
spec:
  ingressClassName: edge
  tls:
  - {hosts: [a.test], secretName: tls-a}
  - {hosts: [b.test], secretName: tls-bad}
  rules:
  - host: a.test
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
      - {path: /old, pathType: Prefix, backend: {service: {name: old, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: lost, namespace: shop}
spec: {ingressClassName: none}
unknownField: 1
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{name: http, port: 80, targetPort: web}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: old, namespace: shop}, spec: {ports: [{port: 80}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
ports: [{name: http, port: 8080}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: old, namespace: shop}
subsets: [{addresses: [{ip: 10.0.0.2}], ports: [{port: 8081}]}]
"#;
    let bad = tls_secret("shop", "tls-bad", &ca.leaf(&["b.test"])).replace("tls.key", "tls.cow");
    let clients = pem_secret(STORE, "clients", &[("ca.crt", ca.pem()), ("ca.crl", &ca.crl(&[]))]);
    let unchecked = pem_secret(STORE, "unchecked", &[("cacert", ca.pem()), ("crl", "garbage")]);
    let stapled = ca.leaf(&["stapled.test"]);
    let documents = [
        objects.to_owned(),
        store_secret(STORE, "901-cn", &ca.leaf(&["*.test"])),
        store_secret(STORE, "902-cn", &ca.leaf(&["other.test"])),
        tls_secret("shop", "tls-a", &ca.leaf(&["a.test"])),
        issued(&tls_secret("shop", "made", &ca.leaf(&["made.test"]))),
        stapled_secret(&tls_secret("shop", "stapled", &stapled), &ca.ocsp_response(&stapled)),
        bad,
        clients,
        unchecked,
    ];
    let mut world = parse_documents(documents.join("---\n").as_bytes());
    lose_files(&mut world);
    world.generation = 7;
    world.console = console();
    world
}

fn pem_secret(namespace: &str, id: &str, data: &[(&str, &str)]) -> String {
    let data = data.iter().map(|(key, pem)| format!("{key}: {}", STANDARD.encode(pem)));
    let data: Vec<_> = data.collect();
    format!(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: {id}, namespace: {namespace}, labels: \
         {{doorward.dev/certificate-id: {id}}}}}, data: {{{}}}}}\n",
        data.join(", ")
    )
}

fn stapled_secret(secret: &str, response: &[u8]) -> String {
    let staple = format!("tls.ocsp-staple: {}", STANDARD.encode(response));
    secret.replace("  tls.crt:", &format!("  {staple}\n  tls.crt:"))
}

fn issued(secret: &str) -> String {
    secret.replace("type:", "  labels: {doorward.dev/issued-by: local}\ntype:")
}

fn console() -> Console {
    let edit = |id: &str| ConsoleEdit { id: CertificateId::store(id), generation: 7 };
    let listener = |name: &str| name.parse::<ListenerKey>().unwrap();
    let mut console = Console::default();
    console.read_only.insert("edge-lb".into(), false);
    console.defaults.insert(listener("edge-lb:443"), edit("902-cn"));
    console.added.insert(listener("edge-lb:8443"), vec![edit("shop/tls-a"), edit("901-cn")]);
    console.removed.insert(listener("edge-lb:443"), vec![edit("901-cn")]);
    console
}

fn lose_files(world: &mut World) {
    fn of<T: Clone>(objects: &mut Objects<T>) {
        objects.values_mut().for_each(|object| Arc::make_mut(object).origin = None);
    }
    of(&mut world.ingress_classes);
    of(&mut world.alb_configs);
    of(&mut world.ingresses);
    of(&mut world.services);
    of(&mut world.endpoint_slices);
    of(&mut world.endpoints);
    of(&mut world.secrets);
    world.faults.iter_mut().for_each(|fault| fault.origin = None);
}

struct Home {
    folder: tempfile::TempDir,
    state: StateFolder,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        Self { folder, state }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path("world.jsonl")).unwrap()
    }

    #[track_caller]
    fn assert_put_aside(&self, bytes: &[u8]) {
        fs::write(self.path("world.jsonl"), bytes).unwrap();
        assert!(self.state.load_snapshot().is_none());
        assert_eq!(fs::read(self.path("world.corrupt")).unwrap(), bytes);
        assert!(!self.path("world.jsonl").exists());
    }
}

#[test]
fn a_restored_world_gives_the_same_model_and_the_same_verdicts() {
    let (home, world) = (Home::new(), world());
    assert_eq!(world.faults.len(), 1, "{:?}", world.faults);
    let before = Timestamp::now();
    home.state.save_snapshot(&world).unwrap();
    let Snapshot { world: restored, saved } = home.state.load_snapshot().unwrap();
    assert!(before <= saved && saved <= Timestamp::now());

    let (settings, now) = (Settings::default(), Timestamp::now());
    let expected = translate(&world, &settings, &Memory::default(), now);
    let ids = |port| -> Vec<&str> {
        let mut listeners = expected.model.listeners();
        let listener = listeners.find(|listener| listener.key.port == port).unwrap();
        listener.certificates.bindings.iter().map(|binding| binding.id.as_str()).collect()
    };
    assert_eq!(ids(443), ["902-cn", "shop/tls-a"], "as the objects and the operator say");
    assert_eq!(ids(8443), ["shop/tls-a", "901-cn"]);
    assert_eq!(translate(&restored, &settings, &Memory::default(), now), expected);
}

#[test]
fn everything_of_an_object_is_kept() {
    let (home, world) = (Home::new(), world());
    home.state.save_snapshot(&world).unwrap();
    let restored = home.state.load_snapshot().unwrap().world;
    assert_same(&restored.ingress_classes, &world.ingress_classes, |a, b| a == b);
    assert_same(&restored.alb_configs, &world.alb_configs, |a, b| a == b);
    assert_same(&restored.ingresses, &world.ingresses, |a, b| a == b);
    assert_same(&restored.services, &world.services, |a, b| a == b);
    assert_same(&restored.endpoint_slices, &world.endpoint_slices, |a, b| a == b);
    assert_same(&restored.endpoints, &world.endpoints, |a, b| a == b);
    assert_same(&restored.secrets, &world.secrets, |a, b| {
        let key = |secret: &translate::world::Secret| {
            secret.pair.as_ref().ok().map(|pair| pair.key.expose().clone_key())
        };
        a.pair == b.pair
            && key(a) == key(b)
            && (&a.roots, &a.crls, &a.ca_problem) == (&b.roots, &b.crls, &b.ca_problem)
            && (&a.store_id, &a.issued_by, &a.issued_as)
                == (&b.store_id, &b.issued_by, &b.issued_as)
    });
    assert_eq!(restored.faults, world.faults);
    assert_eq!(restored.console, world.console);
    assert_eq!(restored.generation, world.generation);

    let secret = |namespace, name| &world.secrets[&Key::new(namespace, name)].body;
    assert!(secret("shop", "tls-bad").pair.is_err(), "an invalid Secret was among them");
    assert!(secret("shop", "made").issued_by.is_some());
    assert_eq!(secret(STORE, "clients").roots.len(), 1);
    assert_eq!(secret(STORE, "clients").crls.len(), 1);
    assert_eq!(secret(STORE, "unchecked").ca_problem.as_ref().unwrap().field, "data[\"crl\"]");
    assert!(secret("shop", "stapled").pair.as_ref().unwrap().ocsp_staple.is_some());
}

#[track_caller]
fn assert_same<T>(a: &Objects<T>, b: &Objects<T>, same: impl Fn(&T, &T) -> bool) {
    assert!(!b.is_empty());
    assert!(a.keys().eq(b.keys()));
    for (a, b) in a.values().zip(b.values()) {
        assert_eq!(a.reference, b.reference);
        assert_eq!((a.created, a.sequence), (b.created, b.sequence), "{}", a.reference);
        assert!(same(&a.body, &b.body), "{}", a.reference);
    }
}

#[test]
fn only_doorward_may_read_it() {
    let home = Home::new();
    home.state.save_snapshot(&world()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path("world.jsonl")), 0o600);
}

#[test]
fn without_a_file_there_is_no_snapshot() {
    assert!(Home::new().state.load_snapshot().is_none());
}

#[test]
fn a_file_that_cannot_be_read_just_now_stays() {
    let home = Home::new();
    // A folder can be opened but not read.
    fs::create_dir(home.path("world.jsonl")).unwrap();
    assert!(home.state.load_snapshot().is_none());
    assert!(home.path("world.jsonl").exists() && !home.path("world.corrupt").exists());
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_put_aside() {
    let home = Home::new();
    home.state.save_snapshot(&World::default()).unwrap();
    let whole = home.bytes();
    for length in 0..whole.len() {
        home.assert_put_aside(&whole[..length]);
    }
}

#[test]
fn a_file_with_a_changed_byte_or_more_at_its_end_is_put_aside() {
    let home = Home::new();
    let mut world = World::default();
    world.faults.push(Verdict::rejected(
        model::ObjectRef::namespaced("Ingress", "shop", "web"),
        model::Reason::InvalidField,
        "a message",
    ));
    home.state.save_snapshot(&world).unwrap();
    let whole = home.bytes();
    assert!(home.state.load_snapshot().is_some());
    for position in 0..whole.len() {
        let mut changed = whole.clone();
        changed[position] ^= 1;
        home.assert_put_aside(&changed);
    }
    home.assert_put_aside(&[whole.as_slice(), b"{}"].concat());
    home.assert_put_aside(&[whole.as_slice(), b"{}\n"].concat());
}

#[test]
fn a_file_of_another_version_is_put_aside() {
    let home = Home::new();
    home.state.save_snapshot(&World::default()).unwrap();
    let text = String::from_utf8(home.bytes()).unwrap();
    assert!(text.starts_with("{\"Head\":{\"version\":1,"), "{text}");
    let other = text.replacen("\"version\":1", "\"version\":2", 1);
    assert_eq!(
        read(other.as_bytes()).unwrap_err().to_string(),
        "it has format 2, and this Doorward reads 1"
    );
    home.assert_put_aside(other.as_bytes());
}

#[test]
fn what_is_wrong_with_a_file_is_told_without_its_content() {
    let home = Home::new();
    home.state.save_snapshot(&world()).unwrap();
    let text = String::from_utf8(home.bytes()).unwrap();
    let broken = text.replace("\"key\":\"", "\"key\":7,\"was\":\"");
    let error = read(broken.as_bytes()).unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.starts_with("line ") && told.len() < 80, "{told}");
}

#[test]
fn a_fault_in_words_of_another_version_is_left_out() {
    let mut world = World::default();
    let object = model::ObjectRef::cluster("AlbConfig", "edge-lb");
    world.faults.push(Verdict::warning(object.clone(), model::Reason::UnknownKey, "kept"));
    let saved = serde_json::to_value(SavedFault::of(&world.faults[0])).unwrap();
    assert_eq!(SavedFault::restore(saved.clone()), Some(world.faults[0].clone()));
    let mut other = saved;
    other["reason"] = "NewReason".into();
    assert_eq!(SavedFault::restore(other), None);
}

#[test]
fn a_snapshot_replaces_the_one_before_and_a_failed_one_does_not() {
    let home = Home::new();
    home.state.save_snapshot(&world()).unwrap();
    let mut next = World { generation: 8, ..World::default() };
    home.state.save_snapshot(&next).unwrap();
    assert_eq!(home.state.load_snapshot().unwrap().world.generation, 8);

    next.generation = 9;
    let path = home.path("world.jsonl");
    let failed = atomic::write_with(&path, 0o600, |file| {
        write(&next, Timestamp::now(), file)?;
        Err(io::ErrorKind::StorageFull.into())
    });
    assert!(failed.is_err());
    assert_eq!(home.state.load_snapshot().unwrap().world.generation, 8);
    let files = fs::read_dir(home.folder.path()).unwrap().count();
    assert_eq!(files, 6, "four folders, the lock and the snapshot");
}
