//! Which endpoint a request goes to.

use std::collections::BTreeMap;

use http::StatusCode;
use model::{Action, BackendProtocol};
use testkit::{
    backend::{Backend, refused},
    pki::TestCa,
};

use crate::front::{Front, forward_over, rule, target, to};

/// How many of `requests` each backend answered.
async fn shares(front: &Front, requests: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        let answer = front.get("http://shop.test/").await;
        *shares.entry(answer.header("x-backend").to_owned()).or_default() += 1;
    }
    shares
}

fn even<const N: usize>(shares: [(&str, usize); N]) -> BTreeMap<String, usize> {
    shares.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

#[tokio::test]
async fn endpoints_take_turns() {
    let [one, two, three] =
        [Backend::echo("one").await, Backend::echo("two").await, Backend::echo("three").await];
    let front = Front::serving(to(&[one.address, two.address, three.address])).await;
    assert_eq!(shares(&front, 30).await, even([("one", 10), ("two", 10), ("three", 10)]));
}

#[tokio::test]
async fn connections_are_kept() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    assert_eq!(shares(&front, 20).await, even([("one", 20)]));
    assert_eq!(backend.connections(), 1);
}

#[tokio::test]
async fn a_dead_endpoint_is_passed_over_and_costs_no_request() {
    let [one, two] = [Backend::echo("one").await, Backend::echo("two").await];
    let mut front = Front::serving(to(&[one.address, refused().await, two.address])).await;
    let shares = shares(&front, 30).await;
    assert_eq!(shares.values().sum::<usize>(), 30);
    assert!(!shares.contains_key(""), "{shares:?}");
    let mut tries = 0;
    for _ in 0..30 {
        tries += front.facts.recv().await.unwrap().attempts;
    }
    assert_eq!(tries, 31, "once refused, the endpoint is left alone for a while");
}

#[tokio::test]
async fn the_last_endpoint_is_tried_however_often_it_failed() {
    let address = refused().await;
    let front = Front::serving(to(&[address])).await;
    for _ in 0..3 {
        assert_eq!(front.get("http://shop.test/").await.status, StatusCode::BAD_GATEWAY);
    }
    let socket = tokio::net::TcpListener::bind(address).await.unwrap();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = socket.accept().await.unwrap();
        let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(front.get("http://shop.test/").await.status, StatusCode::NO_CONTENT);
    answering.abort();
}

#[tokio::test]
async fn weights_share_exactly() {
    let [stable, canary] = [Backend::echo("stable").await, Backend::echo("canary").await];
    let http = BackendProtocol::Http;
    let targets = vec![target(http, &[stable.address], 90), target(http, &[canary.address], 10)];
    let front = Front::serving(vec![rule("shop.test", "/", Action::Forward(targets))]).await;
    assert_eq!(shares(&front, 50).await, even([("stable", 45), ("canary", 5)]));
    assert_eq!(shares(&front, 50).await, even([("stable", 45), ("canary", 5)]));
}

#[tokio::test]
async fn a_target_without_weight_or_endpoints_gets_nothing() {
    let [stable, canary] = [Backend::echo("stable").await, Backend::echo("canary").await];
    let http = BackendProtocol::Http;
    let targets = vec![
        target(http, &[stable.address], 50),
        target(http, &[canary.address], 0),
        target(http, &[], 50),
    ];
    let front = Front::serving(vec![rule("shop.test", "/", Action::Forward(targets))]).await;
    assert_eq!(shares(&front, 20).await, even([("stable", 20)]));
}

#[tokio::test]
async fn an_https_backend_may_show_any_certificate() {
    let pair = TestCa::new("unknown").leaf(&["other.test"]);
    let backend = Backend::echo_tls("secure", &pair).await;
    let action = forward_over(BackendProtocol::Https, &[backend.address]);
    let front = Front::serving(vec![rule("shop.test", "/", action)]).await;
    assert_eq!(shares(&front, 5).await, even([("secure", 5)]));
    assert_eq!(backend.connections(), 1);
}

#[tokio::test]
async fn an_https_backend_that_speaks_no_tls_is_a_failed_connection() {
    let backend = Backend::echo("plain").await;
    let action = forward_over(BackendProtocol::Https, &[backend.address]);
    let front = Front::serving(vec![rule("shop.test", "/", action)]).await;
    let answer = front.get("http://shop.test/").await;
    assert_eq!(answer.header("x-doorward-reason"), "connect-failed");
}
