//! What discovery finds on the masters of the lab, and what status makes of it.

use jiff::SignedDuration;

use super::*;
use crate::{
    Facts, Purpose, Reread,
    component::Port,
    discover::gather,
    inventory::Layout,
    site::Clock,
    status::{State, Status},
};

struct Now;

impl Clock for Now {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

async fn facts(lab: &Lab) -> Facts {
    let inventory = inventory(lab);
    let site = Ssh::new(&inventory).unwrap();
    Box::pin(gather(&site, &inventory, &Now)).await
}

#[tokio::test]
async fn a_lab_as_acks_installer_leaves_it_is_found_whole() {
    let shape = Shape { has_api_servers: true, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let facts = facts(&lab).await;
    assert_eq!(facts.hosts.len(), 3);
    for (name, host) in &facts.hosts {
        assert_eq!((&host.unreached, host.layout), (&None, Layout::Ack), "{name}");
        let [etcd, api_server] = &host.components[..] else { panic!("{:?}", host.components) };
        assert_eq!((etcd.program, api_server.program), (Program::Etcd, Program::KubeApiserver));
        let trusts: Vec<_> =
            etcd.trusts.iter().map(|t| (t.purpose, t.path.to_str().unwrap(), t.reread)).collect();
        assert!(trusts.contains(&(
            Purpose::EtcdPeer,
            "/var/lib/etcd/cert/peer-ca.pem",
            Reread::AtStart
        )));
        let served: Vec<_> = host.served.iter().map(|s| (s.program, s.port)).collect();
        for port in [
            (Program::Etcd, Port::Client),
            (Program::Etcd, Port::Peer),
            (Program::KubeApiserver, Port::Client),
        ] {
            assert!(served.contains(&port), "{name}: {served:?}");
        }
        assert!(host.served.iter().all(|served| served.outcome.is_ok()), "{:?}", host.served);
        assert_eq!(host.authority_keys.len(), 4, "{:?}", host.authority_keys);
    }
    let status = Status::of(&facts, SignedDuration::from_hours(60 * 24));
    let first = &status.certificates[0];
    assert_eq!(first.state, State::Warn, "{first:?}");
    assert_eq!(status.exit_code(), 1, "{:#?}", status.certificates);
}

#[tokio::test]
async fn a_member_that_is_down_is_found_by_its_unit() {
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    lab.machines()[1].must("systemctl stop etcd");
    let facts = facts(&lab).await;
    let host = &facts.hosts[&HostName("master-2".to_owned())];
    let [etcd, ..] = &host.components[..] else { panic!("no component") };
    assert_eq!(etcd.process, None);
    assert!(etcd.trusts.len() >= 2, "found by its unit: {etcd:?}");
    assert!(host.served.iter().all(|served| served.outcome.is_err()));
}
