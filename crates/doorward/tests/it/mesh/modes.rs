//! Every mode of `tls`, with clients that have what it asks for and clients that have not.

use std::{net::SocketAddr, process::Stdio};

use base64::{Engine, prelude::BASE64_STANDARD};
use testkit::{
    LIMIT,
    app::App,
    backend::Backend,
    manifest::tls_secret,
    peers,
    pki::{Issued, KeyKind, LeafOptions, TestCa},
    tls::{ClientOptions, RSA_ONLY, TlsClient, Versions},
    wait_until,
};
use tokio::process::Command;

use super::{BALANCER, NAMESPACE};
use crate::{certificates::shown, setup};

const GATEWAY: &str = "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: default}
spec:
  servers:
";

const ANSWERS: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: answers, namespace: default}
spec:
  hosts: [\"*.a.test\"]
  gateways: [g]
  http: [{directResponse: {status: 200}}]
";

fn gateway(servers: &[(&str, &str)]) -> String {
    let servers = servers.iter().map(|(host, tls)| {
        let name = host.replace('.', "-");
        format!(
            "  - {{port: {{number: 443, name: {name}, protocol: HTTPS}}, hosts: [{host}], tls: {{{tls}}}}}\n"
        )
    });
    format!("{GATEWAY}{}", servers.collect::<String>())
}

/// A pair and what else its Secret holds.
fn secret(name: &str, pair: &Issued, more: &[(&str, &[u8])]) -> String {
    let more =
        more.iter().map(|(key, value)| format!("  {key}: {}\n", BASE64_STANDARD.encode(value)));
    tls_secret(NAMESPACE, name, pair) + &more.collect::<String>()
}

/// A Secret with a CA and no pair.
fn ca_secret(name: &str, ca: &TestCa) -> String {
    let ca = BASE64_STANDARD.encode(ca.pem());
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {NAMESPACE}}}\ndata: {{cacert: {ca}}}\n"
    )
}

fn client(ca: &TestCa, name: &str) -> Issued {
    ca.issue(&[name], LeafOptions::client())
}

/// Whether a request of a client that shows this certificate is answered.
async fn is_let_in(address: SocketAddr, host: &str, identity: Option<&Issued>) -> bool {
    let client =
        TlsClient::new(ClientOptions { identity: identity.cloned(), ..Default::default() });
    client.get(address, host, "/").await.is_ok_and(|answer| answer.status == 200)
}

#[tokio::test]
async fn clients_are_asked_for_certificates_as_each_server_has_it() {
    let (root, ours, theirs) = (TestCa::new("root"), TestCa::new("ours"), TestCa::new("theirs"));
    let pair = root.leaf(&["*.a.test"]);
    let (good, revoked) = (client(&ours, "good.test"), client(&ours, "revoked.test"));
    let foreign = client(&theirs, "foreign.test");
    let crl = ours.crl(&[&revoked]);
    let own = [("ca.crt", ours.pem().as_bytes()), ("ca.crl", crl.as_bytes())];
    let app = setup()
        .manifest("answers.yaml", ANSWERS)
        .manifest(
            "gateway.yaml",
            &gateway(&[
                ("simple.a.test", "mode: SIMPLE, credentialName: plain"),
                ("own.a.test", "mode: MUTUAL, credentialName: own"),
                ("beside.a.test", "mode: MUTUAL, credentialName: beside"),
                ("optional.a.test", "mode: OPTIONAL_MUTUAL, credentialName: own"),
                ("none.a.test", "mode: MUTUAL, credentialName: plain"),
            ]),
        )
        .manifest("plain.yaml", &secret("plain", &pair, &[]))
        .manifest("own.yaml", &secret("own", &pair, &own))
        // The Secret of its own goes before what the credential holds.
        .manifest("beside.yaml", &secret("beside", &pair, &[("ca.crt", theirs.pem().as_bytes())]))
        .manifest("beside-cacert.yaml", &ca_secret("beside-cacert", &ours))
        .start()
        .await;
    let address = app.address(BALANCER, 443).await;
    for (host, nobody, with_good, with_revoked, with_foreign) in [
        ("simple.a.test", true, true, true, true),
        ("own.a.test", false, true, false, false),
        ("beside.a.test", false, true, true, false),
        ("optional.a.test", true, true, false, false),
        ("none.a.test", false, false, false, false),
    ] {
        assert_eq!(is_let_in(address, host, None).await, nobody, "{host} without a certificate");
        for (identity, expected) in
            [(&good, with_good), (&revoked, with_revoked), (&foreign, with_foreign)]
        {
            assert_eq!(is_let_in(address, host, Some(identity)).await, expected, "{host}");
        }
    }
    let verdicts = app.verdicts("Gateway default/g").await;
    let about_none: Vec<&str> = verdicts
        .iter()
        .filter(|verdict| verdict["field"].as_str().is_some_and(|field| field.contains("[4]")))
        .filter_map(|verdict| verdict["message"].as_str())
        .collect();
    let [said] = about_none[..] else { panic!("said once: {about_none:?}") };
    assert!(said.contains("neither Secret istio-system/plain-cacert nor istio-system/plain"));
}

#[tokio::test]
async fn a_server_that_checks_its_clients_is_rotated_without_refusing_any() {
    let (root, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let [old, new] = [root.leaf(&["x.a.test"]), root.leaf(&["x.a.test"])];
    let ca = [("ca.crt", clients.pem().as_bytes())];
    let identity = client(&clients, "client.test");
    let with = |credential| {
        gateway(&[("x.a.test", &format!("mode: MUTUAL, credentialName: {credential}"))])
    };
    let app = setup()
        .manifest("answers.yaml", ANSWERS)
        .manifest("gateway.yaml", &with("old"))
        .manifest("old.yaml", &secret("old", &old, &ca))
        .start()
        .await;
    let address = app.address(BALANCER, 443).await;
    assert!(is_let_in(address, "x.a.test", Some(&identity)).await);

    app.remove("old.yaml");
    said(&app, "istio-system/old is gone").await;
    assert!(is_let_in(address, "x.a.test", Some(&identity)).await, "its Secret is gone");
    app.write("gateway.yaml", &with("new"));
    said(&app, "istio-system/new does not exist").await;
    assert!(is_let_in(address, "x.a.test", Some(&identity)).await, "the next is not there yet");
    assert!(!is_let_in(address, "x.a.test", None).await, "and it is no open door meanwhile");
    app.write("new.yaml", &secret("new", &new, &ca));
    shown(address, "x.a.test", &new).await;
    assert!(is_let_in(address, "x.a.test", Some(&identity)).await);
    assert!(!is_let_in(address, "x.a.test", None).await);
}

async fn said(app: &App, words: &str) {
    wait_until(LIMIT, || async {
        let verdicts = app.verdicts("Gateway default/g").await;
        verdicts.iter().any(|verdict| verdict["message"].as_str().unwrap().contains(words))
    })
    .await;
}

#[tokio::test]
async fn key_types_versions_and_staples_are_as_written() {
    let root = TestCa::new("root");
    let rsa = root.issue(&["*.a.test"], LeafOptions::key(KeyKind::Rsa2048));
    let ecdsa = root.leaf(&["*.a.test"]);
    let staple = root.ocsp_response(&ecdsa);
    let app = setup()
        .manifest("answers.yaml", ANSWERS)
        .manifest(
            "gateway.yaml",
            &gateway(&[
                ("pair.a.test", "mode: SIMPLE, credentialNames: [rsa, ecdsa]"),
                ("new.a.test", "mode: SIMPLE, credentialName: rsa, minProtocolVersion: TLSV1_3"),
                ("old.a.test", "mode: SIMPLE, credentialName: ecdsa, maxProtocolVersion: TLSV1_2"),
            ]),
        )
        .manifest("rsa.yaml", &secret("rsa", &rsa, &[]))
        .manifest("ecdsa.yaml", &secret("ecdsa", &ecdsa, &[("tls.ocsp-staple", &staple)]))
        .start()
        .await;
    let address = app.address(BALANCER, 443).await;
    let leaf = |options, host: &'static str| async move {
        let facts = TlsClient::new(options).handshake(address, Some(host)).await;
        facts.ok().map(|facts| facts.leaf)
    };
    let only_rsa = || ClientOptions { signatures: RSA_ONLY.to_vec(), ..Default::default() };
    let only = |versions| ClientOptions { versions, ..Default::default() };
    assert_eq!(leaf(ClientOptions::default(), "pair.a.test").await, Some(ecdsa.der()));
    assert_eq!(leaf(only_rsa(), "pair.a.test").await, Some(rsa.der()));
    assert_eq!(leaf(only(Versions::Tls12), "new.a.test").await, None);
    assert_eq!(leaf(only(Versions::Tls13), "new.a.test").await, Some(rsa.der()));
    assert_eq!(leaf(only(Versions::Tls13), "old.a.test").await, None);
    assert_eq!(leaf(only(Versions::Tls12), "old.a.test").await, Some(ecdsa.der()));

    let Some(openssl) = peers::need("openssl") else { return };
    let output = Command::new(openssl)
        .args(["s_client", "-connect", &address.to_string(), "-servername", "pair.a.test"])
        .arg("-status")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(seen.contains("Cert Status: good"), "{seen}");
}

#[tokio::test]
async fn what_is_passed_through_is_the_backends_own() {
    let root = TestCa::new("root");
    let (own, pair) = (root.leaf(&["x.p.test"]), root.leaf(&["x.a.test"]));
    let backend = Backend::echo_tls("behind", &own).await;
    let app = setup()
        .manifest("answers.yaml", ANSWERS)
        .manifest(
            "gateway.yaml",
            &(gateway(&[("x.a.test", "mode: SIMPLE, credentialName: a")])
                + "  - {port: {number: 443, name: pass, protocol: TLS}, hosts: [\"*.p.test\"], tls: {mode: PASSTHROUGH}}\n"),
        )
        .manifest("a.yaml", &secret("a", &pair, &[]))
        .manifest("passing.yaml", &passing(backend.address.port()))
        .start()
        .await;
    let address = app.address(BALANCER, 443).await;
    let client = TlsClient::trusting(&root);
    let answer = client.get(address, "x.p.test", "/").await.unwrap();
    assert_eq!(answer.headers["x-backend"], "behind");
    shown(address, "x.p.test", &own).await;
    shown(address, "x.a.test", &pair).await;
    assert!(client.handshake(address, Some("y.p.test")).await.is_err(), "no route has the name");
}

fn passing(port: u16) -> String {
    format!(
        "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: passing, namespace: default}}
spec:
  hosts: [\"*.p.test\"]
  gateways: [g]
  tls:
  - match: [{{port: 443, sniHosts: [x.p.test]}}]
    route: [{{destination: {{host: behind, port: {{number: 443}}}}}}]
---
{{apiVersion: v1, kind: Service, metadata: {{name: behind, namespace: default}}, spec: {{ports: [{{port: 443}}]}}}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: behind-1, namespace: default, labels: {{kubernetes.io/service-name: behind}}}}
addressType: IPv4
ports: [{{port: {port}}}]
endpoints: [{{addresses: [127.0.0.1]}}]
"
    )
}
