//! The example of a CCE Service, run as it is: both ports, the certificate behind the id changed
//! under load, a mistake that stays its own Service's.

mod example;

use testkit::{
    LIMIT, app::App, cluster::Cluster, http, manifest::store_secret, pki::TestCa, tls::TlsClient,
    wait_for,
};

use crate::{
    certificates::{Load, shown},
    kube::{STORE, prepare, replica, stories},
    setup,
};

const SERVICE: &str = include_str!("../../../../examples/cce-service/service.yaml");
const CERTIFICATE: &str = include_str!("../../../../examples/cce-service/certificate.yaml");
const ID: &str = "17e3b4f4bc40471c86741dc3aa211379";

async fn example() -> App {
    setup()
        .manifest("service.yaml", SERVICE)
        .manifest("certificate.yaml", CERTIFICATE)
        .start()
        .await
}

#[tokio::test]
async fn both_ports_of_the_service_are_served() {
    let app = example().await;
    let https = app.address("nginx-lb", 443).await;
    let answer = TlsClient::unchecked().get(https, "nginx.test", "/x").await.unwrap();
    assert!(answer.status == 200 && answer.text().contains("nginx.test"), "{}", answer.text());
    let http = app.address("nginx-lb", 80).await;
    let answer = http::get_plain(http, "anything.test", "/").await.unwrap();
    assert_eq!(answer.status, 200, "a Service routes by no host");
    let https = app.get("/api/v1/listeners/nginx-lb:443").await.json();
    assert_eq!(https["dialect"], "elb");
    assert_eq!(https["declaredBy"], "Service default/test");
    assert_eq!(https["certificates"][0]["id"], ID);
    assert_eq!(https["certificates"][0]["source"], "Annotation");
    assert_eq!(https["certificates"][0]["default"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_content_behind_the_id_is_served_without_a_failed_handshake() {
    let ca = TestCa::new("elb");
    let first = ca.leaf(&["nginx.test"]);
    let app = setup()
        .manifest("service.yaml", SERVICE)
        .manifest("certificate.yaml", &store_secret(STORE, ID, &first))
        .start()
        .await;
    let address = app.address("nginx-lb", 443).await;
    shown(address, "nginx.test", &first).await;
    let load = Load::start(address, "nginx.test", &ca);
    for _ in 0..5 {
        let next = ca.leaf(&["nginx.test"]);
        app.write("certificate.yaml", &store_secret(STORE, ID, &next));
        shown(address, "nginx.test", &next).await;
        load.goes_on(10).await;
    }
    assert_eq!(load.failures().await, [""; 0]);
}

#[tokio::test]
async fn a_mistake_costs_its_own_service_alone() {
    let app = example().await;
    let broken = SERVICE
        .replace("name: test\n", "name: broken\n")
        .replace("name: test-1", "name: broken-1")
        .replace("\"nginx-lb\"", "\"other-lb\"")
        .replace("https:443,http:80", "https:8443");
    app.write("broken.yaml", &broken);
    let verdict = wait_for(LIMIT, || async {
        let verdicts = app.verdicts("Service default/broken").await;
        verdicts.into_iter().find(|verdict| verdict["state"] == "Rejected")
    })
    .await;
    let message = verdict["message"].as_str().unwrap();
    assert!(message.contains("8443") && message.contains("spec.ports"), "{message}");
    let https = app.address("nginx-lb", 443).await;
    assert!(TlsClient::unchecked().get(https, "nginx.test", "/").await.is_ok());
}

#[tokio::test]
async fn a_broken_edit_takes_nothing_down_and_neither_does_a_restart_after_it() {
    let mut app = example().await;
    app.address("nginx-lb", 443).await;
    let broken = SERVICE.replace("https:443,http:80", "https:443;http:80");
    assert_ne!(broken, SERVICE);
    app.write("service.yaml", &broken);
    let message = wait_for(LIMIT, || async {
        let verdicts = app.verdicts("Service default/test").await;
        let found = verdicts.into_iter().find(|verdict| verdict["state"] == "Warning")?;
        found["message"].as_str().map(str::to_owned)
    })
    .await;
    assert!(message.contains("protocol-port stays \"https:443,http:80\""), "{message}");
    app.restart().await;
    for (port, is_tls) in [(443, true), (80, false)] {
        let address = app.address("nginx-lb", port).await;
        let answer = match is_tls {
            true => TlsClient::unchecked().get(address, "nginx.test", "/").await.unwrap(),
            false => http::get_plain(address, "nginx.test", "/").await.unwrap(),
        };
        assert_eq!(answer.status, 200, "port {port}");
    }
}

stories! {
/// The Service gets its address and its events, as on CCE.
async fn a_service_is_told_its_address_and_its_mistakes(cluster: Cluster) {
    let ca = TestCa::new("elb");
    let pair = ca.leaf(&["nginx.test"]);
    prepare(&cluster).await;
    cluster.put_yaml(&store_secret(STORE, ID, &pair)).await;
    let app = replica(&cluster).start().await;
    // In a cluster the control plane makes the EndpointSlice.
    let service = SERVICE.split("\n---\n").next().unwrap();
    cluster.put_yaml(service).await;
    let address = cluster
        .wait_for("Service", "default", "test", |service| {
            Some(service["status"]["loadBalancer"]["ingress"][0]["ip"].as_str()?.to_owned())
        })
        .await;
    assert_eq!(address, "203.0.113.7");
    shown(app.address("nginx-lb", 443).await, "nginx.test", &pair).await;

    let broken = service.replace("https:443,http:80", "https:8443,http:80");
    cluster.put_yaml(&broken).await;
    wait_for(LIMIT, || async {
        let events = cluster.events().await;
        events.into_iter().find(|event| {
            event["involvedObject"]["name"] == "test"
                && event["reason"] == "SyncLoadBalancerFailed"
                && event["message"].as_str().is_some_and(|text| text.contains("8443"))
        })
    })
    .await;
}
}
