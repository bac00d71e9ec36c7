//! Which endpoint a request goes to.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use http::StatusCode;
use model::{Action, BackendProtocol, Balancing, Rule};
use testkit::{
    LIMIT,
    backend::{Backend, refused},
    pki::TestCa,
    wait_until,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::front::{Front, Setup, forward_over, rule, target, to};

/// How many of `requests` each backend answered.
async fn shares(front: &Front, requests: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        let answer = front.get("http://shop.test/").await;
        *shares.entry(answer.header("x-backend").to_owned()).or_default() += 1;
    }
    shares
}

pub fn to_the_least_busy(endpoints: &[SocketAddr]) -> Vec<Rule> {
    let mut target = target(BackendProtocol::Http, endpoints, 100);
    Arc::make_mut(&mut target.backend).balancing = Balancing::LeastBusy;
    vec![rule("shop.test", "/", Action::Forward(vec![target]))]
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

/// Two requests hang at one endpoint, so the others get those that follow, until they hang no more.
#[tokio::test]
async fn the_least_busy_endpoint_is_taken() {
    let [one, two] = [Backend::echo("one").await, Backend::echo("two").await];
    let front = Front::serving(to_the_least_busy(&[one.address, two.address])).await;
    // Whoever gets it keeps it: a request that has not ended.
    let mut hanging = front.connect().await;
    let begin = b"POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 2\r\n\r\n.";
    hanging.write_all(begin).await.unwrap();
    wait_until(LIMIT, || async { one.connections() + two.connections() == 1 }).await;
    let (free, busy) = if one.connections() == 0 { ("one", "two") } else { ("two", "one") };
    assert_eq!(shares(&front, 10).await, even([(free, 10)]));
    drop(hanging);
    wait_until(LIMIT, || async { shares(&front, 2).await.contains_key(busy) }).await;
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
        stream.write_all(answer).await.unwrap();
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

/// Answers one request with `status`, then keeps the connection until the other side closes it.
async fn answer_once(socket: &tokio::net::TcpListener) -> tokio::net::TcpStream {
    let (mut stream, _) = socket.accept().await.unwrap();
    assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn a_connection_unused_for_long_is_closed() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut setup = Setup::new(to(&[socket.local_addr().unwrap()]));
    setup.upstream.idle_timeout = Duration::from_millis(100);
    setup.upstream.sweep_interval = Duration::from_millis(20);
    let front = setup.start().await;
    let (answer, mut kept) = tokio::join!(front.get("http://shop.test/"), answer_once(&socket));
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let end = tokio::time::timeout(LIMIT, kept.read(&mut [0; 16])).await;
    assert_eq!(end.expect("the gateway hangs up").unwrap(), 0);
}

#[tokio::test]
async fn an_endpoint_is_given_another_chance_after_a_while() {
    let [well, late] = [Backend::echo("well").await, Backend::echo("late").await];
    let address = late.address;
    drop(late);
    let mut setup = Setup::new(to(&[well.address, address]));
    setup.upstream.shun_time = Duration::from_millis(300);
    let front = setup.start().await;
    assert_eq!(shares(&front, 4).await, even([("well", 4)]));
    let socket = tokio::net::TcpListener::bind(address).await.unwrap();
    let serving = tokio::spawn(async move { answer_once(&socket).await });
    wait_until(LIMIT, || async {
        serving.is_finished()
            || front.get("http://shop.test/").await.status == StatusCode::NO_CONTENT
    })
    .await;
}

/// A client that sends a broken body must not give an endpoint a bad name.
#[tokio::test]
async fn a_clients_mistake_does_not_count_against_the_endpoint() {
    let [one, two] = [Backend::echo("one").await, Backend::echo("two").await];
    let front = Front::serving(to(&[one.address, two.address])).await;
    for _ in 0..2 {
        let bad = "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
        assert!(front.raw(bad).await.starts_with("HTTP/1.1 400 "));
    }
    assert_eq!(shares(&front, 10).await, even([("one", 5), ("two", 5)]));
}

#[tokio::test]
async fn an_endpoint_that_resets_is_passed_over_for_a_while() {
    let [bad, well] = [Backend::resetting().await, Backend::echo("well").await];
    let front = Front::serving(to(&[bad.address, well.address])).await;
    let shares = shares(&front, 10).await;
    assert!(shares["well"] >= 9, "{shares:?}");
    assert_eq!(bad.connections(), 10 - shares["well"]);
}

/// It takes the connection and never shakes hands. The time that costs is the endpoint's, not
/// the request's: the limit for answers is shorter here and still the next one is tried.
#[tokio::test]
async fn an_endpoint_that_does_not_finish_connecting_is_passed_over() {
    let stuck = Backend::hanging().await;
    let well = Backend::echo_tls("well", &TestCa::new("unknown").leaf(&["other.test"])).await;
    let front = |endpoints: &[std::net::SocketAddr]| {
        let action = forward_over(BackendProtocol::Https, endpoints);
        let mut setup = Setup::new(vec![rule("shop.test", "/", action)]);
        setup.upstream.connect_timeout = Duration::from_millis(600);
        setup.listener.request_timeout = Duration::from_millis(400);
        setup.start()
    };
    let both = front(&[stuck.address, well.address]).await;
    assert_eq!(shares(&both, 4).await, even([("well", 4)]));
    let answer = front(&[stuck.address]).await.get("http://shop.test/").await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer.header("x-doorward-reason"), "connect-timeout");
}
