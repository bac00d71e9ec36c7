//! Clients that no Envoy is: malformed, oversize, flooding, silent, out of their namespace.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use super::{
    Started,
    client::{ADS, Connection, DELTA, FETCH, Heard, STREAM, names},
};
use crate::{
    fixture::{Secrets, leaf},
    limits::Limits,
    server::{BindError, Publisher},
    session::Standing,
    wire::{
        DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse, SECRET,
    },
};

const INVALID_ARGUMENT: u32 = 3;
const RESOURCE_EXHAUSTED: u32 = 8;
const UNIMPLEMENTED: u32 = 12;

fn one_secret() -> Started {
    let mut secrets = Secrets::default();
    secrets.put("a", &leaf("a.test")).put_in("shop", "b", &leaf("b.test"));
    Started::new(secrets)
}

fn subscribe(to: &[&str]) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest {
        type_url: SECRET.into(),
        resource_names_subscribe: names(to),
        ..DeltaDiscoveryRequest::default()
    }
}

fn ask(kind: &str, for_names: &[&str]) -> DiscoveryRequest {
    DiscoveryRequest {
        type_url: kind.into(),
        resource_names: names(for_names),
        ..DiscoveryRequest::default()
    }
}

/// Whether the server still does its work.
async fn serves(server: &Started) {
    let mut call = Connection::open(&server.socket()).await.call(DELTA).await;
    call.say(&subscribe(&["kubernetes://a"]));
    let response: DeltaDiscoveryResponse = call.hear().await.message();
    assert_eq!(response.resources[0].name, "kubernetes://a");
}

#[tokio::test]
async fn bytes_that_are_no_message_end_their_stream_alone() {
    let server = one_secret();
    let mut connection = Connection::open(&server.socket()).await;
    let mut good = connection.call(DELTA).await;
    for garbage in [&b"\xff\xff\xff\xff"[..], b"\x0a\xff\x01", b"\x1a\x05\xff\xff\xff\xff\xff"] {
        let mut call = connection.call(DELTA).await;
        call.say_bytes(garbage);
        assert_ne!(call.hear::<DeltaDiscoveryResponse>().await.status(), 0);
    }
    good.say(&subscribe(&["kubernetes://a"]));
    good.hear::<DeltaDiscoveryResponse>().await.message();
    assert_eq!(server.metric("doorward_sds_refused_total{reason=\"bad_request\"}"), 3.0);
}

#[tokio::test]
async fn an_oversize_request_is_not_read() {
    let server = one_secret();
    let mut call = Connection::open(&server.socket()).await.call(DELTA).await;
    call.say_bytes(&vec![0; 5 << 20]);
    assert_ne!(call.hear::<DeltaDiscoveryResponse>().await.status(), 0);
    serves(&server).await;
}

#[tokio::test]
async fn a_stream_asks_for_no_more_than_its_limit() {
    let mut secrets = Secrets::default();
    secrets.put("a", &leaf("a.test"));
    let server = Started::with(secrets, Limits { subscriptions: 10, ..Limits::default() });
    let many: Vec<String> = (0..11).map(|number| format!("kubernetes://{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut connection = Connection::open(&server.socket()).await;
    let mut call = connection.call(DELTA).await;
    call.say(&subscribe(&many));
    assert_eq!(call.hear::<DeltaDiscoveryResponse>().await.status(), RESOURCE_EXHAUSTED);
    let mut call = connection.call(STREAM).await;
    call.say(&ask(SECRET, &many));
    assert_eq!(call.hear::<DiscoveryResponse>().await.status(), RESOURCE_EXHAUSTED);
    let mut call = connection.call(DELTA).await;
    call.say(&subscribe(&["x".repeat(2_000).as_str()]));
    assert_eq!(call.hear::<DeltaDiscoveryResponse>().await.status(), RESOURCE_EXHAUSTED);
    serves(&server).await;
}

#[tokio::test]
async fn there_are_no_more_streams_than_the_limit() {
    let mut secrets = Secrets::default();
    secrets.put("a", &leaf("a.test"));
    let server = Started::with(secrets, Limits { streams: 2, ..Limits::default() });
    // HTTP/2 holds one connection to the limit; two connections meet the server's own.
    let mut first = Connection::open(&server.socket()).await;
    let (_one, two) = (first.call(DELTA).await, first.call(DELTA).await);
    let mut second = Connection::open(&server.socket()).await;
    let mut refused = second.call(DELTA).await;
    assert_eq!(refused.hear::<DeltaDiscoveryResponse>().await.status(), RESOURCE_EXHAUSTED);
    drop(two);
    testkit::wait_until(testkit::LIMIT, || async {
        server.ledger.clients().iter().map(|client| client.streams).sum::<usize>() == 1
    })
    .await;
    serves(&server).await;
}

#[tokio::test]
async fn a_flood_of_unknown_names_is_answered_and_slowed() {
    let mut secrets = Secrets::default();
    secrets.put("a", &leaf("a.test"));
    let limits = Limits { burst: 50, requests_per_second: 100, ..Limits::default() };
    let server = Started::with(secrets, limits);
    let mut call = Connection::open(&server.socket()).await.call(DELTA).await;
    let begun = std::time::Instant::now();
    for number in 0..60 {
        call.say(&subscribe(&[&format!("host-{number}.test")]));
    }
    for _ in 0..60 {
        let response: DeltaDiscoveryResponse = call.hear().await.message();
        assert_eq!(response.removed_resources.len(), 1);
        assert!(response.resources.is_empty());
    }
    assert!(begun.elapsed() >= Duration::from_millis(80), "the last ten waited");
    serves(&server).await;
}

#[tokio::test]
async fn a_client_that_never_answers_is_sent_a_window_and_no_more() {
    let mut secrets = Secrets::default();
    for number in 0..80 {
        secrets.put(&format!("s{number}"), &leaf("a.test"));
    }
    let server = Started::new(secrets);
    let mut call = Connection::open(&server.socket()).await.call(DELTA).await;
    let all: Vec<String> = (0..80).map(|number| format!("kubernetes://s{number}")).collect();
    call.say(&subscribe(&all.iter().map(String::as_str).collect::<Vec<_>>()));
    for _ in 0..64 {
        call.hear::<DeltaDiscoveryResponse>().await.message();
    }
    assert!(call.is_quiet::<DeltaDiscoveryResponse>(Duration::from_millis(200)).await);
    assert_eq!(server.client().await.secrets.len(), 80);
}

#[tokio::test]
async fn another_type_is_refused_on_the_secret_service_and_passed_by_on_the_aggregated_one() {
    let server = one_secret();
    let mut connection = Connection::open(&server.socket()).await;
    let listeners = "type.googleapis.com/envoy.config.listener.v3.Listener";
    let mut call = connection.call(STREAM).await;
    call.say(&ask(listeners, &[]));
    assert_eq!(call.hear::<DiscoveryResponse>().await.status(), INVALID_ARGUMENT);

    let mut call = connection.call(ADS).await;
    call.say(&ask(listeners, &[]));
    call.say(&ask(SECRET, &["kubernetes://a"]));
    let response: DiscoveryResponse = call.hear().await.message();
    assert_eq!((response.type_url.as_str(), response.resources.len()), (SECRET, 1));
    call.say(&ask("", &[]));
    assert_eq!(call.hear::<DiscoveryResponse>().await.status(), INVALID_ARGUMENT);
}

#[tokio::test]
async fn another_service_is_not_served() {
    let server = one_secret();
    let mut connection = Connection::open(&server.socket()).await;
    for path in ["/", "/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters"] {
        let mut call = connection.call(path).await;
        assert_eq!(call.hear::<DiscoveryResponse>().await.status(), UNIMPLEMENTED);
    }
}

#[tokio::test]
async fn a_secret_of_another_namespace_is_answered_like_one_that_does_not_exist() {
    let server = one_secret();
    let mut call = Connection::open(&server.socket()).await.call(DELTA).await;
    let mut request = subscribe(&["kubernetes://shop/b", "kubernetes://shop/nothing"]);
    // What a node says of itself changes nothing.
    request.node = Some(crate::wire::Node { id: "shop".into(), cluster: "shop".into() });
    call.say(&request);
    for name in &request.resource_names_subscribe {
        let response: DeltaDiscoveryResponse = call.hear().await.message();
        assert_eq!(response.removed_resources, std::slice::from_ref(name));
    }
    let held = server.stands("kubernetes://shop/b", Standing::Missing).await;
    assert!(held.problem.unwrap().contains("out of reach"), "the operator is told");
}

#[tokio::test]
async fn fetching_answers_once_with_what_there_is() {
    let server = one_secret();
    let request = ask("", &["kubernetes://a", "kubernetes://nothing", "kubernetes://shop/b"]);
    let mut call = Connection::open(&server.socket()).await.ask(FETCH, &request).await;
    let response: DiscoveryResponse = call.hear().await.message();
    assert_eq!(response.resources.len(), 1);
    assert!(matches!(call.hear::<DiscoveryResponse>().await, Heard::Ended(0)));
}

#[tokio::test]
async fn a_socket_is_for_its_owner_and_no_second_server_takes_it() {
    let server = one_secret();
    let mode = std::fs::metadata(server.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = Publisher::bind(server.settings.clone(), &mut Default::default());
    assert!(matches!(second, Err(BindError::InUse(_))));
}

#[tokio::test]
async fn a_socket_that_a_killed_process_left_is_taken_and_a_file_is_not() {
    let mut server = one_secret();
    server.stop().await;
    assert!(!server.socket().exists(), "it is removed in the end");
    drop(std::os::unix::net::UnixListener::bind(server.socket()).unwrap());
    server.restart().await;
    serves(&server).await;

    server.stop().await;
    std::fs::write(server.socket(), "precious").unwrap();
    let refused = Publisher::bind(server.settings.clone(), &mut Default::default());
    assert!(matches!(refused, Err(BindError::NoSocket(_))));
    assert_eq!(std::fs::read(server.socket()).unwrap(), b"precious");
}
