//! Copies of requests, and that they are nobody's burden.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Method, StatusCode};
use model::{BackendProtocol, Forwarding, Mirror, PerMillion, Retries, RetryOn, Rule};
use testkit::{
    LIMIT,
    backend::{Backend, refused},
    http::request,
    wait_until,
};

use crate::{
    front::{Front, forward, rule, target},
    scripted::{Act, Scripted},
};

fn to(mirrors: &[std::net::SocketAddr], share: PerMillion) -> Forwarding {
    let mirrors = mirrors.iter().map(|mirror| {
        let backend = target(BackendProtocol::Http, &[*mirror], 1).backend;
        Mirror { backend, share }
    });
    Forwarding { mirrors: mirrors.collect(), ..Forwarding::default() }
}

async fn front(forwarding: Forwarding, backend: std::net::SocketAddr) -> Front {
    let rule = Rule {
        forwarding: Some(Arc::new(forwarding)),
        ..rule("shop.test", "/", forward(&[backend]))
    };
    Front::serving(vec![rule]).await
}

fn post(body: &str) -> testkit::http::Request {
    let mut request = request(Method::POST, "http://shop.test:81/cart?id=7", body.to_owned());
    request.headers_mut().insert("x-user", "me".parse().unwrap());
    request
}

#[tokio::test]
async fn a_mirror_sees_the_request_and_the_client_does_not_see_the_mirror() {
    let backend = Backend::echo("one").await;
    let mut mirror = Scripted::start(&[Act::Status(500)]).await;
    let front = front(to(&[mirror.address], PerMillion::ALL), backend.address).await;
    let answer = front.send(post("the whole body")).await;
    assert_eq!((answer.status, answer.header("x-backend")), (StatusCode::OK, "one"));
    assert_eq!(answer.json()["body"], "the whole body");
    let seen = mirror.seen().await;
    assert_eq!((seen.method, &*seen.target), (Method::POST, "/cart?id=7"));
    assert_eq!(seen.headers["host"], "shop.test-shadow:81");
    assert_eq!(seen.headers["x-user"], "me");
    assert_eq!(seen.body, "the whole body");

    front.get("http://shop.test/").await;
    assert_eq!(mirror.seen().await.headers["host"], "shop.test-shadow");
}

#[tokio::test]
async fn a_body_in_chunks_is_copied_with_its_trailers_to_every_mirror() {
    let backend = Backend::echo("one").await;
    let acts = [Act::Status(200)];
    let (mut one, mut two) = (Scripted::start(&acts).await, Scripted::start(&acts).await);
    let front = front(to(&[one.address, two.address], PerMillion::ALL), backend.address).await;
    let chunked = "POST /a HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\
                   trailer: x-sum\r\nte: trailers\r\nconnection: te\r\n\r\n\
                   3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 6\r\n\r\n";
    assert!(front.raw(chunked).await.starts_with("HTTP/1.1 200 "));
    for mirror in [&mut one, &mut two] {
        let seen = mirror.seen().await;
        assert_eq!(seen.body, "abcdef");
        assert_eq!(seen.trailers.unwrap()["x-sum"], "6");
    }
}

#[tokio::test]
async fn mirrors_that_fail_or_hang_cost_the_request_nothing() {
    let backend = Backend::echo("one").await;
    let (hanging, resetting) = (Backend::hanging().await, Backend::resetting().await);
    let mirrors = [refused().await, hanging.address, resetting.address];
    let front = front(to(&mirrors, PerMillion::ALL), backend.address).await;
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(front.send(post("body")).await.json()["body"], "body");
    }
    // The listener's patience with the mirror that hangs is ten seconds.
    assert!(began.elapsed() < Duration::from_secs(8));
    wait_until(LIMIT, async || hanging.connections() == 20).await;
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_copied_and_arrives() {
    let backend = Backend::echo("one").await;
    let mut mirror = Scripted::start(&[Act::Status(200)]).await;
    let front = front(to(&[mirror.address], PerMillion::ALL), backend.address).await;
    let long = "0123456789".repeat(20_000);
    assert_eq!(front.send(post(&long)).await.json()["body"], long);
    front.send(post("short")).await;
    assert_eq!(mirror.seen().await.body, "short");
    assert_eq!(mirror.asked(), 1);
}

/// The bounds are seven standard deviations away.
#[tokio::test]
async fn about_the_share_is_copied() {
    let backend = Backend::echo("one").await;
    let mirror = Backend::echo("mirror").await;
    let front = front(to(&[mirror.address], PerMillion(300_000)), backend.address).await;
    let stream = front.connect().await;
    let mut connection = testkit::http::Connection::open(stream).await.unwrap();
    for _ in 0..300 {
        connection.send(testkit::http::get("http://shop.test/")).await.unwrap();
    }
    wait_until(LIMIT, async || mirror.requests() >= 30).await;
    assert!(mirror.requests() <= 150, "{} of 300", mirror.requests());
}

#[tokio::test]
async fn a_request_that_is_tried_again_is_copied_once() {
    let mut backend = Scripted::start(&[Act::Status(503), Act::Status(200)]).await;
    let mut mirror = Scripted::start(&[Act::Status(200)]).await;
    let retries = Retries {
        attempts: 1,
        on: RetryOn { server_error: true, ..RetryOn::default() },
        per_try: None,
        backoff: Duration::from_millis(1),
        avoids_failed: false,
    };
    let forwarding =
        Forwarding { retries: Some(retries), ..to(&[mirror.address], PerMillion::ALL) };
    let front = front(forwarding, backend.address).await;
    let answer = tokio::time::timeout(LIMIT, front.send(post("body"))).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    for seen in [backend.seen().await, backend.seen().await, mirror.seen().await] {
        assert_eq!(seen.body, "body");
    }
    assert_eq!(mirror.asked(), 1);
}
