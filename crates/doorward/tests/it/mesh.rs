//! The example of a mesh's gateway, run as it is: two hosts behind one Gateway and one Secret, a
//! Secret for one of them, another one for the rest, the old one gone, and what the dump says.

mod beside_envoy;
mod modes;

use std::net::SocketAddr;

use testkit::{
    LIMIT,
    app::App,
    cluster::Cluster,
    manifest::tls_secret,
    peers,
    pki::{Issued, TestCa},
    wait_until,
};
use tokio::process::Command;

use crate::{
    certificates::{Load, shown},
    kube::{prepare, replica_with, stories},
    setup,
};

const GATEWAY: &str = include_str!("../../../../examples/mesh-gateway/gateway.yaml");
const HOSTS: &str = include_str!("../../../../examples/mesh-gateway/hosts.yaml");
const CREDENTIAL: &str = include_str!("../../../../examples/mesh-gateway/credential.yaml");
const BALANCER: &str = "istio-ingressgateway";
const NAMESPACE: &str = "istio-system";

async fn example() -> App {
    setup()
        .manifest("gateway.yaml", GATEWAY)
        .manifest("hosts.yaml", HOSTS)
        .manifest("credential.yaml", CREDENTIAL)
        .start()
        .await
}

/// The Gateway with a server for `a.aliyun.com` alone, and `credential` for the rest.
fn with_two_servers(credential: &str) -> String {
    let own = "  - port: {number: 443, name: https-a, protocol: HTTPS}
    hosts: [a.aliyun.com]
    tls: {mode: SIMPLE, credentialName: a-credential}
";
    GATEWAY
        .replace("credentialName: myexample-credential", &format!("credentialName: {credential}"))
        + own
}

/// The hosts, which answer 200 to everything.
fn always_welcome() -> String {
    HOSTS.replace("exact: /status/418", "prefix: /").replace("status: 418", "status: 200")
}

/// Waits until the recipe of the guide finds this certificate under the Secret's name.
async fn dumped(app: &App, name: &str, pair: &Issued) {
    let (Some(curl), Some(openssl)) = (peers::need("curl"), peers::need("openssl")) else { return };
    let recipe = format!(
        "{curl} -s http://{admin}/config_dump | grep {name} -A 3 \
         | sed -n 's/.*\"inline_bytes\": \"\\(.*\\)\".*/\\1/p' | base64 -d \
         | {openssl} x509 -noout -serial",
        curl = curl.display(),
        admin = app.admin(),
        openssl = openssl.display(),
    );
    let serial: String = pair.serial.iter().map(|byte| format!("{byte:02X}")).collect();
    wait_until(LIMIT, || async {
        let output = Command::new("sh").args(["-c", &recipe]).output().await.unwrap();
        String::from_utf8_lossy(&output.stdout).trim() == format!("serial={serial}")
    })
    .await;
}

/// What curl prints as the guide calls it, and the status. The certificate of the guide is of
/// version 1, which stricter clients do not read.
async fn asked(address: SocketAddr, host: &str, path: &str) -> String {
    let port = address.port();
    let output = Command::new("curl")
        .args(["-sk", "-w", "%{http_code}", "--resolve", &format!("{host}:{port}:127.0.0.1")])
        .arg(format!("https://{host}:{port}{path}"))
        .output()
        .await
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn two_hosts_are_served_behind_one_gateway_and_one_secret() {
    if peers::need("curl").is_none() {
        return;
    }
    let app = example().await;
    let address = app.address(BALANCER, 443).await;
    assert!(
        asked(address, "a.aliyun.com", "/hello").await.ends_with("Welcome to a.aliyun.com!\n200")
    );
    let teapot = asked(address, "b.aliyun.com", "/status/418").await;
    assert!(teapot.contains("-=[ teapot ]=-") && teapot.ends_with("418"), "{teapot}");
    assert!(asked(address, "a.aliyun.com", "/status/418").await.ends_with("404"));
    assert!(asked(address, "example.com", "/").await.ends_with("000"), "nobody's host");

    let listener = app.get(&format!("/api/v1/listeners/{BALANCER}:443")).await.json();
    assert_eq!(listener["dialect"], "istio");
    assert_eq!(listener["declaredBy"], "Gateway default/mysdsgateway");
    assert_eq!(listener["certificates"][0]["id"], "istio-system/myexample-credential");
    assert_eq!(listener["servers"][0]["mode"], "SIMPLE");
    assert_eq!(listener["served"][0]["name"], "*.aliyun.com");
    assert!(listener["served"][0]["counts"]["handshakes"].as_u64() >= Some(3), "{listener}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_added_replaced_and_removed_without_a_failed_handshake() {
    let ca = TestCa::new("myexample Inc.");
    let [first, new] = [ca.leaf(&["*.aliyun.com"]), ca.leaf(&["*.aliyun.com"])];
    let own = ca.leaf(&["a.aliyun.com"]);
    let app = setup()
        .manifest("gateway.yaml", GATEWAY)
        .manifest("hosts.yaml", &always_welcome())
        .manifest("credential.yaml", &tls_secret(NAMESPACE, "myexample-credential", &first))
        .start()
        .await;
    let address = app.address(BALANCER, 443).await;
    shown(address, "b.aliyun.com", &first).await;
    let load = Load::start(address, "b.aliyun.com", &ca);

    // The Gateway comes before the Secret that it names: nobody else is disturbed.
    app.write("gateway.yaml", &with_two_servers("myexample-credential"));
    let verdict = app.verdict("Gateway default/mysdsgateway", "SecretNotFound").await;
    let message = verdict["message"].as_str().unwrap();
    assert!(message.contains("istio-system/a-credential"), "{message}");
    app.write("a-credential.yaml", &tls_secret(NAMESPACE, "a-credential", &own));
    shown(address, "a.aliyun.com", &own).await;
    shown(address, "b.aliyun.com", &first).await;
    load.goes_on(10).await;

    // As the guide has it: the new Secret, the old one deleted, then the changed name.
    let name = "new-istio-ingressgateway-certs";
    app.write("new.yaml", &tls_secret(NAMESPACE, name, &new));
    app.remove("credential.yaml");
    let gone = app.verdict("Gateway default/mysdsgateway", "SecretNotFound").await;
    assert!(gone["message"].as_str().unwrap().contains("istio-system/myexample-credential"));
    load.goes_on(10).await;
    let listener = app.get(&format!("/api/v1/listeners/{BALANCER}:443")).await.json();
    let kept = listener["servers"].as_array().unwrap().iter().any(|server| {
        server["certificates"][0]["id"] == "istio-system/myexample-credential"
            && server["certificates"][0]["state"] == "Kept"
    });
    assert!(kept, "{listener}");
    app.write("gateway.yaml", &with_two_servers(name));
    shown(address, "b.aliyun.com", &new).await;
    dumped(&app, name, &new).await;
    dumped(&app, "kubernetes://a-credential", &own).await;
    load.goes_on(10).await;
    assert_eq!(load.failures().await, [""; 0]);
}

#[tokio::test]
async fn the_console_changes_no_server_of_a_gateway() {
    let app = example().await;
    app.address(BALANCER, 443).await;
    for verb in ["set-default", "add", "remove"] {
        let refused = app.command(&[
            "listener",
            verb,
            &format!("{BALANCER}:443"),
            "istio-system/myexample-credential",
        ]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("change credentialName"), "{said}");
    }
}

stories! {
/// The same from an API server, with Secrets of which no watch brings the content.
async fn a_gateway_on_kubernetes_gets_the_secrets_it_names(cluster: Cluster) {
    let ca = TestCa::new("myexample Inc.");
    let [first, new] = [ca.leaf(&["*.aliyun.com"]), ca.leaf(&["*.aliyun.com"])];
    prepare(&cluster).await;
    cluster.put_yaml(include_str!("../../../../deploy/istio-crds/gateways.yaml")).await;
    cluster.put_yaml(include_str!("../../../../deploy/istio-crds/virtualservices.yaml")).await;
    cluster.put_yaml(&generic("myexample-credential", &first)).await;
    cluster.put_yaml(GATEWAY).await;
    cluster.put_yaml(HOSTS).await;
    let app = replica_with(&cluster, "mesh: {}\n").start().await;
    let address = app.address(BALANCER, 443).await;
    shown(address, "b.aliyun.com", &first).await;

    let name = "new-istio-ingressgateway-certs";
    cluster.put_yaml(&generic(name, &new)).await;
    cluster.delete("Secret", NAMESPACE, "myexample-credential").await;
    wait_until(LIMIT, || async {
        cluster.events().await.iter().any(|event| {
            event["involvedObject"]["kind"] == "Gateway"
                && event["involvedObject"]["name"] == "mysdsgateway"
                && event["reason"] == "SecretNotFound"
                && event["message"].as_str().is_some_and(|text| text.contains("myexample-credential"))
        })
    })
    .await;
    shown(address, "b.aliyun.com", &first).await;
    cluster.put_yaml(&GATEWAY.replace("myexample-credential", name)).await;
    shown(address, "b.aliyun.com", &new).await;
    dumped(&app, name, &new).await;
}
}

/// A pair under Istio's own keys.
fn generic(name: &str, pair: &Issued) -> String {
    tls_secret(NAMESPACE, name, pair)
        .replace("kubernetes.io/tls", "Opaque")
        .replace("tls.crt:", "cert:")
        .replace("tls.key:", "key:")
}
