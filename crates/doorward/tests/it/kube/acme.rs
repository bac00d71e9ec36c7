//! ACME on a cluster: the leader orders, every replica answers the CA, and an order outlives who
//! began it.

use std::net::SocketAddr;

use serde_json::Value;
use testkit::{
    LIMIT,
    app::App,
    cluster::Cluster,
    pebble::{ChallTestSrv, Options, Pebble},
    tls::{ClientOptions, PeerFacts, TlsClient},
    wait_for, wait_until,
};

use super::{STORE, addresses, leader, prepare, replicas, stories};
use crate::{
    acme::{ORDERED, issued, issuer, placed, shop},
    manifests::CLASS,
};

const HOST: &str = "shop.example.test";

/// Two replicas whose listeners wait for a certificate, and which of them leads.
async fn waiting(cluster: &Cluster) -> (Vec<App>, usize) {
    prepare(cluster).await;
    let fleet = replicas(cluster, 2, "").await;
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&shop(HOST)).await;
    let leading = leader(&fleet).await;
    (fleet, leading)
}

/// Pebble, as it would ask this replica on ports 80 and 443.
async fn pebble_for(replica: &App, dns: SocketAddr, sleep: u8) -> Option<Pebble> {
    let http = replica.address("web", 80).await.port();
    let tls = replica.address("web", 443).await.port();
    Pebble::start(&Options { sleep, ..Options::new(dns, http, tls) }).await
}

/// What a replica shows to a client that trusts nobody but Pebble.
async fn served(address: SocketAddr, pebble: &Pebble) -> PeerFacts {
    let roots = vec![pebble.root(0).await];
    let client = TlsClient::new(ClientOptions { roots, ..ClientOptions::default() });
    wait_for(ORDERED, || async { client.handshake(address, Some(HOST)).await.ok() }).await
}

async fn is_challenged(cluster: &Cluster) -> bool {
    let challenges = cluster.object("Secret", STORE, "doorward-challenges").await;
    challenges.is_some_and(|secret| secret["data"].as_object().is_some_and(|data| !data.is_empty()))
}

/// Whether an order has been written down.
async fn is_begun(cluster: &Cluster) -> bool {
    let secrets = cluster.objects("Secret").await;
    secrets.iter().any(|secret| {
        let name = secret["metadata"]["name"].as_str();
        name.is_some_and(|name| name.starts_with("doorward-order-"))
    })
}

/// Waits until every replica tells of one order, which is served, and no challenge is left.
async fn at_rest(cluster: &Cluster, fleet: &[&App]) {
    for replica in fleet {
        wait_for(ORDERED, || async {
            let orders: Value = replica.get("/api/v1/orders").await.json();
            let [order] = orders.as_array()?.as_slice() else { return None };
            (order["stage"] == "Served").then_some(())
        })
        .await;
    }
    wait_until(LIMIT, || async { !is_challenged(cluster).await }).await;
    let secrets = cluster.objects("Secret").await;
    let issued =
        secrets.iter().filter(|s| !s["metadata"]["labels"]["doorward.dev/issued-by"].is_null());
    assert_eq!(issued.count(), 1);
}

/// The CA's questions reach the follower alone.
async fn answered_by_a_follower(cluster: &Cluster, solver: &str) {
    let Some(dns) = ChallTestSrv::start().await else { return };
    let (fleet, leading) = waiting(cluster).await;
    let Some(pebble) = pebble_for(&fleet[1 - leading], dns.dns(), 0).await else { return };
    cluster.put_yaml(&issuer(&pebble, solver)).await;
    let mut leaves = Vec::new();
    for address in addresses(&fleet, "web", 443).await {
        leaves.push(served(address, &pebble).await.leaf);
    }
    assert_eq!(leaves[0], leaves[1]);
    at_rest(cluster, &[&fleet[0], &fleet[1]]).await;
    assert_eq!((placed(&pebble), issued(&pebble)), (1, 1));
    assert_eq!(fleet[leading].metric("doorward_leader").await, 1.0, "nobody else leads now");
}

stories! {
async fn a_follower_answers_on_port_80_what_the_leader_has_asked_for(cluster: Cluster) {
    answered_by_a_follower(&cluster, "http01: {}").await;
}

async fn a_follower_answers_on_port_443_what_the_leader_has_asked_for(cluster: Cluster) {
    answered_by_a_follower(&cluster, "tlsAlpn01: {}").await;
}

/// Killed when its proof is put up, and the CA looks at it.
async fn an_order_outlives_the_leader_that_began_it(cluster: Cluster) {
    let Some(dns) = ChallTestSrv::start().await else { return };
    let (mut fleet, leading) = waiting(&cluster).await;
    let other = 1 - leading;
    let Some(pebble) = pebble_for(&fleet[other], dns.dns(), 3).await else { return };
    cluster.put_yaml(&issuer(&pebble, "http01: {}")).await;
    wait_until(ORDERED, || is_challenged(&cluster)).await;
    fleet[leading].kill();
    assert_eq!(issued(&pebble), 0, "it was over before the kill");

    let at = fleet[other].address("web", 443).await;
    let leaf = served(at, &pebble).await.leaf;
    at_rest(&cluster, &[&fleet[other]]).await;
    assert_eq!((placed(&pebble), issued(&pebble)), (1, 1), "the order is gone on with, not begun anew");

    fleet[leading].restart().await;
    let back = fleet[leading].address("web", 443).await;
    assert_eq!(served(back, &pebble).await.leaf, leaf);
    assert_eq!((placed(&pebble), issued(&pebble)), (1, 1));
}

async fn an_order_that_was_only_written_down_is_placed_by_the_next_leader(cluster: Cluster) {
    let Some(dns) = ChallTestSrv::start().await else { return };
    let (mut fleet, leading) = waiting(&cluster).await;
    let other = 1 - leading;
    let Some(pebble) = pebble_for(&fleet[other], dns.dns(), 0).await else { return };
    cluster.put_yaml(&issuer(&pebble, "tlsAlpn01: {}")).await;
    wait_until(ORDERED, || is_begun(&cluster)).await;
    fleet[leading].kill();

    let at = fleet[other].address("web", 443).await;
    served(at, &pebble).await;
    at_rest(&cluster, &[&fleet[other]]).await;
    // One may have been placed and not yet written down.
    assert!(placed(&pebble) <= 2, "{} orders", placed(&pebble));
    assert_eq!(issued(&pebble), 1);
}
}
