use std::time::Duration;

use super::*;

const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

fn admitted(
    buckets: &mut Buckets,
    limit: &TrafficLimit,
    client: IpAddr,
    now: Instant,
    n: usize,
) -> usize {
    (0..n).filter(|_| buckets.admit(limit, client, now)).count()
}

#[test]
fn a_rule_admits_its_rate_and_refills_evenly() {
    let limit = TrafficLimit { total: Some(10), per_client: None };
    let start = Instant::now();
    let mut buckets = Buckets::new(&limit, start);
    assert_eq!(admitted(&mut buckets, &limit, ONE, start, 20), 10);
    let later = start + Duration::from_millis(305);
    assert_eq!(admitted(&mut buckets, &limit, TWO, later, 20), 3);
    let much_later = later + Duration::from_secs(60);
    assert_eq!(admitted(&mut buckets, &limit, ONE, much_later, 20), 10);
}

#[test]
fn clients_do_not_use_up_each_others_share() {
    let limit = TrafficLimit { total: None, per_client: Some(2) };
    let now = Instant::now();
    let mut buckets = Buckets::new(&limit, now);
    assert_eq!(admitted(&mut buckets, &limit, ONE, now, 5), 2);
    assert_eq!(admitted(&mut buckets, &limit, TWO, now, 5), 2);
}

#[test]
fn a_client_over_its_limit_does_not_drain_the_rule() {
    let limit = TrafficLimit { total: Some(5), per_client: Some(2) };
    let now = Instant::now();
    let mut buckets = Buckets::new(&limit, now);
    assert_eq!(admitted(&mut buckets, &limit, ONE, now, 100), 2);
    assert_eq!(admitted(&mut buckets, &limit, TWO, now, 100), 2);
}

#[test]
fn the_client_map_is_bounded_and_keeps_who_is_over_the_limit() {
    let limit = TrafficLimit { total: None, per_client: Some(1) };
    let start = Instant::now();
    let mut buckets = Buckets::with_capacity(&limit, start, 100);
    let address = |n: u32| IpAddr::from(n.to_be_bytes());
    for n in 0..99 {
        assert!(buckets.admit(&limit, address(n), start));
    }
    let later = start + Duration::from_secs(2);
    assert!(buckets.admit(&limit, ONE, later));
    assert!(!buckets.admit(&limit, ONE, later));
    assert!(buckets.admit(&limit, TWO, later));
    assert!(!buckets.admit(&limit, ONE, later), "still known after the clearing");
    for n in 0..10_000 {
        buckets.admit(&limit, address(n), later);
    }
    assert!(buckets.clients.len() <= 100);
}
