//! The verbs that change a listener by hand, and the mode that refuses them.

use testkit::{LIMIT, app::App, manifest::store_secret, pki::TestCa, tls::TlsClient, wait_for};

use crate::{
    certificates::{Load, shown},
    manifests::{edge_lb, ingress},
    setup,
};

const HOSTS: &str = "{hosts: [shop.test]}";

/// `edge-lb` with two certificates for one host in the store; discovery takes both.
async fn two_certificates(ca: &TestCa) -> (App, testkit::pki::Issued, testkit::pki::Issued) {
    let (a, b) = (ca.leaf(&["shop.test"]), ca.leaf(&["shop.test"]));
    let app = setup()
        .manifest("edge-lb.yaml", &edge_lb(""))
        .manifest("shop.yaml", &ingress("alb", "shop", "web", "shop.test", HOSTS, "shop"))
        .manifest("a.yaml", &store_secret("doorward-system", "cert-a", &a))
        .manifest("b.yaml", &store_secret("doorward-system", "cert-b", &b))
        .start()
        .await;
    (app, a, b)
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn default_of(app: &App) -> String {
    let listeners = app.listeners().await;
    let https = listeners.iter().find(|listener| listener["port"] == 443).unwrap();
    let certificates = https["certificates"].as_array().unwrap();
    let default = certificates.iter().find(|certificate| certificate["default"] == true).unwrap();
    default["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn read_only_mode_refuses_and_says_how_to_switch_it_off() {
    let ca = TestCa::new("root");
    let (app, ..) = two_certificates(&ca).await;
    for verb in ["set-default", "add", "remove"] {
        let output = app.command(&["listener", verb, "edge-lb:443", "cert-b"]);
        assert_eq!(output.status.code(), Some(1), "{verb}");
        let error = stderr(&output);
        assert!(error.contains("doorward loadbalancer read-only edge-lb off"), "{verb}: {error}");
        assert_eq!(error.lines().count(), 1);
    }
    assert_eq!(default_of(&app).await, "cert-a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotion_under_load_fails_no_handshake_and_survives_a_restart() {
    let ca = TestCa::new("root");
    let (mut app, ..) = two_certificates(&ca).await;
    let address = app.address("edge-lb", 443).await;
    let load = Load::start(address, "shop.test", &ca);
    load.goes_on(20).await;

    let off = app.command(&["loadbalancer", "read-only", "edge-lb", "off"]);
    assert!(off.status.success(), "{}", stderr(&off));
    for id in ["cert-b", "cert-a", "cert-b"] {
        let set = app.command(&["listener", "set-default", "edge-lb:443", id]);
        assert!(set.status.success(), "{}", stderr(&set));
        assert_eq!(default_of(&app).await, id, "the answer came after it was served");
        load.goes_on(10).await;
    }
    assert_eq!(load.failures().await, Vec::<String>::new());

    app.restart().await;
    assert_eq!(default_of(&app).await, "cert-b");
}

#[tokio::test]
async fn a_certificate_added_by_hand_is_served_until_the_next_reconcile() {
    let ca = TestCa::new("root");
    let (app, ..) = two_certificates(&ca).await;
    let other = ca.leaf(&["other.test"]);
    app.write("other.yaml", &store_secret("doorward-system", "other", &other));
    wait_for(LIMIT, || async {
        app.get("/api/v1/certificates/other").await.status.is_success().then_some(())
    })
    .await;
    app.command(&["loadbalancer", "read-only", "edge-lb", "off"]);
    let added = app.command(&["listener", "add", "edge-lb:443", "other"]);
    assert!(added.status.success(), "{}", stderr(&added));
    let address = app.address("edge-lb", 443).await;
    shown(address, "other.test", &other).await;
    assert_eq!(default_of(&app).await, "cert-a");

    // Any manifest that changes brings the listener back to what the manifests say.
    app.write("shop.yaml", &ingress("alb", "shop", "web", "shop.test", HOSTS, "changed"));
    let client = TlsClient::unchecked();
    wait_for(LIMIT, || async {
        let facts = client.handshake(address, Some("other.test")).await.ok()?;
        (facts.leaf != other.der()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_default_can_only_be_replaced() {
    let ca = TestCa::new("root");
    let (app, ..) = two_certificates(&ca).await;
    app.command(&["loadbalancer", "read-only", "edge-lb", "off"]);
    let removed = app.command(&["listener", "remove", "edge-lb:443", "cert-a"]);
    assert_eq!(removed.status.code(), Some(1));
    assert!(stderr(&removed).contains("set-default edge-lb:443"), "{}", stderr(&removed));

    let removed = app.command(&["listener", "remove", "edge-lb:443", "cert-b"]);
    assert!(removed.status.success(), "{}", stderr(&removed));
    let unknown = app.command(&["listener", "set-default", "edge-lb:443", "nowhere"]);
    assert!(stderr(&unknown).contains("doorward certificate list"), "{}", stderr(&unknown));
}

#[tokio::test]
async fn a_default_that_the_manifests_decide_comes_back_with_the_next_reconcile() {
    let ca = TestCa::new("root");
    let (app, ..) = two_certificates(&ca).await;
    let fixed = "certificates: [{CertificateId: cert-a, IsDefault: true}, {CertificateId: cert-b}]";
    app.write("edge-lb.yaml", &edge_lb(fixed));
    app.command(&["loadbalancer", "read-only", "edge-lb", "off"]);
    wait_for(LIMIT, || async {
        let listeners = app.listeners().await;
        let https = listeners.iter().find(|listener| listener["port"] == 443)?;
        (https["certificates"][0]["source"] == "AlbConfig").then_some(())
    })
    .await;
    let set = app.command(&["listener", "set-default", "edge-lb:443", "cert-b"]);
    assert!(set.status.success(), "{}", stderr(&set));
    assert_eq!(default_of(&app).await, "cert-b");

    app.write("shop.yaml", &ingress("alb", "shop", "web", "shop.test", HOSTS, "changed"));
    wait_for(LIMIT, || async { (default_of(&app).await == "cert-a").then_some(()) }).await;
}
