//! `doorward plan --kube`: what a leader would order for the objects of a cluster, with nothing
//! written there.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use testkit::{cluster::Cluster, wait_for};

use super::{prepare, replica, stories};
use crate::{
    BINARY,
    acme::{ORDERED, shop},
    manifests::CLASS,
};

/// The own CA, with one order a day.
const ISSUER: &str = "apiVersion: doorward.dev/v1alpha1
kind: Issuer
metadata: {name: pebble}
spec:
  ca: {}
  limits: [{count: 1, per: 24h, of: orders}]
";

/// Exit code and what is printed, asked in an empty folder, which stays so.
async fn plan(cluster: &Cluster, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(BINARY)
        .args(["plan", "--kube", "--all-namespaces", "--kubeconfig"])
        .arg(cluster.kubeconfig())
        .args(arguments)
        .current_dir(folder.path())
        .env("COLUMNS", "80")
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let is_empty = |folder: &Path| folder.read_dir().unwrap().next().is_none();
    assert!(is_empty(folder.path()), "something was made");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

async fn plan_json(cluster: &Cluster) -> Value {
    let (_, text) = plan(cluster, &["-o", "json"]).await;
    serde_json::from_str(&text).unwrap()
}

/// Waits until the one order has this course.
async fn comes_to(cluster: &Cluster, course: &str) -> Value {
    wait_for(ORDERED, || async {
        let found = plan_json(cluster).await;
        (found["orders"][0]["course"] == course).then_some(found)
    })
    .await
}

/// All that Doorward could have written, as it stands.
async fn written(cluster: &Cluster) -> BTreeMap<&'static str, Vec<Value>> {
    let mut all = BTreeMap::new();
    for kind in ["Secret", "ConfigMap", "Lease", "Ingress", "Issuer"] {
        all.insert(kind, cluster.objects(kind).await);
    }
    all.insert("Event", cluster.events().await);
    all
}

stories! {
async fn a_plan_of_a_cluster_tells_what_a_leader_would_do_and_writes_nothing(cluster: Cluster) {
    prepare(&cluster).await;
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(ISSUER).await;
    cluster.put_yaml(&shop("shop.example.test")).await;
    let before = written(&cluster).await;
    let found = plan_json(&cluster).await;
    assert_eq!(found["orders"][0]["course"], "Order", "{found:#}");
    assert_eq!(found["orders"][0]["names"], json!(["shop.example.test"]));
    assert_eq!(found["limits"][0]["usedAfter"], 1);
    assert_eq!(found["listeners"], json!([]), "no replica tells what it serves");
    let (code, text) = plan(&cluster, &[]).await;
    assert!(text.starts_with("the Kubernetes cluster of "), "{text}");
    assert!(code == 0 && text.contains("1 to order"), "{text}");
    assert_eq!(written(&cluster).await, before);

    // What a leader has obtained is in hand, and what that took of the limit is gone.
    let _app = replica(&cluster).start().await;
    comes_to(&cluster, "Keep").await;
    cluster.put_yaml(&shop("other.example.test")).await;
    let found = comes_to(&cluster, "Wait").await;
    assert_eq!(found["limits"][0]["usedBefore"], 1, "{found:#}");
}
}
