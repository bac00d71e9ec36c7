//! The clusters that the stories of this folder are told on, and a client for each.

use std::pin::Pin;

use kube::Client;
use testkit::cluster::Cluster;

use crate::rights;

pub(crate) const NAMESPACE: &str = "doorward-system";

/// The API server in this process, and the real one where it is there, with the store namespace.
pub(crate) fn clusters() -> Pin<Box<dyn Future<Output = Vec<Cluster>>>> {
    Box::pin(async {
        let mut clusters = vec![in_process().await];
        if let Some(real) = Cluster::real().await {
            put_namespace(&real, NAMESPACE).await;
            clusters.push(real);
        }
        clusters
    })
}

/// The API server in this process alone, for what only it can do.
pub(crate) async fn in_process() -> Cluster {
    let cluster = Cluster::in_process().await;
    put_namespace(&cluster, NAMESPACE).await;
    cluster
}

pub(crate) async fn put_namespace(cluster: &Cluster, name: &str) {
    let namespace =
        serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    cluster.put(&namespace).await;
}

/// With the rights that are shipped, no more.
pub(crate) async fn client(cluster: &Cluster) -> Client {
    rights::grant(cluster).await;
    rights::client(cluster).await
}
