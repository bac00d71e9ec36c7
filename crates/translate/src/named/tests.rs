use model::{Reason, State};

use super::*;
use crate::{
    Memory, Settings,
    tests::{Source, at},
    translate,
};

const OBJECTS: &str = r#"
apiVersion: doorward.dev/v1alpha1
kind: Issuer
metadata: {name: acme}
spec: {acme: {eab: {keySecret: {name: eab, key: hmac}}}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: doorward}
spec: {controller: doorward.dev/ingress}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: doorward
  tls:
  - {hosts: [a.test], secretName: tls-a}
  - {hosts: [b.test], secretName: ""}
  - {hosts: [c.test]}
---
apiVersion: alibabacloud.com/v1
kind: AlbConfig
metadata: {name: edge-lb}
spec:
  Listeners:
  - {port: 443, protocol: HTTPS, defaultCertificate: {Kind: Secret, namespace: edge, Name: main}}
  - {port: 444, protocol: HTTPS, defaultCertificate: {certificateId: 1-cn-hangzhou}}
"#;

fn world() -> World {
    let mut source = Source::default();
    source.apply(OBJECTS);
    source.world
}

fn named(world: &World) -> BTreeSet<Key> {
    named_secrets(world, &SecretHomes { store: &"doorward-system".into(), gateway: &"edge".into() })
}

#[test]
fn ingresses_albconfigs_and_issuers_name_secrets() {
    let named: Vec<_> = named(&world()).into_iter().collect();
    assert_eq!(
        named,
        [
            Key::new("doorward-system", "doorward-challenges"),
            Key::new("doorward-system", "eab"),
            Key::new("edge", "main"),
            Key::new("shop", "tls-a"),
        ]
    );
}

#[test]
fn gateways_name_secrets_where_the_gateway_runs() {
    let mut source = Source::default();
    source.apply(
        r#"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web, namespace: shop}
spec:
  servers:
  - {port: {number: 80}}
  - tls: {credentialName: one}
  - tls: {credentialNames: ["kubernetes-gateway://edge/two", "kubernetes://edge/three"]}
  - tls: {caCertCredentialName: four}
  - tls: {credentialName: "kubernetes://elsewhere/five"}
  - tls: {credentialName: "configmap://edge/six"}
  - tls: {credentialName: ""}
"#,
    );
    let named = named(&source.world);
    assert!(named.iter().all(|key| &*key.namespace == "edge"), "{named:?}");
    let names: Vec<_> = named.iter().map(|key| &*key.name).collect();
    let with_ca = ["four", "four-cacert", "one", "one-cacert", "three", "three-cacert"];
    assert_eq!(names, [&with_ca[..], &["two", "two-cacert"]].concat());
}

#[test]
fn a_secret_that_cannot_be_seen_is_not_called_missing() {
    let settings = Settings {
        secret_namespaces: Some(["doorward-system".into()].into()),
        ..Settings::default()
    };
    let translation = translate(&world(), &settings, &Memory::default(), at("+0d"));
    let of_web = |verdict: &&model::Verdict| verdict.object.to_string() == "Ingress shop/web";
    let verdict = translation.verdicts.iter().find(of_web).unwrap();
    assert_eq!((verdict.state, verdict.reason), (State::Rejected, Reason::SecretNotFound));
    for part in ["Secret shop/tls-a cannot be seen", "add shop to watchNamespaces", "RoleBinding"] {
        assert!(verdict.message.contains(part), "{}", verdict.message);
    }
    assert!(!verdict.message.contains("does not exist"), "{}", verdict.message);
}
