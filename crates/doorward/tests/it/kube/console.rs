//! What operators change by hand holds on every replica, and after a restart of all.

use jiff::SignedDuration;
use testkit::{
    LIMIT,
    app::App,
    cluster::Cluster,
    manifest::store_secret,
    pki::{Issued, LeafOptions, TestCa},
    wait_for,
};

use super::{STORE, addresses, prepare, replicas, stories};
use crate::{
    certificates::shown,
    manifests::{edge_lb, ingress},
};

#[track_caller]
fn ok(app: &App, arguments: &[&str]) -> String {
    let output = app.command(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn default_is(app: &App, id: &str) {
    wait_for(LIMIT, || async {
        let listeners = app.listeners().await;
        let https = listeners.iter().find(|listener| listener["port"] == 443)?;
        let mut held = https["certificates"].as_array()?.iter();
        held.any(|held| held["default"] == true && held["id"] == id).then_some(())
    })
    .await;
}

/// Two certificates for one host in the store; discovery takes both.
async fn two_certificates(cluster: &Cluster, ca: &TestCa) -> (Issued, Issued) {
    let (a, b) = (ca.leaf(&["shop.test"]), ca.leaf(&["shop.test"]));
    prepare(cluster).await;
    cluster.put_yaml(&store_secret(STORE, "cert-a", &a)).await;
    cluster.put_yaml(&store_secret(STORE, "cert-b", &b)).await;
    cluster.put_yaml(&edge_lb("")).await;
    let hosts = "{hosts: [shop.test]}";
    cluster.put_yaml(&ingress("alb", "shop", "web", "shop.test", hosts, "shop")).await;
    (a, b)
}

stories! {
async fn a_default_set_on_one_replica_is_that_of_all_and_is_written_back(cluster: Cluster) {
    let ca = TestCa::new("root");
    two_certificates(&cluster, &ca).await;
    let mut fleet = replicas(&cluster, 2, "").await;
    for replica in &fleet {
        default_is(replica, "cert-a").await;
    }
    ok(&fleet[0], &["loadbalancer", "read-only", "edge-lb", "off"]);
    ok(&fleet[1], &["listener", "set-default", "edge-lb:443", "cert-b"]);
    for replica in &fleet {
        default_is(replica, "cert-b").await;
    }
    cluster
        .wait_for("AlbConfig", "", "edge-lb", |config| {
            let held = &config["status"]["loadBalancer"]["listeners"][0]["certificates"];
            let mut held = held.as_array()?.iter();
            held.any(|held| held["isDefault"] == true && held["certificateId"] == "cert-b")
                .then_some(())
        })
        .await;

    // The next reconcile keeps it, and so does a restart of every replica.
    let hosts = "{hosts: [shop.test]}";
    cluster.put_yaml(&ingress("alb", "shop", "web", "shop.test", hosts, "changed")).await;
    for replica in &mut fleet {
        replica.restart().await;
    }
    for replica in &fleet {
        default_is(replica, "cert-b").await;
    }
}

async fn an_upload_to_any_replica_becomes_a_secret_that_all_serve(cluster: Cluster) {
    let ca = TestCa::new("root");
    two_certificates(&cluster, &ca).await;
    let fleet = replicas(&cluster, 2, "").await;
    let at = addresses(&fleet, "edge-lb", 443).await;
    // Among equals the one that expires last is served.
    let lasting = LeafOptions::expiring_in(SignedDuration::from_hours(24 * 120));
    let pair = ca.issue(&["shop.test"], lasting);
    let folder = tempfile::tempdir().unwrap();
    let (crt, key) = (folder.path().join("crt"), folder.path().join("key"));
    std::fs::write(&crt, &pair.chain_pem).unwrap();
    std::fs::write(&key, &pair.key_pem).unwrap();
    let (crt, key) = (crt.display().to_string(), key.display().to_string());
    let upload = |id| ["certificate", "upload", "--cert", &crt, "--key", &key, "--id", id];
    ok(&fleet[1], &upload("cert-c"));
    let secret = cluster.object("Secret", STORE, "cert-c").await.expect("it was written");
    assert_eq!(secret["type"], "kubernetes.io/tls");
    assert_eq!(secret["metadata"]["labels"]["doorward.dev/certificate-id"], "cert-c");
    for address in &at {
        shown(*address, "shop.test", &pair).await;
    }

    // In a cluster an id is one object, whoever wrote it: an upload replaces its content.
    ok(&fleet[0], &upload("cert-a"));
    let held = cluster.object("Secret", STORE, "cert-a").await.expect("it was there");
    assert_eq!(held["data"]["tls.crt"], secret["data"]["tls.crt"]);
}
}
