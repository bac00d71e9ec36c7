//! `tls` of a server, row by row of Istio's own validation.

use model::{ClientDemand, TlsVersions};

use super::*;
use crate::istio::gateway::{Kind, Termination};

fn termination(plan: &GatewayPlan) -> &Termination {
    plan.servers[0].termination().unwrap()
}

fn names(plan: &GatewayPlan) -> Vec<(Option<&str>, &str)> {
    let credentials = termination(plan).credentials.iter();
    credentials.map(|one| (one.namespace.as_deref(), &*one.name)).collect()
}

#[test]
fn https_and_tls_need_settings() {
    refused(&format!("{{{HTTPS}}}"), ".tls", "HTTPS and TLS need tls");
    let tls = "{port: {number: 443, name: tls, protocol: TLS}, hosts: [a.test]}";
    refused(tls, ".tls", "HTTPS and TLS need tls");
}

#[test]
fn plain_text_has_none_but_the_redirect() {
    const WORDS: &str = "cannot have TLS settings for plain text HTTP ports";
    refused(&http("mode: SIMPLE, credentialName: web"), ".tls", WORDS);
    refused(&http("serverCertificate: /a, privateKey: /b"), ".tls", WORDS);
    refused(&http("caCertificates: /a"), ".tls", WORDS);
    assert!(matches!(served(&http("httpsRedirect: true"), &[]).servers[0].kind, Kind::Redirect));
    let idle = served(&http("httpsRedirect: false, credentialName: web"), &["without effect"]);
    assert!(matches!(idle.servers[0].kind, Kind::Http));
    let tcp = "{port: {number: 5, name: t, protocol: TCP}, hosts: [a.test], tls: {mode: SIMPLE}}";
    refused(tcp, ".tls", "only HTTP, HTTPS and TLS");
}

#[test]
fn a_redirect_elsewhere_than_on_http_is_warned_of() {
    let server = https("mode: SIMPLE, credentialName: web, httpsRedirect: true");
    let plan = served(&server, &["only a server of protocol HTTP can redirect"]);
    assert!(matches!(plan.servers[0].kind, Kind::Https(_)));
}

#[test]
fn passthrough_is_what_nothing_written_means_and_has_no_certificate() {
    for tls in ["", "mode: PASSTHROUGH", "mode: null"] {
        assert!(matches!(served(&https(tls), &[]).servers[0].kind, Kind::Passthrough), "{tls}");
    }
    served(&https("credentialName: web"), &["credentialName without effect, as PASSTHROUGH"]);
    served(
        &https("privateKey: /a, serverCertificate: /b"),
        &["serverCertificate, privateKey without effect"],
    );
}

#[test]
fn modes_of_the_mesh_itself_are_not_served() {
    refused(&https("mode: AUTO_PASSTHROUGH"), ".tls.mode", "is not served: write PASSTHROUGH");
    refused(&https("mode: ISTIO_MUTUAL"), ".tls.mode", "is not served: write MUTUAL");
    refused(&https("mode: ISTIO_MUTUAL, credentialName: web"), ".tls.mode", "is not served");
    refused(&https("mode: SIMPEL"), ".tls.mode", "did you mean SIMPLE?");
    refused(&https("mode: 1"), ".tls.mode", "json: cannot unmarshal number");
}

#[test]
fn every_mode_that_ends_tls_needs_a_certificate() {
    for mode in ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"] {
        refused(&https(&format!("mode: {mode}")), ".tls.credentialName", "needs a certificate");
    }
}

#[test]
fn files_are_refused_with_the_cure() {
    let files = "serverCertificate: /a, privateKey: /b";
    refused(&https(&format!("mode: SIMPLE, {files}")), ".tls.credentialName", "into a Secret");
    let list = "mode: SIMPLE, tlsCertificates: [{serverCertificate: /a, privateKey: /b}]";
    refused(&https(list), ".tls.credentialName", "into a Secret");
    let mutual = "mode: MUTUAL, credentialName: web, caCertificates: /ca";
    served(&https(mutual), &["the file is not read"]);
    for mode in ["SIMPLE", "MUTUAL"] {
        let crl = format!("mode: {mode}, credentialName: web, caCrl: /crl");
        refused(&https(&crl), ".tls.caCrl", "as ca.crl");
    }
}

#[test]
fn of_four_ways_to_name_certificates_one_is_used() {
    for two in [
        "credentialName: a, credentialNames: [b]",
        "credentialName: a, serverCertificate: /a",
        "credentialNames: [a], tlsCertificates: [{privateKey: /b}]",
        "serverCertificate: /a, tlsCertificates: [{privateKey: /b}]",
    ] {
        refused(&https(&format!("mode: SIMPLE, {two}")), ".tls", "exclude each other");
    }
}

#[test]
fn two_credentials_are_the_most() {
    let plan = served(&https("mode: SIMPLE, credentialNames: [rsa, ecdsa]"), &[]);
    assert_eq!(names(&plan), [(None, "rsa"), (None, "ecdsa")]);
    assert_eq!(termination(&plan).credentials[1].field, "tls.credentialNames[1]");
    let three = "mode: SIMPLE, credentialNames: [a, b, c]";
    refused(&https(three), ".tls.credentialNames", "two Secrets are the most");
}

#[test]
fn a_credential_is_a_name_or_a_resource_of_kubernetes() {
    let server = |name: &str| https(&format!("mode: SIMPLE, credentialName: '{name}'"));
    for (written, namespace, name) in [
        ("web", None, "web"),
        ("kubernetes://web", None, "web"),
        ("kubernetes://istio-system/web", Some("istio-system"), "web"),
        ("kubernetes-gateway://shop/web", Some("shop"), "web"),
        ("web-cacert", None, "web-cacert"),
    ] {
        assert_eq!(names(&served(&server(written), &[])), [(namespace, name)], "{written}");
    }
    for (written, words) in [
        ("configmap://shop/ca", "put the CA into a Secret"),
        ("builtin://", "workload's own identity"),
        ("sds://vault", "asks another server"),
        ("invalid://web", "never exists"),
        ("vault://web", "unknown scheme"),
        ("kubernetes-gateway://web", "write kubernetes-gateway://NAMESPACE/NAME"),
        ("kubernetes://", "write NAME"),
        ("a/b/c", "write NAME"),
    ] {
        refused(&server(written), ".tls.credentialName", words);
    }
}

#[test]
fn old_versions_are_lifted_to_what_there_is() {
    let versions = |tls: &str, words: &[&str]| {
        let tls = format!("mode: SIMPLE, credentialName: web, {tls}");
        termination(&served(&https(&tls), words)).versions
    };
    assert_eq!(versions("minProtocolVersion: TLS_AUTO", &[]), TlsVersions::V12AndV13);
    assert_eq!(versions("minProtocolVersion: TLSV1_2", &[]), TlsVersions::V12AndV13);
    assert_eq!(versions("minProtocolVersion: TLSV1_3", &[]), TlsVersions::V13);
    assert_eq!(versions("maxProtocolVersion: TLSV1_2", &[]), TlsVersions::V12);
    for old in ["TLSV1_0", "TLSV1_1"] {
        let text = format!("minProtocolVersion: {old}");
        assert_eq!(versions(&text, &["too old to be offered"]), TlsVersions::V12AndV13);
    }
    assert_eq!(versions("maxProtocolVersion: TLSV1_1", &["too old"]), TlsVersions::V12);
    let crossed = "mode: SIMPLE, credentialName: web, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2";
    refused(&https(crossed), ".tls.minProtocolVersion", "above the highest");
    let typo = "mode: SIMPLE, credentialName: web, minProtocolVersion: TLSv1_2";
    refused(&https(typo), ".tls.minProtocolVersion", "did you mean TLSV1_2?");
}

#[test]
fn cipher_suites_are_those_of_tls_1_2_that_are_good() {
    let ciphers = |list: &str, words: &[&str]| {
        let tls = format!("mode: SIMPLE, credentialName: web, cipherSuites: [{list}]");
        termination(&served(&https(&tls), words)).ciphers.as_deref().map(<[u16]>::to_vec)
    };
    let rsa = "ECDHE-RSA-AES256-GCM-SHA384";
    assert_eq!(ciphers("", &[]), None);
    assert_eq!(ciphers(rsa, &[]), Some(vec![0xC030]));
    assert_eq!(ciphers(&format!("{rsa}, {rsa}"), &["is there twice"]), Some(vec![0xC030]));
    assert_eq!(
        ciphers(&format!("{rsa}, AES128-SHA"), &["AES128-SHA is not offered"]),
        Some(vec![0xC030])
    );
    let typo = "ECDHE-RSA-AES256-GCM-SHA385";
    assert_eq!(
        ciphers(&format!("{typo}, {rsa}"), &["did you mean ECDHE-RSA-AES256-GCM-SHA384?"]),
        Some(vec![0xC030])
    );
    assert_eq!(ciphers("DES-CBC3-SHA", &["is not offered", "none of these is offered"]), None);
}

#[test]
fn clients_are_checked_as_asked() {
    const SPKI: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let hash = "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
    let pin: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let tls = format!(
        "mode: OPTIONAL_MUTUAL, credentialName: web, caCertCredentialName: clients, subjectAltNames: [a.test, 'spiffe://x'], verifyCertificateSpki: ['{SPKI}'], verifyCertificateHash: ['{hash}', '{}'], insecureSkipVerify: true",
        hash.replace(':', "")
    );
    let plan = served(&https(&tls), &[]);
    let client = termination(&plan).client.as_ref().unwrap();
    assert_eq!(client.demand, ClientDemand::Optional);
    assert_eq!(client.ca.as_ref().map(|ca| &*ca.name), Some("clients"));
    assert_eq!(client.checks.names, ["a.test".into(), "spiffe://x".into()]);
    assert_eq!(client.checks.key_pins, [pin]);
    assert_eq!(client.checks.certificate_pins, [pin, pin]);
    assert!(client.checks.is_lenient);
    let plain = served(&https("mode: MUTUAL, credentialName: web"), &[]);
    let client = termination(&plain).client.as_ref().unwrap();
    assert_eq!((client.demand, client.ca.as_ref()), (ClientDemand::Required, None));
}

#[test]
fn a_check_that_cannot_be_read_refuses_the_server() {
    let server = |key: &str, value: &str| {
        https(&format!("mode: MUTUAL, credentialName: web, {key}: ['{value}']"))
    };
    for value in ["AAEC", "not base64", ""] {
        let words = "44 characters";
        refused(&server("verifyCertificateSpki", value), ".tls.verifyCertificateSpki[0]", words);
    }
    for value in ["00:01", &"g".repeat(64), &"é".repeat(32), &"00".repeat(33)] {
        let words = "64 digits";
        refused(&server("verifyCertificateHash", value), ".tls.verifyCertificateHash[0]", words);
    }
}

#[test]
fn who_asks_for_no_client_certificate_checks_none() {
    let tls = "mode: SIMPLE, credentialName: web, subjectAltNames: [a.test]";
    let plan = served(&https(tls), &["SIMPLE asks clients for no certificate"]);
    assert!(termination(&plan).client.is_none());
}

#[test]
fn tls_that_is_not_http_ends_here_or_goes_on() {
    let server = |mode: &str| {
        format!(
            "{{port: {{number: 443, name: tls, protocol: TLS}}, hosts: [a.test], tls: {{mode: {mode}}}}}"
        )
    };
    let plan = served(&server("SIMPLE, credentialName: web"), &[]);
    assert!(matches!(plan.servers[0].kind, Kind::Tls(_)));
    assert!(matches!(served(&server("PASSTHROUGH"), &[]).servers[0].kind, Kind::Passthrough));
}
