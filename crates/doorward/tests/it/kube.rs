//! The real binary on a cluster: each story is told to the API server of the testkit, and to the
//! real one where `KUBEBUILDER_ASSETS` names a folder that holds it.

mod acme;
mod away;
mod console;
mod install;
mod issuing;
mod kubectl;
mod leader;
mod pki;
mod plan;
mod rights;
mod sessions;
mod walk_through;

use std::net::SocketAddr;

use futures::future::join_all;
use testkit::{
    LIMIT,
    app::{App, Setup},
    cluster::Cluster,
    wait_for,
};

use crate::setup;

/// Makes two tests of each story.
macro_rules! stories {
    ($($(#[$about:meta])* async fn $story:ident($($cluster:tt)+) $body:block)*) => {
        $(
            $(#[$about])*
            async fn $story($($cluster)+) $body
        )*

        mod in_process {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    super::$story(testkit::cluster::Cluster::in_process().await).await
                }
            )*
        }

        mod real {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    if let Some(cluster) = testkit::cluster::Cluster::real().await {
                        super::$story(cluster).await
                    }
                }
            )*
        }
    };
}
pub(crate) use stories;

/// The namespace of everything that Doorward keeps.
pub const STORE: &str = "doorward-system";
const CRDS: [&str; 2] = [
    include_str!("../../../../deploy/crds/albconfigs.yaml"),
    include_str!("../../../../deploy/crds/issuers.yaml"),
];

/// What a cluster has before Doorward comes.
pub async fn prepare(cluster: &Cluster) {
    for definition in CRDS {
        cluster.put_yaml(definition).await;
    }
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: doorward-system}}";
    cluster.put_yaml(namespace).await;
}

/// A replica that sees the Secrets of namespace `shop`.
pub fn replica(cluster: &Cluster) -> Setup {
    replica_with(cluster, "")
}

/// The same with more settings.
pub fn replica_with(cluster: &Cluster, settings: &str) -> Setup {
    let settings = format!("watchNamespaces: [shop]\npublishAddress: 203.0.113.7\n{settings}");
    setup().kube(&cluster.kubeconfig()).config(&settings)
}

/// Several replicas, all ready.
async fn replicas(cluster: &Cluster, count: usize, settings: &str) -> Vec<App> {
    join_all((0..count).map(|_| replica_with(cluster, settings).start())).await
}

/// Where each replica serves a listener.
async fn addresses(replicas: &[App], load_balancer: &str, port: u16) -> Vec<SocketAddr> {
    join_all(replicas.iter().map(|replica| replica.address(load_balancer, port))).await
}

/// Waits until one of them leads, and gives its place.
async fn leader(replicas: &[App]) -> usize {
    wait_for(LIMIT, || async {
        for (place, replica) in replicas.iter().enumerate() {
            if replica.metric("doorward_leader").await == 1.0 {
                return Some(place);
            }
        }
        None
    })
    .await
}
