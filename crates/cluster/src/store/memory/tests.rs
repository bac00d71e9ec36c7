use std::collections::BTreeMap;

use model::{Certificate, ListenerKey};
use testkit::{LIMIT, cluster::Cluster, pki::TestCa};
use tokio::time::timeout;
use tokio_util::sync::DropGuard;
use translate::memory::ElbPast;

use super::*;
use crate::{
    lease::fixture::Ballot,
    store::fixture::{NAMESPACE, client, clusters, in_process},
};

fn certificate(name: &str) -> Arc<Certificate> {
    let issued = TestCa::new("memory").leaf(&[name]);
    let pair = x509::read_pair(issued.chain_pem.as_bytes(), issued.key_pem.as_bytes());
    Arc::new(pair.expect("a good pair"))
}

fn memory(held_over: &[&str]) -> Memory {
    let listener: ListenerKey = "edge-lb:443".parse().expect("a listener");
    let id = CertificateId::store;
    let held_over = held_over.iter().map(|name| (id(name), certificate(name)));
    Memory {
        defaults: BTreeMap::from([(listener, id("756"))]),
        held_over: held_over.collect(),
        ..Memory::default()
    }
}

async fn follower(
    cluster: &Cluster,
) -> (Arc<SharedMemory>, watch::Receiver<Option<Arc<Memory>>>, DropGuard) {
    let shared = Arc::new(SharedMemory::new(client(cluster).await, NAMESPACE));
    let cancel = CancellationToken::new();
    let (running, stop) = (shared.clone(), cancel.clone());
    tokio::spawn(async move { running.run(stop).await });
    timeout(LIMIT, shared.known()).await.expect("in time");
    let seen = shared.subscribe();
    (shared, seen, cancel.drop_guard())
}

async fn sees(
    seen: &mut watch::Receiver<Option<Arc<Memory>>>,
    what: impl Fn(&Memory) -> bool,
) -> Arc<Memory> {
    let is_it = |memory: &Option<Arc<Memory>>| memory.as_deref().is_some_and(&what);
    let seen = timeout(LIMIT, seen.wait_for(is_it)).await.expect("in time").expect("it runs");
    seen.clone().expect("there is one")
}

#[tokio::test]
async fn what_the_leader_saves_every_replica_takes_over() {
    for cluster in clusters().await {
        let (leader, _, _running) = follower(&cluster).await;
        let (_, mut seen, _running_too) = follower(&cluster).await;
        assert!(seen.borrow().is_none(), "nothing was saved");
        let (ballot, _leadership) = Ballot::open();
        let term = ballot.win();

        let saved = memory(&["a.test", "b.test"]);
        assert_eq!(leader.save(&term, &saved).await.expect("saves"), []);
        let taken = sees(&mut seen, |memory| memory.held_over.len() == 2).await;
        assert!(!taken.differs_for_a_restart(&saved));

        leader.save(&term, &memory(&[])).await.expect("saves");
        sees(&mut seen, |memory| memory.held_over.is_empty()).await;
        let secret = cluster.object("Secret", NAMESPACE, NAME).await.expect("it is there");
        assert_eq!(secret["type"], TYPE);
        assert_eq!(secret["data"].as_object().expect("data").len(), 1, "no key is left behind");

        ballot.lose();
        let late = leader.save(&term, &saved).await.expect_err("the term is over").to_string();
        assert!(late.contains("not the leader"), "{late}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_lost_and_the_rest_is_taken_over() {
    let cluster = in_process().await;
    let (leader, mut seen, _running) = follower(&cluster).await;
    let (ballot, _leadership) = Ballot::open();
    leader.save(&ballot.win(), &memory(&["a.test", "b.test"])).await.expect("saves");
    let mut secret = cluster.object("Secret", NAMESPACE, NAME).await.expect("it is there");
    let data = secret["data"].as_object_mut().expect("data");
    let name = data.keys().find(|name| *name != MemoryTexts::INDEX).expect("one").clone();
    data.insert(name, "bm90IGEgY2VydGlmaWNhdGU=".into());
    let Cluster::InProcess(server) = &cluster else { unreachable!() };
    server.put(secret.clone());
    let taken = sees(&mut seen, |memory| memory.held_over.len() == 1).await;
    assert_eq!(taken.defaults.len(), 1);

    secret["data"] = serde_json::json!({"memory.yaml": "ezogYnJva2Vu"});
    server.put(secret);
    leader.save(&ballot.win(), &memory(&["c.test"])).await.expect("saves over it");
    let id = CertificateId::store("c.test");
    sees(&mut seen, |memory| memory.held_over.contains_key(&id)).await;
}

#[test]
fn certificates_that_do_not_fit_are_left_out_by_name() {
    let whole = memory(&["a.test", "b.test", "c.test"]);
    let Fitting { texts, left_out, .. } = fitting(&whole, ROOM);
    assert_eq!((texts.len(), left_out.len()), (4, 0));
    let size = |texts: &Texts| texts.iter().map(|(_, text)| text.len()).sum::<usize>();

    let Fitting { texts: fewer, left_out, .. } = fitting(&whole, size(&texts) - 1);
    assert_eq!(left_out, [CertificateId::store("c.test")]);
    assert!(size(&fewer) < size(&texts));
    let index = &fewer.iter().find(|(name, _)| name == MemoryTexts::INDEX).expect("an index").1;
    assert!(!index.contains("c.test"), "{}", **index);
}

#[test]
fn what_cce_objects_wrote_gives_way_before_the_defaults_do() {
    let mut whole = memory(&[]);
    let without = fitting(&whole, ROOM);
    assert!(!without.lacks_elb);
    let object = model::ObjectRef::namespaced("Service", "shop", "web");
    let text = "x".repeat(ROOM);
    let first = [("autocreate".into(), text.as_str().into())].into();
    whole.elb.insert(object, ElbPast { first, good: None });
    let Fitting { texts, lacks_elb, .. } = fitting(&whole, ROOM);
    assert!(lacks_elb);
    assert_eq!(texts, without.texts, "the rest is kept");
}
