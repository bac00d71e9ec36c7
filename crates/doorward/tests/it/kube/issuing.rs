//! Certificates of the own CA on a cluster: one root, one order, every replica serves.

use testkit::{LIMIT, cluster::Cluster, tls::TlsClient, wait_for};

use super::{STORE, addresses, kubectl::Kubectl, prepare, replica, replicas, stories};
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

/// What is wrong with an Issuer is told on it, and it is used as soon as it is right.
async fn an_issuer_is_told_its_mistake_and_used_without_it(cluster: Cluster) {
    prepare(&cluster).await;
    let app = replica(&cluster).start().await;
    let issuer = |keys: &str| {
        format!("{{apiVersion: doorward.dev/v1alpha1, kind: Issuer, metadata: {{name: ours}}, spec: {{ca: {{}}, keyType: {keys}}}}}")
    };
    cluster.put_yaml(&issuer("dsa")).await;
    cluster.put_yaml(CLASS).await;
    let asks = "annotations:\n    doorward.dev/issuer: ours\n";
    let web = fixed("shop", "web", "shop.test", "{hosts: [shop.test]}", "shop");
    cluster.put_yaml(&web.replace("annotations:\n", asks)).await;
    let told = async |kind: &str, event: (&str, &str)| {
        wait_for(LIMIT, || async {
            cluster.events().await.into_iter().find(|found| {
                found["involvedObject"]["kind"] == kind
                    && (&found["type"], &found["reason"]) == (&event.0.into(), &event.1.into())
            })
        })
        .await
    };
    let mistake = told("Issuer", ("Warning", "InvalidField")).await;
    let message = mistake["message"].as_str().unwrap();
    assert!(message.contains("ECDSA, RSA or Both"), "{message}");
    assert_eq!(mistake["involvedObject"]["apiVersion"], "doorward.dev/v1alpha1");
    if let Some(kubectl) = Kubectl::new(&cluster) {
        kubectl.shows("describe issuer ours", &["Warning", "InvalidField", "spec.keyType"]).await;
        kubectl.shows("get issuers", &["NAME", "ACME SERVER", "RENEW BEFORE", "ours"]).await;
    }

    cluster.put_yaml(&issuer("ECDSA")).await;
    let address = app.address("web", 443).await;
    wait_for(LIMIT, || async {
        TlsClient::unchecked().handshake(address, Some("shop.test")).await.ok()
    })
    .await;
    told("Issuer", ("Normal", "SuccessfullyReconciled")).await;
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
