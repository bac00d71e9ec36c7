use serde_json::{Value, json};
use testkit::{LIMIT, cluster::Cluster, wait_until};
use tokio::time::timeout;
use tokio_util::sync::DropGuard;

use super::*;
use crate::{
    lease::fixture::Ballot,
    store::fixture::{NAMESPACE, client, clusters, in_process},
};

struct Replica {
    keys: watch::Receiver<Arc<TicketKeys>>,
    ballot: Ballot,
    _running: DropGuard,
}

impl Replica {
    async fn on(cluster: &Cluster) -> Self {
        let tickets = TicketSecret::new(client(cluster).await, NAMESPACE);
        let keys = tickets.subscribe();
        let (ballot, leadership) = Ballot::open();
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        tokio::spawn(async move { tickets.run(leadership, stop).await });
        Self { keys, ballot, _running: cancel.drop_guard() }
    }

    async fn sees(&mut self, what: impl Fn(&TicketKeys) -> bool) -> Arc<TicketKeys> {
        let seen = timeout(LIMIT, self.keys.wait_for(|keys| what(keys))).await;
        seen.expect("in time").expect("it runs").clone()
    }
}

/// The stored Secret with another time of rotation.
fn rotated_at(secret: &Value, time: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut data = secret["data"].clone();
    data["rotated"] = STANDARD.encode(time).into();
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": TYPE, "data": data,
        "metadata": {"namespace": NAMESPACE, "name": NAME},
    })
}

#[tokio::test]
async fn the_leader_makes_the_keys_and_every_replica_has_them() {
    for cluster in clusters().await {
        let mut leader = Replica::on(&cluster).await;
        let mut follower = Replica::on(&cluster).await;
        leader.ballot.win();
        let keys = leader.sees(|keys| !keys.0.is_empty()).await;
        assert_eq!(keys.0.len(), 2);
        assert_eq!(follower.sees(|keys| !keys.0.is_empty()).await, keys);

        // A new leader keeps the keys that are there.
        leader.ballot.lose();
        follower.ballot.win();
        let before = cluster.object("Secret", NAMESPACE, NAME).await.expect("it is there");
        let mut third = Replica::on(&cluster).await;
        assert_eq!(third.sees(|keys| !keys.0.is_empty()).await, keys);
        let after = cluster.object("Secret", NAMESPACE, NAME).await.expect("it is there");
        assert_eq!(before["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"]);
    }
}

#[tokio::test]
async fn deleting_the_secret_makes_new_keys_and_until_then_the_old_ones_are_used() {
    for cluster in clusters().await {
        let mut leader = Replica::on(&cluster).await;
        leader.ballot.win();
        let keys = leader.sees(|keys| !keys.0.is_empty()).await;
        leader.ballot.lose();
        assert!(cluster.delete("Secret", NAMESPACE, NAME).await);
        leader.ballot.win();
        let new = leader.sees(|new| *new != *keys).await;
        assert_eq!(new.0.len(), 2);
    }
}

#[tokio::test]
async fn broken_keys_are_replaced_and_until_then_the_last_good_ones_are_used() {
    let cluster = in_process().await;
    let mut leader = Replica::on(&cluster).await;
    leader.ballot.win();
    let keys = leader.sees(|keys| !keys.0.is_empty()).await;
    leader.ballot.lose();
    let secret = cluster.object("Secret", NAMESPACE, NAME).await.expect("it is there");
    cluster.put(&rotated_at(&secret, "nonsense")).await;
    assert_eq!(*leader.keys.borrow(), keys);
    leader.ballot.win();
    leader.sees(|new| *new != *keys).await;
}

#[tokio::test]
async fn a_leader_that_may_not_write_says_so_and_goes_on() {
    let cluster = in_process().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!() };
    server.deny("create", "secrets");
    let mut leader = Replica::on(&cluster).await;
    leader.ballot.win();
    wait_until(LIMIT, || async { server.count("create", "secrets") > 0 }).await;
    assert!(leader.keys.borrow().0.is_empty());
    server.allow("create", "secrets");
    leader.sees(|keys| !keys.0.is_empty()).await;
}
