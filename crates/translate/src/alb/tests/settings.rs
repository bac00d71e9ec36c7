//! What a listener's fields come to.

use std::time::Duration;

use model::{AccessMode, TlsVersions};

use crate::{
    claim::ListenerClaim,
    dialect::{
        Claims,
        scene::{Scene, listener, only_verdict, verdicts},
    },
};

fn claims(fields: &str) -> Claims {
    Scene::edge_with_listeners(&format!("[{{port: 443, protocol: HTTPS{fields}}}]")).claims()
}

fn https(fields: &str) -> ListenerClaim {
    let claims = claims(fields);
    assert_eq!(verdicts(&claims), [""; 0], "{fields}");
    listener(&claims, 443).clone()
}

/// A field that is refused: with no last good settings the listener is not served.
fn refused(fields: &str) -> String {
    let claims = claims(fields);
    assert_eq!(claims.load_balancers[0].listeners.len(), 0, "{fields}");
    let verdict = only_verdict(&claims);
    assert!(
        verdict.starts_with("Rejected InvalidField AlbConfig edge-lb spec.listeners[0]."),
        "{verdict}"
    );
    verdict
}

#[test]
fn defaults() {
    let listener = https("");
    assert_eq!(listener.idle_timeout, Duration::from_secs(60));
    assert_eq!(listener.request_timeout, Duration::from_secs(60));
    assert!(listener.gzip);
    assert_eq!(listener.access, None);
    assert_eq!(*listener.forwarded, model::ForwardedHeaders::default());
    let tls = listener.tls.unwrap();
    assert!(tls.http2);
    assert_eq!(tls.versions, TlsVersions::V12AndV13);
    assert_eq!(tls.client_ca, None);
}

#[test]
fn timeouts_are_seconds_from_1_to_600_and_0_is_the_default() {
    let listener = https(", idleTimeout: 600, requestTimeout: 1");
    assert_eq!(listener.idle_timeout, Duration::from_secs(600));
    assert_eq!(listener.request_timeout, Duration::from_secs(1));
    assert_eq!(https(", idleTimeout: 0").idle_timeout, Duration::from_secs(60));
    assert!(refused(", idleTimeout: 601").contains(": invalid listener IdleTimeout: 601"));
    assert!(refused(", requestTimeout: -1").contains(": invalid listener RequestTimeout: -1"));
    assert!(
        refused(", idleTimeout: '60'").contains(
            "unmarshalling albconfig error: json: cannot unmarshal string into Go struct field ListenerSpec.listeners.idleTimeout of type int"
        )
    );
}

#[test]
fn http2_is_honoured_and_gzip_is_not() {
    assert!(!https(", http2Enabled: false").tls.unwrap().http2);
    assert!(https(", http2Enabled: true").tls.unwrap().http2);
    assert!(!https(", gzipEnabled: false").gzip);
    let verdict = only_verdict(&claims(", gzipEnabled: true"));
    assert!(verdict.contains("no effect in Doorward: spec.listeners[0].gzipEnabled"), "{verdict}");
}

#[test]
fn security_policies_map_to_versions_and_say_what_is_missing() {
    for (policy, versions, missing) in [
        ("tls_cipher_policy_1_0", TlsVersions::V12AndV13, "TLS 1.0 and 1.1, CBC and static RSA"),
        ("tls_cipher_policy_1_1", TlsVersions::V12AndV13, "TLS 1.1, CBC and static RSA"),
        ("tls_cipher_policy_1_2", TlsVersions::V12, "CBC and static RSA"),
        ("tls_cipher_policy_1_2_strict", TlsVersions::V12, ""),
        ("tls_cipher_policy_1_2_strict_with_1_3", TlsVersions::V12AndV13, ""),
        (
            "tls_custom",
            TlsVersions::V12AndV13,
            "invalid https listener SecurityPolicyId: tls_custom; ",
        ),
    ] {
        let claims = claims(&format!(", securityPolicyId: {policy}"));
        let found = listener(&claims, 443).tls.as_ref().unwrap().versions;
        assert_eq!(found, versions, "{policy}");
        match missing {
            "" => assert_eq!(verdicts(&claims), [""; 0], "{policy}"),
            missing => {
                let verdict = only_verdict(&claims);
                assert!(verdict.starts_with("Warning NotHonoured"), "{verdict}");
                assert!(verdict.contains("spec.listeners[0].securityPolicyId"), "{verdict}");
                assert!(verdict.contains(missing), "{verdict}");
            }
        }
    }
}

#[test]
fn client_certificates_name_their_ca() {
    let tls = https(", caEnabled: true, caCertificates: [{CertificateId: ca-1}]").tls.unwrap();
    let client_ca = tls.client_ca.unwrap();
    assert_eq!(client_ca.ids, [model::CertificateId::store("ca-1")]);
    assert_eq!(client_ca.fields, ["spec.listeners[0].caCertificates[0].CertificateId"]);
    let off = https(", caEnabled: false, caCertificates: [{CertificateId: ca-1}]").tls.unwrap();
    assert_eq!(off.client_ca, None);
}

#[test]
fn client_certificates_without_a_ca_let_nobody_in() {
    let claims = claims(", caEnabled: true");
    let verdict = only_verdict(&claims);
    assert!(verdict.contains("caCertificates: caEnabled without caCertificates"), "{verdict}");
    let client_ca = listener(&claims, 443).tls.as_ref().unwrap().client_ca.as_ref().unwrap();
    assert_eq!(client_ca.ids, []);
}

#[test]
fn access_lists() {
    let list =
        https(", aclConfig: {aclType: White, aclEntries: [10.0.0.0/8, 192.0.2.7]}").access.unwrap();
    assert_eq!(list.mode, AccessMode::White);
    assert!(list.allows("10.1.2.3".parse().unwrap()));
    assert!(list.allows("192.0.2.7".parse().unwrap()));
    assert!(!list.allows("192.0.2.8".parse().unwrap()));
    let list = https(", aclConfig: {aclName: bad, aclType: Black, aclEntries: [10.0.0.0/8]}")
        .access
        .unwrap();
    assert_eq!(list.mode, AccessMode::Black);
    assert_eq!(https(", aclConfig: {aclType: White}").access, None);
}

#[test]
fn access_lists_that_cannot_be_used() {
    let both = refused(", aclConfig: {aclType: White, aclEntries: [10.0.0.0/8], aclIds: [acl-1]}");
    assert!(both.contains(": aclEntry and aclIds cannot use together"), "{both}");
    let typeless = refused(", aclConfig: {aclEntries: [10.0.0.0/8]}");
    assert!(typeless.contains("aclType: aclType \"\" is neither White nor Black"), "{typeless}");
    let entry = refused(", aclConfig: {aclType: White, aclEntries: [10.0.0.0/99]}");
    assert!(entry.contains("ACL entry \"10.0.0.0/99\""), "{entry}");
    let ids = only_verdict(&claims(", aclConfig: {aclType: White, aclIds: [acl-1]}"));
    assert!(ids.starts_with("Warning NotHonoured"), "{ids}");
    assert!(ids.contains("no access list has the id acl-1, so that nobody may connect"), "{ids}");
    let unknown = claims(", aclConfig: {aclType: White, aclIds: [acl-1]}");
    let unknown = unknown.load_balancers[0].listeners[0].access.as_ref().unwrap();
    assert!(!unknown.allows("192.0.2.7".parse().unwrap()), "an unknown white list opens no door");
    let ids = only_verdict(&claims(", aclConfig: {aclType: Black, aclIds: [acl-1]}"));
    assert!(ids.contains("so that it has no effect"), "{ids}");
}

#[test]
fn forwarded_headers() {
    let forwarded = https(", xForwardedForConfig: {XForwardedForEnabled: true, XForwardedForProtoEnabled: true, XForwardedForHostEnabled: true, XForwardedForSLBIdEnabled: true, XForwardedForSLBPortEnabled: true, XForwardedForClientSrcPortEnabled: true, XForwardedForClientCertSubjectDNEnabled: true, XForwardedForClientCertIssuerDNEnabled: true, XForwardedForClientCertFingerprintEnabled: true, XForwardedForClientCertClientVerifyEnabled: true}").forwarded;
    let on = forwarded.client_address
        && forwarded.proto
        && forwarded.host
        && forwarded.load_balancer_id
        && forwarded.port
        && forwarded.client_port;
    assert!(on, "{forwarded:?}");
    let names = [
        &forwarded.client_subject,
        &forwarded.client_issuer,
        &forwarded.client_fingerprint,
        &forwarded.client_verify,
    ];
    let names: Vec<&str> = names.map(|name| name.as_ref().unwrap().as_str()).into();
    assert_eq!(
        names,
        [
            "x-forwarded-clientcert-subjectdn",
            "x-forwarded-clientcert-issuerdn",
            "x-forwarded-clientcert-fingerprint",
            "x-forwarded-clientcert-clientverify",
        ]
    );
}

#[test]
fn an_alias_counts_only_while_its_header_is_on() {
    let forwarded = https(", xForwardedForConfig: {XForwardedForClientCertSubjectDNEnabled: true, XForwardedForClientCertSubjectDNAlias: X-Subject, XForwardedForClientCertIssuerDNAlias: X-Issuer}").forwarded;
    assert_eq!(forwarded.client_subject, Some("x-subject".parse().unwrap()));
    assert_eq!(forwarded.client_issuer, None);
    let bad = refused(
        ", xForwardedForConfig: {XForwardedForClientCertSubjectDNEnabled: true, XForwardedForClientCertSubjectDNAlias: 'a b'}",
    );
    assert!(
        bad.contains("XForwardedForClientCertSubjectDNAlias: \"a b\" is no header name"),
        "{bad}"
    );
}

#[test]
fn trusted_sources() {
    let forwarded = https(", xForwardedForConfig: {XForwardedForEnabled: true, XForwardedForClientSourceIpsEnabled: true, XForwardedForClientSourceIpsTrusted: '10.0.0.0/8; 192.0.2.1'}").forwarded;
    assert_eq!(forwarded.trusted.as_ref().unwrap().0.len(), 2);
    let bad = refused(
        ", xForwardedForConfig: {XForwardedForClientSourceIpsEnabled: true, XForwardedForClientSourceIpsTrusted: '10.0.0.0/8;nine'}",
    );
    assert!(
        bad.contains(
            ": The param of XForwardedForConfig.XForwardedForClientSourceIpsTrusted.nine is illegal"
        ),
        "{bad}"
    );
    let none =
        only_verdict(&claims(", xForwardedForConfig: {XForwardedForClientSourceIpsEnabled: true}"));
    assert!(none.contains("no source is trusted"), "{none}");
}

#[test]
fn processing_mode_remove_takes_the_address_away() {
    let of = |mode: &str| {
        https(&format!(", xForwardedForConfig: {{XForwardedForEnabled: true, XForwardedForProcessingMode: {mode}}}"))
            .forwarded
            .client_address
    };
    assert!(of("append"));
    assert!(!of("remove"));
}

#[test]
fn fields_of_tls_on_an_http_listener_are_told() {
    let fields = "certificates: [{CertificateId: a}], caEnabled: true, caCertificates: [{CertificateId: b}], securityPolicyId: tls_cipher_policy_1_0";
    let claims =
        Scene::edge_with_listeners(&format!("[{{port: 80, protocol: HTTP, {fields}}}]")).claims();
    assert!(listener(&claims, 80).tls.is_none());
    let verdict = only_verdict(&claims);
    let expected = "Warning NotHonoured AlbConfig edge-lb spec.listeners[0].certificates: no effect in Doorward: spec.listeners[0].certificates, spec.listeners[0].caEnabled, spec.listeners[0].securityPolicyId";
    assert!(verdict.starts_with(expected), "{verdict}");
}
