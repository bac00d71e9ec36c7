use k8s_openapi::api::core::v1::Service;
use model::ObjectRef;
use serde_json::json;
use testkit::{LIMIT, cluster::Cluster};
use tokio::time::timeout;
use tokio_util::sync::DropGuard;
use translate::world::{Key, Object};

use super::*;
use crate::{
    lease::fixture::Ballot,
    store::fixture::{NAMESPACE, client, clusters, in_process},
};

/// One replica's console at work.
struct Replica {
    map: Arc<ConsoleMap>,
    seen: watch::Receiver<Console>,
    worlds: watch::Sender<Arc<World>>,
    ballot: Ballot,
    _running: DropGuard,
}

impl Replica {
    async fn on(cluster: &Cluster) -> Self {
        let map = Arc::new(ConsoleMap::new(client(cluster).await, NAMESPACE));
        let (worlds, world) = watch::channel(Arc::default());
        let (ballot, leadership) = Ballot::open();
        let cancel = CancellationToken::new();
        let (running, stop) = (map.clone(), cancel.clone());
        tokio::spawn(async move { running.run(world, leadership, stop).await });
        timeout(LIMIT, map.known()).await.expect("in time");
        let seen = map.subscribe();
        Self { map, seen, worlds, ballot, _running: cancel.drop_guard() }
    }

    async fn sees(&mut self, what: impl Fn(&Console) -> bool) -> Console {
        let seen = timeout(LIMIT, self.seen.wait_for(|console| what(console))).await;
        seen.expect("in time").expect("it runs").clone()
    }

    /// The source publishes a World with the console as it is seen, and `services` Services.
    async fn publish(&self, generation: u64, services: usize) {
        let console = self.seen.borrow().clone();
        let services = (0..services).map(|number| {
            let name = format!("web-{number}");
            let object = Object {
                reference: ObjectRef::namespaced("Service", "shop", &name),
                origin: None,
                created: jiff::Timestamp::UNIX_EPOCH,
                sequence: 0,
                body: Service::default(),
            };
            (Key::new("shop", &name), Arc::new(object))
        });
        let services = services.collect();
        let world = World { console, generation, services, ..World::default() };
        self.worlds.send_replace(Arc::new(world));
        // On this runtime of one thread, the upkeep that this woke goes first.
        tokio::task::yield_now().await;
    }
}

fn listener() -> ListenerKey {
    "edge-lb:443".parse().expect("a listener")
}

fn id(text: &str) -> CertificateId {
    CertificateId::store(text)
}

#[tokio::test]
async fn what_one_replica_is_asked_for_every_replica_sees() {
    for cluster in clusters().await {
        let mut one = Replica::on(&cluster).await;
        let mut two = Replica::on(&cluster).await;
        one.map.set_read_only("edge-lb", false).await.expect("writes");
        two.map.set_default(&listener(), &id("756")).await.expect("writes");
        one.map.add(&listener(), &id("812")).await.expect("writes");
        one.map.remove(&listener(), &id("777")).await.expect("writes");
        two.map.add(&listener(), &id("777")).await.expect("writes");

        let is_whole = |console: &Console| {
            let removed = console.removed.get(&listener()).is_none_or(Vec::is_empty);
            removed && console.added.get(&listener()).is_some_and(|added| added.len() == 2)
        };
        let (first, second) = (one.sees(is_whole).await, two.sees(is_whole).await);
        assert_eq!(first, second);
        assert!(!first.is_read_only("edge-lb"));
        assert!(first.defaults[&listener()].is_fresh(99));
        let written = cluster.object("ConfigMap", NAMESPACE, NAME).await.expect("it is there");
        assert_eq!(written["metadata"]["labels"]["app.kubernetes.io/managed-by"], "doorward");
    }
}

#[tokio::test]
async fn writers_at_the_same_time_lose_no_edit() {
    for cluster in clusters().await {
        let mut one = Replica::on(&cluster).await;
        let two = Replica::on(&cluster).await;
        let names = ["a", "b", "c", "d"].map(id);
        let key = listener();
        let (ones, twos) = (&one.map, &two.map);
        let done = tokio::join!(
            ones.add(&key, &names[0]),
            twos.add(&key, &names[1]),
            ones.add(&key, &names[2]),
            twos.add(&key, &names[3]),
        );
        assert!(matches!(done, (Ok(()), Ok(()), Ok(()), Ok(()))), "{done:?}");
        one.sees(|console| console.added.get(&key).is_some_and(|added| added.len() == 4)).await;
    }
}

#[tokio::test]
async fn the_leader_takes_edits_out_when_the_objects_have_changed() {
    for cluster in clusters().await {
        let mut leader = Replica::on(&cluster).await;
        leader.map.add(&listener(), &id("812")).await.expect("writes");
        leader.map.set_default(&listener(), &id("756")).await.expect("writes");
        leader.sees(|console| console.defaults.len() == 1).await;
        leader.publish(1, 0).await;
        leader.publish(2, 1).await;
        // Nobody leads: the edits stand.
        assert_eq!(leader.seen.borrow().added[&listener()].len(), 1);

        leader.ballot.win();
        let is_out = |console: &Console| {
            console.added.get(&listener()).is_none_or(Vec::is_empty)
                && !console.defaults[&listener()].is_fresh(2)
        };
        let after = leader.sees(is_out).await;
        assert_eq!(after.defaults[&listener()].id, id("756"), "kept while it is wanted");
    }
}

#[tokio::test]
async fn a_map_that_was_edited_by_hand_counts_as_far_as_it_can_be_read() {
    let cluster = in_process().await;
    let by_hand = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": NAMESPACE, "name": NAME},
        "data": {"readOnly": "edge-lb: false", "added": "{: broken"},
    });
    cluster.put(&by_hand).await;
    let mut replica = Replica::on(&cluster).await;
    assert!(!replica.seen.borrow().is_read_only("edge-lb"));
    replica.map.set_default(&listener(), &id("756")).await.expect("writes");
    replica.sees(|console| console.defaults.len() == 1 && !console.is_read_only("edge-lb")).await;
    let written = cluster.object("ConfigMap", NAMESPACE, NAME).await.expect("it is there");
    assert_eq!(written["data"]["added"], "{: broken");
}

#[tokio::test]
async fn a_conflict_is_tried_again_and_an_outage_is_told_and_survived() {
    let cluster = in_process().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!() };
    let mut replica = Replica::on(&cluster).await;
    replica.map.set_read_only("edge-lb", false).await.expect("writes");
    server.conflict_next(2);
    replica.map.set_read_only("edge-lb", true).await.expect("after two conflicts");

    server.away();
    let error = replica.map.set_read_only("edge-lb", false).await.expect_err("it is away");
    let text = error.to_string();
    assert!(text.contains("ConfigMap doorward-system/doorward-console"), "{text}");
    assert!(text.contains("check that the API server can be reached"), "{text}");
    assert!(replica.seen.borrow().is_read_only("edge-lb"), "what was known stands");

    server.back();
    replica.map.set_read_only("edge-lb", false).await.expect("writes");
    replica.sees(|console| !console.is_read_only("edge-lb")).await;
}

#[tokio::test]
async fn a_missing_right_names_the_rule() {
    let cluster = in_process().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!() };
    let replica = Replica::on(&cluster).await;
    server.deny("create", "configmaps");
    let error = replica.map.set_read_only("edge-lb", false).await.expect_err("denied").to_string();
    let rule = r#"{apiGroups: [""], resources: ["configmaps"], verbs: ["create"]}"#;
    assert!(error.contains(rule), "{error}");
}
