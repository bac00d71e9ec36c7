use super::*;
use crate::example::{Ack, host, now};

fn class(ack: &Ack, change: impl Fn(&mut Facts)) -> Condition {
    let mut facts = ack.facts();
    change(&mut facts);
    condition(&facts)
}

fn stop_all(facts: &mut Facts) {
    for host in facts.hosts.values_mut() {
        host.components.iter_mut().for_each(|component| component.process = None);
    }
}

#[test]
fn what_is_dead_decides_the_class() {
    let sound = Ack { ca_days: 1000, ..Ack::default() };
    let leaves = Ack { ca_days: 1000, leaf_days: -3, ..Ack::default() };
    let authority = Ack { ca_days: -3, ..Ack::default() };
    let keyless = Ack { has_ca_keys: false, ..leaves.clone() };
    let as_is: fn(&mut Facts) = |_| ();
    for (ack, change, expected) in [
        (&sound, as_is, Class::Sound),
        (&leaves, as_is, Class::LeavesDead),
        (&leaves, stop_all, Class::LeavesDead),
        (&authority, as_is, Class::AuthorityDead),
        (&authority, stop_all, Class::AllDead),
        (&keyless, as_is, Class::AllDead),
    ] {
        assert_eq!(class(ack, change).class, expected, "{ack:?}");
    }
}

#[test]
fn the_reason_says_what_is_dead_since_when_and_what_still_lives() {
    let leaves = class(&Ack { ca_days: 1000, leaf_days: -3, ..Ack::default() }, |_| ());
    assert_eq!(
        leaves.why,
        "all 5 certificates of etcd are dead: \"etcd-server\" expired 3 d 0 h ago, on 2026-11-19 \
         08:00 UTC; the authorities are valid to 2029-08-18"
    );
    let authority = class(&Ack { ca_days: -3, ..Ack::default() }, |_| ());
    assert!(authority.why.ends_with("open connections go on, every new one fails"));
}

#[test]
fn trust_that_does_not_fit_the_leaves_is_a_half_done_rotation() {
    let other = Ack::default().facts();
    let mixed = class(&Ack { ca_days: 1000, ..Ack::default() }, |facts| {
        let path = "/var/lib/etcd/cert/ca.pem";
        let foreign = other.hosts[&host(1)].files[std::path::Path::new(path)].clone();
        facts.hosts.get_mut(&host(2)).expect("a host").files.insert(path.into(), foreign);
    });
    assert_eq!(mixed.class, Class::Mixed);
    assert_eq!(
        mixed.why,
        "master-2: /var/lib/etcd/cert/ca.pem does not trust \"CA\", whose certificates others \
         present"
    );
}

#[test]
fn death_on_one_host_alone_points_at_its_clock() {
    let good = Ack { ca_days: 1000, ..Ack::default() }.facts();
    let dead = Ack { ca_days: 1000, leaf_days: -3, ..Ack::default() }.facts();
    let mut facts = good;
    facts.hosts.insert(host(3), dead.hosts[&host(3)].clone());
    let scope = Scope::of(&facts, &Health::default(), &Wish::default());
    assert_eq!(only_host_with_dead(&scope, now()), Some(host(3)));
}

#[test]
fn durations_are_short() {
    for (minutes, text) in [(3, "3 min"), (61, "1 h 1 min"), (1501, "1 d 1 h"), (90_000, "62 d")] {
        assert_eq!(duration(SignedDuration::from_mins(minutes)), text);
    }
}
