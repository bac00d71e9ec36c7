//! What is told on Nodes of the cluster's own PKI, with the rights that `deploy/` gives.

use testkit::cluster::Cluster;

use super::{prepare, rights, stories};
use crate::setup;

/// Nobody listens on port 1.
const INVENTORY: &str = "\
apiVersion: doorward.dev/v1alpha1
kind: ClusterInventory
metadata: {name: prod}
spec: {hosts: [{name: master-1, address: 127.0.0.1, port: 1}]}
";

stories! {
/// The leader says it, once, of a machine that cannot be looked at; and goes on to serve.
async fn a_machine_that_cannot_be_looked_at_is_an_event_of_its_node(cluster: Cluster) {
    prepare(&cluster).await;
    rights::grant(&cluster).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inventory.yaml");
    std::fs::write(&file, INVENTORY).unwrap();
    let app = setup()
        .kube(&cluster.service_account_kubeconfig())
        .arguments(&["--pki-inventory", &file.to_string_lossy()])
        .start()
        .await;
    let of_pki = || async {
        let all = cluster.events().await;
        let of = all.into_iter().filter(|event| event["involvedObject"]["kind"] == "Node");
        of.collect::<Vec<_>>()
    };
    testkit::wait_until(testkit::LIMIT, || async { !of_pki().await.is_empty() }).await;
    let [event] = of_pki().await.try_into().unwrap();
    assert_eq!(event["reason"], "PkiNotLookedAt");
    assert_eq!(event["type"], "Warning");
    assert_eq!(event["metadata"]["namespace"], "default");
    assert_eq!(event["involvedObject"]["name"], "master-1");
    assert_eq!(event["involvedObject"]["uid"], "master-1");
    assert_eq!(app.get("/readyz").await.status, 200);
    let verdict = app.verdict("ClusterInventory prod", "PkiInconsistent").await;
    assert!(verdict["message"].as_str().unwrap().starts_with("master-1: not looked at"));
    let refused: Vec<_> =
        app.logs().into_iter().filter(|line| line.contains("forbidden")).collect();
    assert_eq!(refused, [""; 0]);
}
}
