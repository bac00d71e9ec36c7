//! Listeners that come, change, move and go.

use std::net::SocketAddr;

use model::{Listener, ListenerKey, Protocol};
use testkit::{http::get_plain, pki::TestCa, tls::TlsClient};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{Stage, default, http, https, key};

async fn is_refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_err()
}

/// An address that nobody listens on at the moment.
async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn listeners_are_added_and_removed_while_others_serve_on() {
    let stage = Stage::new(vec![http(80)]).await;
    let address = stage.address(80);
    stage.publish(vec![http(80), http(8080)]).await;
    let added = stage.address(8080);
    assert_eq!(get_plain(added, "shop.test", "/").await.unwrap().text(), "hello");

    stage.publish(vec![http(80)]).await;
    assert!(is_refused(added).await, "a removed listener is closed once the Model is applied");
    assert!(!stage.gateway.served.borrow().listeners.contains_key(&key(8080)));
    assert_eq!(stage.address(80), address);
    assert_eq!(get_plain(address, "shop.test", "/").await.unwrap().text(), "hello");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_and_had_once_it_is_free() {
    let squatter = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = squatter.local_addr().unwrap();
    let stage = Stage::new(vec![http(80), Listener { address: taken, ..http(8080) }]).await;
    let error = stage.listener(8080).error.expect("it is told");
    assert!(error.contains(&taken.to_string()) && error.contains("another process"), "{error}");
    get_plain(stage.address(80), "shop.test", "/").await.expect("the other listener serves");

    drop(squatter);
    stage
        .served(8080, |listener| listener.address == Some(taken) && listener.error.is_none())
        .await;
    get_plain(taken, "shop.test", "/").await.unwrap();
}

#[tokio::test]
async fn a_listener_that_moves_to_a_taken_port_stays_where_it_was() {
    let squatter = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = squatter.local_addr().unwrap();
    let stage = Stage::new(vec![http(80)]).await;
    let before = stage.address(80);
    stage.publish(vec![Listener { address: taken, ..http(80) }]).await;
    assert_eq!(stage.listener(80).address, Some(before));
    assert!(stage.listener(80).error.is_some());
    get_plain(before, "shop.test", "/").await.unwrap();

    drop(squatter);
    stage.served(80, |listener| listener.address == Some(taken)).await;
    get_plain(taken, "shop.test", "/").await.unwrap();
    testkit::wait_until(testkit::LIMIT, || is_refused(before)).await;
}

#[tokio::test]
async fn two_listeners_may_change_places() {
    let (one, other) = (free_address().await, free_address().await);
    let at = |port, address| Listener { address, ..http(port) };
    let stage = Stage::new(vec![at(80, one), at(8080, other)]).await;
    stage.publish(vec![at(80, other), at(8080, one)]).await;
    assert_eq!((stage.address(80), stage.address(8080)), (other, one));
    get_plain(one, "shop.test", "/").await.unwrap();
    get_plain(other, "shop.test", "/").await.unwrap();
}

#[tokio::test]
async fn the_address_of_a_removed_listener_goes_to_a_new_one() {
    let address = free_address().await;
    let stage = Stage::new(vec![Listener { address, ..http(80) }]).await;
    stage.publish(vec![Listener { address, ..http(8080) }]).await;
    assert_eq!(stage.address(8080), address);
}

#[tokio::test]
async fn a_listener_may_change_from_http_to_https_on_its_port() {
    let ca = TestCa::new("root");
    let stage = Stage::new(vec![http(80)]).await;
    let address = stage.address(80);
    get_plain(address, "shop.test", "/").await.unwrap();
    stage.publish(vec![https(80, vec![default(&ca.leaf(&["shop.test"]))])]).await;
    assert_eq!(stage.address(80), address);
    TlsClient::trusting(&ca).get(address, "shop.test", "/").await.unwrap();
}

#[tokio::test]
async fn quic_is_reported_and_the_https_listener_of_its_port_serves() {
    let ca = TestCa::new("root");
    let listener = https(443, vec![default(&ca.leaf(&["shop.test"]))]);
    let quic_key = ListenerKey { quic: true, ..key(443) };
    let quic = Listener { key: quic_key.clone(), protocol: Protocol::Quic, ..listener.clone() };
    let stage = Stage::new(vec![listener, quic]).await;
    TlsClient::trusting(&ca).get(stage.address(443), "shop.test", "/").await.unwrap();
    let told = stage.gateway.served.borrow().listeners[&quic_key].clone();
    assert_eq!(told.address, None);
    assert!(told.error.is_some_and(|error| error.contains("QUIC is not served")));
}
