use std::{collections::HashMap, net::Ipv4Addr};

use model::{BackendProtocol, Endpoint, ObjectRef};
use proptest::prelude::*;

use super::*;

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn target(name: usize, weight: u32, endpoints: usize) -> ForwardTarget {
    let backend = Backend {
        service: ObjectRef::namespaced("Service", "shop", &name.to_string()),
        port: "80".into(),
        protocol: BackendProtocol::Http,
        balancing: Balancing::InTurn,
        endpoints: (0..endpoints).map(|n| endpoint(n as u16)).collect(),
    };
    ForwardTarget { filters: Arc::new([]), backend: Arc::new(backend), weight }
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: "192.0.2.1".into(), port }
}

fn shares(targets: &[ForwardTarget], turns: std::ops::Range<usize>) -> HashMap<String, u64> {
    let mut shares = HashMap::new();
    for turn in turns {
        if let Some(target) = pick_target(targets, turn) {
            *shares.entry(target.backend.service.name.to_string()).or_default() += 1;
        }
    }
    shares
}

#[test]
fn weights_are_mixed_and_not_in_runs() {
    let targets = [target(0, 90, 1), target(1, 10, 1)];
    for start in (0..100).step_by(20) {
        let canary = shares(&targets, start..start + 20)["1"];
        assert!((1..=3).contains(&canary), "{canary} of 20 from {start}");
    }
}

#[test]
fn all_weights_zero_is_nothing() {
    assert_eq!(pick_target(&[target(0, 0, 1)], 0), None);
    assert_eq!(pick_target(&[target(0, 0, 1), target(1, 0, 1)], 5), None);
    assert_eq!(pick_target(&[], 0), None);
}

proptest! {
    #[test]
    fn each_target_gets_exactly_its_weight(
        weights in proptest::collection::vec(0_u32..100, 1..5),
        start in 0_usize..1_000_000,
    ) {
        let targets: Vec<_> =
            weights.iter().enumerate().map(|(name, weight)| target(name, *weight, 1)).collect();
        let total: u32 = weights.iter().sum();
        let shares = shares(&targets, start..start + total as usize);
        if targets.len() > 1 {
            for (name, weight) in weights.iter().enumerate() {
                let share = shares.get(&name.to_string()).copied().unwrap_or_default();
                prop_assert_eq!(share, u64::from(*weight));
            }
        }
    }

    #[test]
    fn any_weight_is_safe(a: u32, b: u32, turn: usize) {
        prop_assert_eq!(pick_target(&[target(0, a, 1), target(1, b, 1)], turn).is_some(), a > 0 || b > 0);
    }
}

fn rotation(endpoints: u16) -> Rotation {
    let stations = (0..endpoints)
        .map(|port| Arc::new(Station::new(endpoint(port), BackendProtocol::Http)))
        .collect();
    Rotation::new(target(0, 1, 0).backend, stations)
}

#[test]
fn one_that_failed_lately_is_taken_only_when_there_is_no_other() {
    let rotation = rotation(3);
    for station in &rotation.stations[..2] {
        station.shunned.begin(std::time::Duration::from_secs(60));
    }
    for _ in 0..6 {
        let first = rotation.pick(&[], CLIENT).unwrap().clone();
        assert_eq!(first.endpoint.port, 2);
        let second = rotation.pick(std::slice::from_ref(&first), CLIENT).unwrap().clone();
        let third = rotation.pick(&[first.clone(), second.clone()], CLIENT).unwrap().clone();
        assert!(second.shunned.is_on() && third.shunned.is_on() && !Arc::ptr_eq(&second, &third));
        assert!(rotation.pick(&[first, second, third], CLIENT).is_none());
    }
}

/// By the client's address, over endpoints with these ports.
fn by_address(ports: std::ops::Range<u16>) -> Rotation {
    let backend = target(0, 1, 0).backend;
    let backend = Backend { balancing: Balancing::SourceAddress, ..Backend::clone(&backend) };
    let station = |port| Arc::new(Station::new(endpoint(port), BackendProtocol::Http));
    Rotation::new(Arc::new(backend), ports.map(station).collect())
}

fn client(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, number))
}

#[test]
fn a_client_stays_with_one_endpoint_and_clients_spread() {
    let rotation = by_address(1..4);
    let port_of = |number| rotation.pick(&[], client(number)).unwrap().endpoint.port;
    let mut clients: HashMap<u16, usize> = HashMap::new();
    for number in 0..=255 {
        assert_eq!(port_of(number), port_of(number));
        *clients.entry(port_of(number)).or_default() += 1;
    }
    assert_eq!(clients.len(), 3);
    assert!(clients.values().all(|count| *count > 256 / 6), "{clients:?}");
    let mapped = IpAddr::V6(Ipv4Addr::new(198, 51, 100, 7).to_ipv6_mapped());
    assert_eq!(rotation.pick(&[], mapped).unwrap().endpoint.port, port_of(7));
}

#[test]
fn when_an_endpoint_goes_only_its_own_clients_move() {
    let (before, after) = (by_address(1..5), by_address(1..4));
    for number in 0..=255 {
        let of = |rotation: &Rotation| rotation.pick(&[], client(number)).unwrap().endpoint.port;
        assert!(of(&before) == of(&after) || of(&before) == 4);
    }
}

#[test]
fn the_least_busy_is_picked_and_equals_take_turns() {
    let backend = target(0, 1, 0).backend;
    let backend = Backend { balancing: Balancing::LeastBusy, ..Backend::clone(&backend) };
    let station = |port| Arc::new(Station::new(endpoint(port), BackendProtocol::Http));
    let rotation = Rotation::new(Arc::new(backend), (0..3).map(station).collect());
    let mut under_way: Vec<_> = Vec::new();
    for _ in 0..6 {
        let station = rotation.pick(&[], CLIENT).unwrap();
        under_way.push((station.endpoint.port, rotation.occupy(station)));
    }
    for port in 0..3 {
        assert_eq!(under_way.iter().filter(|(picked, _)| *picked == port).count(), 2);
    }
    // Those of one endpoint end.
    under_way.retain(|(port, _)| *port != 1);
    for _ in 0..3 {
        assert_eq!(rotation.pick(&[], CLIENT).unwrap().endpoint.port, 1);
    }
    rotation.stations[1].shunned.begin(std::time::Duration::from_secs(60));
    assert_ne!(rotation.pick(&[], CLIENT).unwrap().endpoint.port, 1);
}

#[test]
fn a_client_leaves_its_endpoint_while_that_fails() {
    let rotation = by_address(1..4);
    let own = rotation.pick(&[], CLIENT).unwrap().clone();
    let other = rotation.pick(std::slice::from_ref(&own), CLIENT).unwrap().clone();
    assert!(!Arc::ptr_eq(&own, &other));
    own.shunned.begin(std::time::Duration::from_secs(60));
    assert!(Arc::ptr_eq(rotation.pick(&[], CLIENT).unwrap(), &other));
}
