//! The rights that `deploy/` ships, on the cluster of a test: whatever a test does with them,
//! Doorward may do where it is installed.

use kube::Client;
use testkit::{LIMIT, cluster::Cluster, manifest, wait_until};

use crate::client::{ClusterChoice, connect};

const CLUSTER_ROLE: &str = include_str!("../../../deploy/base/cluster-role.yaml");
const ROLE: &str = include_str!("../../../deploy/base/role.yaml");
const WATCHED_NAMESPACE: &str = include_str!("../../../deploy/watched-namespace/role.yaml");
const ALL_NAMESPACES: &str = include_str!("../../../deploy/all-namespaces/cluster-role.yaml");

const STORE_SECRETS: &str = "/api/v1/namespaces/doorward-system/secrets";

/// Those of `deploy/`: of all Secrets, the store namespace's alone.
pub(crate) async fn grant(cluster: &Cluster) {
    cluster.put_yaml(CLUSTER_ROLE).await;
    cluster.put_yaml(ROLE).await;
    counts(cluster, STORE_SECRETS).await;
}

/// Those of a namespace in `watchNamespaces`.
pub(crate) async fn grant_in(cluster: &Cluster, namespace: &str) {
    for mut object in manifest::documents(WATCHED_NAMESPACE) {
        object["metadata"]["namespace"] = namespace.into();
        cluster.put(&object).await;
    }
    counts(cluster, &format!("/api/v1/namespaces/{namespace}/secrets")).await;
}

/// Those of `--all-namespaces`.
pub(crate) async fn grant_everywhere(cluster: &Cluster) {
    cluster.put_yaml(ALL_NAMESPACES).await;
    counts(cluster, "/api/v1/secrets").await;
}

/// A client of the ServiceAccount.
pub(crate) async fn client(cluster: &Cluster) -> Client {
    let kubeconfig = Some(cluster.service_account_kubeconfig());
    let choice = ClusterChoice { kubeconfig, context: None };
    connect(&choice).await.expect("the cluster takes connections")
}

/// The real server takes a moment to learn of a new binding.
async fn counts(cluster: &Cluster, path: &str) {
    let account = cluster.service_account_api();
    wait_until(LIMIT, || async { account.get(path).await.status != 403 }).await;
}
