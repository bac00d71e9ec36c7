//! What is asked of a listener's certificates.

use model::{CertificateId, CertificateSource, Protocol};

use crate::{
    claim::{CertificateClaim, Refused},
    dialect::{
        Claims,
        scene::{Scene, hosts, ingress, listener, members, only_verdict, verdicts},
    },
};

fn claims(fields: &str) -> Claims {
    Scene::edge_with_listeners(&format!("[{{port: 443, protocol: HTTPS{fields}}}]")).claims()
}

fn certificates(claims: &Claims) -> &CertificateClaim {
    &listener(claims, 443).tls.as_ref().unwrap().certificates
}

fn id(text: &str) -> CertificateId {
    CertificateId::store(text)
}

#[test]
fn a_written_list_in_written_order() {
    let claims = claims(
        ", certificates: [{CertificateId: b}, {CertificateId: a, IsDefault: true}, {CertificateId: b, IsDefault: false}]",
    );
    let fixed = certificates(&claims).fixed.clone().unwrap().unwrap();
    assert_eq!(fixed.ids, [id("b"), id("a")]);
    assert_eq!(fixed.default, Some(id("a")));
    assert_eq!(fixed.source, Some(CertificateSource::AlbConfig));
}

#[test]
fn an_empty_list_is_none() {
    for empty in ["", ", certificates:", ", certificates: []"] {
        assert_eq!(certificates(&claims(empty)).fixed, None, "{empty}");
    }
}

#[test]
fn two_defaults_refuse_the_list_only() {
    let claims = claims(
        ", gzipEnabled: false, certificates: [{CertificateId: a, IsDefault: true}, {CertificateId: b, IsDefault: true}]",
    );
    assert_eq!(certificates(&claims).fixed, Some(Err(Refused)));
    assert!(!listener(&claims, 443).gzip, "the rest of the listener counts");
    let verdict = only_verdict(&claims);
    let expected = "Rejected InvalidField AlbConfig edge-lb spec.listeners[0].certificates: IsDefault is true for a and for b";
    assert!(verdict.starts_with(expected), "{verdict}");
}

#[test]
fn a_quoted_default_refuses_the_list_in_the_vendors_words() {
    let claims = claims(", certificates: [{CertificateId: a, IsDefault: \"true\"}]");
    assert_eq!(certificates(&claims).fixed, Some(Err(Refused)));
    let verdict = only_verdict(&claims);
    let expected = "Rejected InvalidField AlbConfig edge-lb spec.listeners[0].certificates[0].IsDefault: json: cannot unmarshal string into Go struct field Certificate.listeners.certificates.IsDefault of type bool";
    assert!(verdict.starts_with(expected), "{verdict}");
}

#[test]
fn an_entry_without_id_refuses_the_list() {
    let claims = claims(", certificates: [{IsDefault: true}]");
    assert_eq!(certificates(&claims).fixed, Some(Err(Refused)));
    assert!(
        only_verdict(&claims).contains("certificates[0].CertificateId: CertificateId is missing")
    );
}

#[test]
fn default_certificate_by_id_or_by_secret() {
    let by_id = claims(", defaultCertificate: {kind: CertIdentifier, certificateId: a}");
    let default = certificates(&by_id).default.clone().unwrap();
    assert_eq!(
        (default.id, default.field.as_str()),
        (id("a"), "spec.listeners[0].defaultCertificate")
    );
    let by_secret = claims(", defaultCertificate: {kind: Secret, namespace: shop, name: tls-a}");
    let default = certificates(&by_secret).default.clone().unwrap();
    assert_eq!(default.id, CertificateId::secret("shop", "tls-a"));
}

#[test]
fn default_certificate_switches_every_isdefault_off() {
    let claims = claims(
        ", defaultCertificate: {kind: CertIdentifier, certificateId: c}, certificates: [{CertificateId: a, IsDefault: true}, {CertificateId: b, IsDefault: true}]",
    );
    let fixed = certificates(&claims).fixed.clone().unwrap().unwrap();
    assert_eq!(fixed.default, None);
    assert_eq!(verdicts(&claims), [""; 0]);
}

#[test]
fn other_kinds_of_default_certificate_are_refused_by_name() {
    let claims = claims(", defaultCertificate: {kind: ConfigMap, name: x}");
    assert_eq!(certificates(&claims).default, None);
    let verdict = only_verdict(&claims);
    let expected = "Rejected InvalidField AlbConfig edge-lb spec.listeners[0].defaultCertificate.kind: defaultCertificate kind ConfigMap is not supported";
    assert!(verdict.starts_with(expected), "{verdict}");
}

#[test]
fn a_default_certificate_that_names_nothing_is_refused() {
    let verdict = only_verdict(&claims(", defaultCertificate: {kind: Secret, name: x}"));
    assert!(verdict.contains("names no certificate: add namespace and name"), "{verdict}");
}

#[test]
fn members_are_the_tls_entries_in_group_order() {
    let spec = format!(
        "tls: [{{hosts: [a.test, b.test], secretName: s}}, {{hosts: [c.test]}}, {{secretName: t}}], {}",
        hosts(&["a.test"])
    );
    let first = format!("tls: [{{hosts: [z.test]}}], {}", hosts(&["z.test"]));
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &spec)).with(&ingress(
        "shop/first",
        &[("order", "1")],
        &first,
    ));
    assert_eq!(
        members(&scene.claims(), 443, Protocol::Https),
        [
            "Ingress shop/first spec.tls[0] [z.test]",
            "Ingress shop/web spec.tls[0] [a.test b.test] shop/s",
            "Ingress shop/web spec.tls[1] [c.test]",
            "Ingress shop/web spec.tls[2] [] shop/t",
        ]
    );
}

#[test]
fn without_a_tls_block_rule_hosts_count_on_https_but_not_on_quic() {
    let ports = [("listen-ports", r#"[{"HTTPS":443},{"QUIC":443}]"#)];
    let mut scene =
        Scene::edge_with_listeners("[{port: 443, protocol: HTTPS}, {port: 443, protocol: QUIC}]")
            .with(&ingress("shop/web", &ports, &hosts(&["a.test", "", "b.test", "a.test"])));
    let claims = scene.claims();
    assert_eq!(
        members(&claims, 443, Protocol::Https),
        [
            "Ingress shop/web spec.rules[0].host [a.test]",
            "Ingress shop/web spec.rules[2].host [b.test]"
        ]
    );
    assert_eq!(members(&claims, 443, Protocol::Quic), [""; 0]);
}

#[test]
fn only_ingresses_on_the_listener_count() {
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &hosts(&["a.test"])));
    assert_eq!(members(&scene.claims(), 443, Protocol::Https), [""; 0]);
}

#[test]
fn issuers_are_wishes_of_ours_or_of_cert_manager() {
    for (key, issuer) in [
        ("doorward.dev/issuer", "ours"),
        ("cert-manager.io/cluster-issuer", "cluster"),
        ("cert-manager.io/issuer", "namespaced"),
    ] {
        let spec = format!("tls: [{{hosts: [a.test]}}], {}", hosts(&["a.test"]));
        let mut scene = Scene::edge().with(&ingress("shop/web", &[(key, issuer)], &spec));
        let claims = scene.claims();
        assert_eq!(certificates(&claims).members[0].issuer.as_deref(), Some(issuer));
        assert_eq!(verdicts(&claims), [""; 0]);
    }
}

#[test]
fn bad_tls_hosts_and_idle_entries_are_told() {
    let spec = format!("tls: [{{hosts: ['a_b..c', a.test]}}, {{}}], {}", hosts(&["a.test"]));
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &spec));
    let claims = scene.claims();
    let verdicts = verdicts(&claims).join("\n");
    assert!(
        verdicts.contains("spec.tls[0].hosts[0]: TLS host \"a_b..c\" is left out"),
        "{verdicts}"
    );
    assert!(
        verdicts.contains("spec.tls[1]: the entry names neither hosts nor a Secret"),
        "{verdicts}"
    );
    assert_eq!(members(&claims, 443, Protocol::Https), ["Ingress shop/web spec.tls[0] [a.test]"]);
}
