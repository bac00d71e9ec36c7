use std::collections::HashMap;

use model::{BackendProtocol, Endpoint, ObjectRef};
use proptest::prelude::*;

use super::*;

fn target(name: usize, weight: u32, endpoints: usize) -> ForwardTarget {
    let backend = Backend {
        service: ObjectRef::namespaced("Service", "shop", &name.to_string()),
        port: "80".into(),
        protocol: BackendProtocol::Http,
        endpoints: (0..endpoints).map(|n| endpoint(n as u16)).collect(),
    };
    ForwardTarget { backend: Arc::new(backend), weight }
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: "192.0.2.1".into(), port }
}

fn shares(targets: &[ForwardTarget], turns: std::ops::Range<usize>) -> HashMap<String, u64> {
    let mut shares = HashMap::new();
    for turn in turns {
        if let Some(backend) = pick_target(targets, turn) {
            *shares.entry(backend.service.name.to_string()).or_default() += 1;
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
        let first = rotation.pick(&[]).unwrap().clone();
        assert_eq!(first.endpoint.port, 2);
        let second = rotation.pick(std::slice::from_ref(&first)).unwrap().clone();
        let third = rotation.pick(&[first.clone(), second.clone()]).unwrap().clone();
        assert!(second.shunned.is_on() && third.shunned.is_on() && !Arc::ptr_eq(&second, &third));
        assert!(rotation.pick(&[first, second, third]).is_none());
    }
}
