use std::net::{IpAddr, Ipv4Addr};

use model::{Balancing, ObjectRef};

use super::*;

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn backend(port: u16) -> Arc<Backend> {
    Arc::new(Backend {
        service: ObjectRef::namespaced("Service", "shop", "web"),
        port: "80".into(),
        protocol: BackendProtocol::Http,
        balancing: Balancing::InTurn,
        endpoints: vec![Endpoint { host: "192.0.2.1".into(), port }],
    })
}

#[test]
fn what_no_model_speaks_of_is_forgotten() {
    let upstream = Upstream::new(UpstreamOptions::default());
    let (kept, dropped) = (backend(1), backend(2));
    upstream.rotation(&kept);
    upstream.rotation(&dropped);
    drop(dropped);
    upstream.sweep();
    assert_eq!(read(&upstream.rotations).len(), 1);
    assert_eq!(read(&upstream.stations).len(), 1);
    assert!(Arc::ptr_eq(&upstream.rotation(&kept).backend, &kept));
}

#[test]
fn backends_that_name_one_endpoint_share_its_connections() {
    let upstream = Upstream::new(UpstreamOptions::default());
    let (before, after) = (backend(1), backend(1));
    let station = upstream.rotation(&before).pick(&[], CLIENT).cloned().unwrap();
    assert!(Arc::ptr_eq(&station, upstream.rotation(&after).pick(&[], CLIENT).unwrap()));
}
