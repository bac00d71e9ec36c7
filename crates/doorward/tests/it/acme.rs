//! Certificates of an ACME server: an Ingress names an Issuer, Pebble asks our own listeners for
//! the proof, and what it issues is served.

mod bad_input;
mod example;

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use testkit::{
    LIMIT,
    app::App,
    knot::{Key, Knot},
    pebble::{ChallTestSrv, Options, Pebble},
    tls::{ClientOptions, PeerFacts, TlsClient},
    wait_for, wait_until,
};

use crate::{
    manifests::{CLASS, fixed},
    setup,
};

/// An order may be refused, and then pauses, before the story lets it succeed.
pub const ORDERED: Duration = LIMIT.saturating_mul(3);

/// An Ingress that wants its certificate from Issuer `pebble`.
pub fn shop(host: &str) -> String {
    // A bare `*` would be an alias of YAML.
    let host = format!("\"{host}\"");
    fixed("shop", "web", &host, &format!("{{hosts: [{host}]}}"), "shop")
        .replace("  annotations:\n", "  annotations:\n    doorward.dev/issuer: pebble\n")
}

pub fn issuer(pebble: &Pebble, solver: &str) -> String {
    issuer_at(pebble.directory(), &pebble.ca_bundle(), solver)
}

fn issuer_at(server: &str, ca_bundle: &str, solver: &str) -> String {
    format!(
        "apiVersion: doorward.dev/v1alpha1
kind: Issuer
metadata: {{name: pebble}}
spec:
  acme:
    server: {server}
    caBundle: {ca_bundle}
    email: ops@example.test
    solvers:
    - {solver}
"
    )
}

/// A gateway whose listeners stand and wait for a certificate, since there is no Issuer yet.
async fn waiting(host: &str) -> App {
    let app =
        setup().manifest("class.yaml", CLASS).manifest("shop.yaml", &shop(host)).start().await;
    app.verdict("Ingress shop/web", "IssuerNotFound").await;
    app
}

/// Pebble, as it would ask this gateway on ports 80 and 443.
async fn pebble_for(app: &App, dns: SocketAddr, sleep: u8) -> Option<Pebble> {
    let http = app.address("web", 80).await.port();
    let tls = app.address("web", 443).await.port();
    Pebble::start(&Options { sleep, ..Options::new(dns, http, tls) }).await
}

/// What is shown to a client that trusts nobody but Pebble.
async fn served(app: &App, pebble: &Pebble, host: &str) -> PeerFacts {
    let roots = vec![pebble.root(0).await];
    let client = TlsClient::new(ClientOptions { roots, ..ClientOptions::default() });
    let address = app.address("web", 443).await;
    wait_for(ORDERED, || async { client.handshake(address, Some(host)).await.ok() }).await
}

/// How many certificates Pebble has made.
pub fn issued(pebble: &Pebble) -> usize {
    pebble.logs().iter().filter(|line| line.contains("Issued certificate serial")).count()
}

/// How many orders were placed with Pebble.
pub fn placed(pebble: &Pebble) -> usize {
    pebble.logs().iter().filter(|line| line.contains("Added order")).count()
}

/// Waits until the one order has come to its end and no challenge is open any more.
async fn at_rest(app: &App) -> Value {
    let order = wait_for(ORDERED, || async {
        let orders = app.get("/api/v1/orders").await.json();
        let orders = orders.as_array()?;
        let [order] = orders.as_slice() else { return None };
        (order["stage"] == "Served").then(|| order.clone())
    })
    .await;
    wait_until(LIMIT, || async { !is_challenged(app) }).await;
    order
}

/// The last challenge takes their Secret with it.
fn is_challenged(app: &App) -> bool {
    app.state().join("secrets/doorward-system/doorward-challenges.yaml").exists()
}

async fn obtained_by(solver: &str) {
    let Some(dns) = ChallTestSrv::start().await else { return };
    let app = waiting("shop.example.test").await;
    let Some(pebble) = pebble_for(&app, dns.dns(), 0).await else { return };
    app.write("issuer.yaml", &issuer(&pebble, solver));

    served(&app, &pebble, "shop.example.test").await;
    let order = at_rest(&app).await;
    assert_eq!(order["issuer"], "pebble");
    assert_eq!(order["names"][0], "shop.example.test");
    assert_eq!(issued(&pebble), 1, "one order, one certificate");

    let told = app.command(&["get", "orders"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("pebble") && told.contains("shop.example.test"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_gets_its_certificate_by_an_answer_on_port_80() {
    obtained_by("http01: {}").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_gets_its_certificate_by_a_handshake_on_port_443() {
    obtained_by("tlsAlpn01: {}").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wildcard_gets_its_certificate_by_a_signed_update_of_its_zone() {
    let Some(knot) = Knot::start(&["example.test"]).await else { return };
    let app = waiting("*.example.test").await;
    let Some(pebble) = pebble_for(&app, knot.address(), 0).await else { return };
    let Key { name, algorithm, secret } = Key::SHA256;
    app.write(
        "tsig.yaml",
        &format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{namespace: doorward-system, name: tsig}}, \
             stringData: {{secret: \"{secret}\"}}}}\n"
        ),
    );
    let solver = format!(
        "dns01: {{rfc2136: {{nameserver: \"{}\", zone: example.test, \
         tsig: {{name: {name}, algorithm: {algorithm}, secret: {{name: tsig, key: secret}}}}}}}}",
        knot.address()
    );
    app.write("issuer.yaml", &issuer(&pebble, &solver));

    served(&app, &pebble, "any.example.test").await;
    at_rest(&app).await;
    assert_eq!(issued(&pebble), 1, "one order, one certificate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wildcard_without_dns_is_refused_before_the_ca_is_asked() {
    let Some(dns) = ChallTestSrv::start().await else { return };
    let app = waiting("*.example.test").await;
    let Some(pebble) = pebble_for(&app, dns.dns(), 0).await else { return };
    app.write("issuer.yaml", &issuer(&pebble, "http01: {}"));

    let message = wait_for(LIMIT, || async {
        let orders = app.get("/api/v1/orders").await.json();
        let order = orders.as_array()?.first()?.clone();
        (order["stage"] == "Failed").then(|| order["message"].as_str().map(str::to_owned))?
    })
    .await;
    assert!(message.contains("*.example.test") && message.contains("dns01"), "{message}");
    assert_eq!(issued(&pebble), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_in_mid_order_end_in_one_certificate() {
    let Some(dns) = ChallTestSrv::start().await else { return };
    let app = waiting("shop.example.test").await;
    // Ports stay the same over restarts only where they are said.
    let [http, tls] = [app.address("web", 80).await.port(), app.address("web", 443).await.port()];
    drop(app);
    let options = Options { sleep: 2, ..Options::new(dns.dns(), http, tls) };
    let Some(pebble) = Pebble::start(&options).await else { return };
    let mut app = setup()
        .bound_ports(&[(80, http), (443, tls)])
        .manifest("class.yaml", CLASS)
        .manifest("shop.yaml", &shop("shop.example.test"))
        .manifest("issuer.yaml", &issuer(&pebble, "http01: {}"))
        .start()
        .await;
    for delay in [5, 20, 60, 150, 300, 500, 800, 1300] {
        // The moment of the kill is what the story varies.
        tokio::time::sleep(Duration::from_millis(delay)).await;
        app.restart().await;
    }
    served(&app, &pebble, "shop.example.test").await;
    at_rest(&app).await;
    assert_eq!(issued(&pebble), 1, "no kill loses or doubles the order");
}
