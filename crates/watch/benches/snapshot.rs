//! How long a large World takes to be kept and to be restored: run
//! `cargo bench -p watch --bench snapshot`.

use std::fmt::Write as _;

use testkit::{manifest::tls_secret, pki::TestCa};
use watch::{StateFolder, parse_documents};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5)]
fn save(bencher: divan::Bencher<'_, '_>) {
    let (home, world) = (tempfile::tempdir().expect("a temporary folder"), large_world());
    let state = StateFolder::open(home.path()).expect("the folder can be written");
    bencher.bench_local(|| state.save_snapshot(&world).expect("there is room"));
}

#[divan::bench(sample_count = 5)]
fn load(bencher: divan::Bencher<'_, '_>) {
    let (home, world) = (tempfile::tempdir().expect("a temporary folder"), large_world());
    let state = StateFolder::open(home.path()).expect("the folder can be written");
    state.save_snapshot(&world).expect("there is room");
    bencher.bench_local(|| state.load_snapshot().expect("it was saved").world.secrets.len());
}

/// 10,000 Ingresses, each with its Service and its endpoints, and 5,000 Secrets with chains of
/// two.
fn large_world() -> translate::World {
    let ca = TestCa::new("root").intermediate("middle");
    let mut text = String::new();
    for index in 0..10_000 {
        let namespace = index / 100;
        write!(
            text,
            r#"---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web-{index}
  namespace: team-{namespace}
  labels: {{app.kubernetes.io/name: web, app.kubernetes.io/instance: web-{index}}}
  annotations: {{alb.ingress.kubernetes.io/listen-ports: '[{{"HTTP": 80}}, {{"HTTPS": 443}}]'}}
spec:
  ingressClassName: edge
  tls: [{{hosts: [host-{index}.test], secretName: tls-{index}}}]
  rules:
  - host: host-{index}.test
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: web-{index}, port: {{number: 80}}}}}}}}
---
{{apiVersion: v1, kind: Service, metadata: {{name: web-{index}, namespace: team-{namespace}}}, spec: {{ports: [{{port: 80, targetPort: 8080}}]}}}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: web-{index}-1, namespace: team-{namespace}, labels: {{kubernetes.io/service-name: web-{index}}}}}
addressType: IPv4
endpoints: [{{addresses: [10.0.0.1], conditions: {{ready: true}}}}, {{addresses: [10.0.0.2], conditions: {{ready: true}}}}]
ports: [{{port: 8080}}]
"#
        )
        .expect("a String takes everything");
    }
    for index in 0..5_000 {
        text += "---\n";
        let pair = ca.leaf(&[&format!("host-{index}.test")]);
        text += &tls_secret(&format!("team-{}", index / 100), &format!("tls-{index}"), &pair);
    }
    let world = parse_documents(text.as_bytes());
    assert_eq!((world.ingresses.len(), world.secrets.len()), (10_000, 5_000));
    assert!(world.faults.is_empty());
    world
}
