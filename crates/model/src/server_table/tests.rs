use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    Action, CertificateList, FixedResponse, ForwardedHeaders, Listener, ListenerKey, Name,
    ObjectRef, Protocol, RouteTable,
};

/// Servers with these hosts.
fn servers(hosts: &[&[&str]]) -> Vec<Server> {
    let nothing = Action::Fixed(FixedResponse {
        status: http::StatusCode::NOT_FOUND,
        content_type: http::HeaderValue::from_static("text/plain"),
        body: "".into(),
        reason: None,
    });
    let listener = Arc::new(Listener {
        key: ListenerKey { load_balancer: "mesh".into(), port: 443, quic: false },
        protocol: Protocol::Https,
        address: "127.0.0.1:0".parse().unwrap(),
        declared_by: ObjectRef::namespaced("Gateway", "shop", "web"),
        certificates: CertificateList::default(),
        tls: None,
        servers: Vec::new(),
        tunnel: None,
        routes: Arc::new(RouteTable::new(vec![], nothing)),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        idle_timeout: Duration::from_secs(15),
        client_timeout: None,
        request_timeout: Duration::from_secs(15),
        gzip: false,
    });
    let server = |(position, hosts): (usize, &&[&str])| Server {
        name: position.to_string().into(),
        hosts: hosts.iter().map(|host| Name::parse(host).unwrap()).collect(),
        listener: listener.clone(),
    };
    hosts.iter().enumerate().map(server).collect()
}

fn found(hosts: &[&[&str]], name: Option<&str>) -> Option<usize> {
    ServerTable::new(&servers(hosts)).find(name).map(|found| found.position)
}

#[test]
fn the_name_itself_goes_before_the_longest_wildcard_and_that_before_any_name() {
    let hosts: [&[&str]; 4] = [&["*.test"], &["*.a.test"], &["x.a.test"], &[]];
    for (name, server) in [
        ("x.a.test", 2),
        ("y.a.test", 1),
        ("z.y.a.test", 1),
        ("a.test", 0),
        ("b.test", 0),
        ("test", 3),
        ("other", 3),
    ] {
        assert_eq!(found(&hosts, Some(name)), Some(server), "{name}");
    }
}

#[test]
fn a_wildcard_stands_for_any_depth_and_not_for_its_parent() {
    let hosts: [&[&str]; 1] = [&["*.a.test"]];
    assert_eq!(found(&hosts, Some("z.y.x.a.test")), Some(0));
    assert_eq!(found(&hosts, Some("a.test")), None);
    assert_eq!(found(&hosts, Some("ba.test")), None);
}

#[test]
fn a_client_without_a_name_gets_the_server_without_hosts_alone() {
    assert_eq!(found(&[&["a.test"], &[]], None), Some(1));
    assert_eq!(found(&[&["a.test"], &["*.test"]], None), None);
}

#[test]
fn of_two_servers_with_one_host_the_first_has_it() {
    assert_eq!(found(&[&["a.test"], &["a.test", "*.test"], &["*.test"]], Some("a.test")), Some(0));
    assert_eq!(found(&[&["a.test"], &["*.test"], &["*.test"]], Some("b.test")), Some(1));
    assert_eq!(found(&[&[], &[]], None), Some(0));
}

#[test]
fn the_host_that_fits_is_told() {
    let servers = servers(&[&["a.test", "*.b.test"], &[]]);
    let table = ServerTable::new(&servers);
    let fit = |name| table.find(name).map(|found| found.by);
    assert_eq!(fit(Some("a.test")), Some(HostFit::Exact));
    assert_eq!(fit(Some("y.x.b.test")), Some(HostFit::Wildcard("b.test")));
    assert_eq!(fit(Some("c.test")), Some(HostFit::Any));
    assert!(table.names_host("*.b.test") && table.names_host("a.test"));
    assert!(!table.names_host("x.b.test") && !table.names_host("*.a.test"));
}

/// Rule by rule over the plain list; slow and obvious.
fn oracle(hosts: &[Vec<&str>], name: Option<&str>) -> Option<usize> {
    let any = hosts.iter().position(Vec::is_empty);
    let Some(name) = name else { return any };
    let fit = |host: &&str| match host.strip_prefix('*') {
        Some(suffix) if name.ends_with(suffix) && name.len() > suffix.len() => Some(suffix.len()),
        None if *host == name => Some(usize::MAX),
        _ => None,
    };
    let best = (0..hosts.len())
        .filter_map(|at| Some((hosts[at].iter().filter_map(fit).max()?, std::cmp::Reverse(at))))
        .max();
    best.map(|(_, std::cmp::Reverse(at))| at).or(any)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_search_agrees_with_the_oracle(
        hosts in prop::collection::vec(
            prop::collection::vec(prop::sample::select(
                vec!["a.test", "*.test", "x.a.test", "*.a.test", "*.x.a.test", "b.test"],
            ), 0..3),
            0..5,
        ),
        name in prop::option::of(prop::sample::select(
            vec!["a.test", "x.a.test", "y.a.test", "y.x.a.test", "w.y.x.a.test", "b.test", "test"],
        )),
    ) {
        let slices: Vec<&[&str]> = hosts.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(found(&slices, name), oracle(&hosts, name));
    }
}
