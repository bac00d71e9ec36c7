//! The API server is away: what was good last is served, and a replica that starts then serves it
//! too.

use testkit::{
    LIMIT, cluster::Cluster, manifest::tls_secret, pki::TestCa, tls::TlsClient, wait_until,
};

use super::{prepare, replica, stories};
use crate::{
    certificates::{Load, shown},
    manifests::{CLASS, fixed},
};

stories! {
async fn a_replica_starts_without_the_api_server_and_catches_up(cluster: Cluster) {
    let mut cluster = cluster;
    let ca = TestCa::new("root");
    let first = ca.leaf(&["shop.test"]);
    prepare(&cluster).await;
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&tls_secret("shop", "shop-tls", &first)).await;
    let tls = "{hosts: [shop.test], secretName: shop-tls}";
    cluster.put_yaml(&fixed("shop", "web", "shop.test", tls, "shop")).await;
    let mut app = replica(&cluster).start().await;
    let address = app.address("web", 443).await;
    shown(address, "shop.test", &first).await;
    let saved = app.state().join("world.jsonl");
    wait_until(LIMIT, || async { saved.exists() }).await;

    // Who serves already serves on.
    let load = Load::start(address, "shop.test", &ca);
    cluster.away().await;
    load.goes_on(20).await;
    assert_eq!(load.failures().await, [""; 0]);

    // Who starts now serves what was good last, and says so.
    app.relaunch().await;
    app.ready().await;
    let address = app.address("web", 443).await;
    shown(address, "shop.test", &first).await;
    let answer = TlsClient::trusting(&ca).get(address, "shop.test", "/").await.unwrap();
    assert_eq!(answer.text(), "shop");
    let ready = app.get("/readyz?verbose").await.text();
    assert!(ready.contains("serves the last good objects"), "{ready}");
    assert_eq!(app.metric("doorward_serving_last_good").await, 1.0);

    // And catches up later.
    cluster.back().await;
    let second = ca.leaf(&["shop.test"]);
    cluster.put_yaml(&tls_secret("shop", "shop-tls", &second)).await;
    shown(address, "shop.test", &second).await;
    assert_eq!(app.metric("doorward_serving_last_good").await, 0.0);
}

async fn without_api_server_and_without_anything_saved_it_is_not_ready_but_alive(cluster: Cluster) {
    let mut cluster = cluster;
    prepare(&cluster).await;
    cluster.away().await;
    let app = replica(&cluster).launch().await;
    app.logged("nothing can be served yet: waits for the API server").await;
    assert_eq!(app.get("/healthz").await.status, 200);
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("[-] objects read: waits for"), "{}", ready.text());
    let api = app.get("/api/v1/listeners").await;
    assert_eq!(api.status, 503, "{}", api.text());
    cluster.back().await;
    app.ready().await;
}
}
