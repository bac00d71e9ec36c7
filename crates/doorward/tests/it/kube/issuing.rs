//! Certificates of the own CA on a cluster: one root, one order, every replica serves.

use testkit::{LIMIT, cluster::Cluster, tls::TlsClient, wait_for};

use super::{STORE, addresses, prepare, replicas, stories};
use crate::manifests::{CLASS, OWN_CA, fixed};

stories! {
async fn three_replicas_issue_once_from_one_root(cluster: Cluster) {
    prepare(&cluster).await;
    let fleet = replicas(&cluster, 3, OWN_CA).await;
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&fixed("shop", "web", "shop.test", "{hosts: [shop.test]}", "shop")).await;
    let at = addresses(&fleet, "web", 443).await;

    let client = TlsClient::unchecked();
    let mut leaves = Vec::new();
    for address in at {
        let facts = wait_for(LIMIT, || async {
            client.handshake(address, Some("shop.test")).await.ok()
        })
        .await;
        leaves.push(facts.leaf);
    }
    assert!(leaves.iter().all(|leaf| *leaf == leaves[0]), "all replicas serve the same");

    let secrets = cluster.objects("Secret").await;
    let label = |secret: &serde_json::Value, name: &str| {
        secret["metadata"]["labels"][name].as_str().map(str::to_owned)
    };
    let issued: Vec<_> =
        secrets.iter().filter(|s| label(s, "doorward.dev/issued-by").is_some()).collect();
    assert_eq!(issued.len(), 1);
    assert_eq!(issued[0]["metadata"]["namespace"], STORE);
    assert_eq!(label(issued[0], "app.kubernetes.io/managed-by").as_deref(), Some("doorward"));
    let applied = issued[0]["metadata"]["managedFields"].as_array().map_or(0, Vec::len);
    assert_eq!(applied, 1, "one manager wrote it");

    // Whichever replica is asked, the order is told of.
    for replica in &fleet {
        wait_for(LIMIT, || async {
            let orders: serde_json::Value = replica.get("/api/v1/orders").await.json();
            (orders[0]["state"] == "Issued" && orders[0]["names"][0] == "shop.test").then_some(())
        })
        .await;
        assert_eq!(replica.metric("doorward_orders{state=\"issued\"}").await, 1.0);
    }
}

/// What replicas remember outlives a Secret that somebody deletes while they run.
async fn a_memory_that_is_deleted_is_saved_anew(cluster: Cluster) {
    prepare(&cluster).await;
    let _fleet = replicas(&cluster, 2, OWN_CA).await;
    let memory = || async { cluster.object("Secret", STORE, "doorward-memory").await };
    let first = wait_for(LIMIT, memory).await;
    assert!(cluster.delete("Secret", STORE, "doorward-memory").await);
    wait_for(LIMIT, || async {
        let again = memory().await?;
        (again["metadata"]["uid"] != first["metadata"]["uid"]).then_some(())
    })
    .await;
}
}
