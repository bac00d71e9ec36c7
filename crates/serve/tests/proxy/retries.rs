//! Requests that are tried again, and those that must not be.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::{BackendProtocol, Forwarding, Retries, RetryOn, Rule, Timeout};
use testkit::{
    LIMIT,
    backend::{Backend, refused},
    http::{get, request},
    wait_until,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use crate::{
    front::{Front, forward, forward_over, rule},
    piped::{Piped, data},
    scripted::{Act, Scripted},
};

fn retries(attempts: u32, on: RetryOn) -> Retries {
    let backoff = Duration::from_millis(1);
    Retries { attempts, on, per_try: None, backoff, avoids_failed: true }
}

fn with(retries: Retries) -> Forwarding {
    Forwarding { timeout: Timeout::Off, retries: Some(retries), ..Forwarding::default() }
}

fn on_5xx() -> RetryOn {
    RetryOn { server_error: true, ..RetryOn::default() }
}

fn rule_of(forwarding: Forwarding, action: model::Action) -> Rule {
    Rule { forwarding: Some(Arc::new(forwarding)), ..rule("shop.test", "/", action) }
}

async fn front(forwarding: Forwarding, backend: &Scripted) -> Front {
    Front::serving(vec![rule_of(forwarding, forward(&[backend.address]))]).await
}

fn post(body: impl Into<Bytes>) -> testkit::http::Request {
    request(Method::POST, "http://shop.test/cart", body)
}

#[tokio::test]
async fn a_failed_answer_is_tried_again_with_the_same_body() {
    let acts = [Act::Status(503), Act::HangUp, Act::Status(200)];
    let mut backend = Scripted::start(&acts).await;
    let mut front = front(with(retries(2, on_5xx())), &backend).await;
    let answer = front.send(post("the whole body")).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "said".into()));
    assert_eq!(front.facts.recv().await.unwrap().attempts, 3);
    for _ in acts {
        let seen = backend.seen().await;
        assert_eq!((seen.method, &*seen.target), (Method::POST, "/cart"));
        assert_eq!(seen.headers["content-length"], "14");
        assert_eq!(seen.body, "the whole body");
    }
}

#[tokio::test]
async fn after_the_last_attempt_the_failure_is_passed_on() {
    let backend = Scripted::start(&[Act::Status(503)]).await;
    let front = front(with(retries(2, on_5xx())), &backend).await;
    let answer = front.get("http://shop.test/").await;
    assert_eq!((answer.status.as_u16(), answer.header("x-doorward-reason")), (503, ""));
    assert_eq!(backend.asked(), 3);

    let backend = Scripted::start(&[Act::HangUp]).await;
    let front = self::front(with(retries(1, on_5xx())), &backend).await;
    let answer = front.send(post("body")).await;
    assert_eq!(answer.header("x-doorward-reason"), "backend-reset");
    assert_eq!(backend.asked(), 2);
}

#[tokio::test]
async fn what_the_rule_does_not_name_is_not_tried_again() {
    for (act, on) in [
        (Act::Status(500), RetryOn { gateway_error: true, ..RetryOn::default() }),
        (Act::Status(200), on_5xx()),
        (Act::HangUp, RetryOn { connect_failure: true, ..RetryOn::default() }),
    ] {
        let backend = Scripted::start(&[act]).await;
        let front = front(with(retries(5, on)), &backend).await;
        front.send(post("body")).await;
        assert_eq!(backend.asked(), 1);
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_is_left_where_the_rule_says_so() {
    let backend = Backend::echo("one").await;
    let connect = RetryOn { connect_failure: true, ..RetryOn::default() };
    for (on, all_well) in [(connect, true), (RetryOn::default(), false)] {
        let forwarding = with(retries(1, on));
        let action = forward(&[refused().await, backend.address]);
        let front = Front::serving(vec![rule_of(forwarding, action)]).await;
        let mut well = 0;
        for _ in 0..2 {
            let answer = front.send(post("body")).await;
            if answer.status == StatusCode::OK {
                assert_eq!(answer.json()["body"], "body");
                well += 1;
            }
        }
        assert_eq!(well == 2, all_well);
    }
}

/// In turn, the second endpoint would often be the first one again.
#[tokio::test]
async fn an_endpoint_that_failed_is_passed_over() {
    let (good, bad) = (Backend::echo("one").await, Scripted::start(&[Act::Status(500)]).await);
    let action = forward(&[bad.address, good.address]);
    let front = Front::serving(vec![rule_of(with(retries(1, on_5xx())), action)]).await;
    for _ in 0..10 {
        assert_eq!(front.get("http://shop.test/").await.status, StatusCode::OK);
    }
    assert!(bad.asked() > 0);
}

#[tokio::test]
async fn a_body_that_is_too_long_to_keep_is_sent_once_and_whole() {
    let long: String = "0123456789".repeat(20_000);
    let mut backend = Scripted::start(&[Act::Status(503), Act::Status(200)]).await;
    let front = front(with(retries(5, on_5xx())), &backend).await;
    assert_eq!(front.send(post(long.clone())).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(backend.seen().await.body, long);
    assert_eq!(backend.asked(), 1);

    let chunk = format!("2710\r\n{}\r\n", &long[..10_000]);
    let chunked = format!(
        "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(20)
    );
    let mut backend = Scripted::start(&[Act::Status(503), Act::Status(200)]).await;
    let front = self::front(with(retries(5, on_5xx())), &backend).await;
    assert!(front.raw(&chunked).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(backend.seen().await.body, long);
    assert_eq!(backend.asked(), 1);
}

#[tokio::test]
async fn a_long_body_of_which_nothing_was_sent_may_go_elsewhere() {
    let long = "0123456789".repeat(20_000);
    let backend = Backend::echo("one").await;
    let connect = RetryOn { connect_failure: true, ..RetryOn::default() };
    let action = forward(&[refused().await, backend.address]);
    let front = Front::serving(vec![rule_of(with(retries(1, connect)), action)]).await;
    for _ in 0..2 {
        assert_eq!(front.send(post(long.clone())).await.json()["body"], long);
    }
}

#[tokio::test]
async fn the_longest_body_that_is_kept_is_repeated() {
    for (length, tries) in [(65_535, 2), (65_536, 2), (65_537, 1)] {
        let mut backend = Scripted::start(&[Act::Status(503), Act::Status(200)]).await;
        let front = front(with(retries(1, on_5xx())), &backend).await;
        let body: Vec<u8> = (0..length).map(|place: u32| (place % 251) as u8).collect();
        front.send(post(body.clone())).await;
        assert_eq!(backend.asked(), tries, "{length}");
        for _ in 0..tries {
            assert!(backend.seen().await.body == body, "{length}");
        }
    }
}

/// What is kept for another try must not be waited for.
#[tokio::test]
async fn a_stream_passes_as_it_comes_where_retries_are_wanted() {
    let backend = Backend::echo("one").await;
    let action = forward_over(BackendProtocol::Grpc, &[backend.address]);
    let front = Front::serving(vec![rule_of(with(retries(2, on_5xx())), action)]).await;
    let io = TokioIo::new(front.connect().await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let (frames, body) = mpsc::channel(1);
    let asked = http::Request::post("http://shop.test/stream").body(Piped(body)).unwrap();
    frames.send(data("first")).await.unwrap();
    let answer = tokio::time::timeout(LIMIT, sender.send_request(asked)).await.unwrap();
    let mut echoed = answer.unwrap().into_body();
    for text in ["first", "second", "third"] {
        let frame = tokio::time::timeout(LIMIT, echoed.frame()).await.unwrap();
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), text);
        if text != "third" {
            let next = if text == "first" { "second" } else { "third" };
            frames.send(data(next)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_repeated_with_its_trailers() {
    let chunked = "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\
                   trailer: x-sum\r\nte: trailers\r\nconnection: te\r\n\r\n\
                   3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 6\r\n\r\n";
    let mut backend = Scripted::start(&[Act::Status(503), Act::Status(200)]).await;
    let front = front(with(retries(1, on_5xx())), &backend).await;
    assert!(front.raw(chunked).await.starts_with("HTTP/1.1 200 "));
    for _ in 0..2 {
        let seen = backend.seen().await;
        assert_eq!(seen.body, "abcdef");
        assert_eq!(seen.trailers.unwrap()["x-sum"], "6");
    }
}

/// The first endpoint fails while the client still sends: what was read by then is not lost.
#[tokio::test]
async fn a_body_is_picked_up_where_the_first_try_left_it() {
    let mut backend = Scripted::start(&[Act::Hasty(503), Act::Status(200)]).await;
    let front = front(with(retries(1, on_5xx())), &backend).await;
    let mut stream = front.connect().await;
    let head =
        b"POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 8\r\nconnection: close\r\n\r\nhalf";
    stream.write_all(head).await.unwrap();
    wait_until(LIMIT, async || backend.asked() == 2).await;
    stream.write_all(b"rest").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(backend.seen().await.body, "halfrest");
}

#[tokio::test]
async fn a_client_that_breaks_off_is_not_retried() {
    let backend = Scripted::start(&[Act::Status(200)]).await;
    let front = front(with(retries(3, on_5xx())), &backend).await;
    let mut stream = front.connect().await;
    let head =
        b"POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n";
    stream.write_all(head).await.unwrap();
    wait_until(LIMIT, async || backend.asked() == 1).await;
    stream.write_all(b"no length\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(backend.asked(), 1);
}

#[tokio::test]
async fn a_try_that_takes_too_long_gives_way_to_the_next() {
    let mut backend = Scripted::start(&[Act::Hang, Act::Status(200)]).await;
    let per_try = Some(Duration::from_millis(200));
    let front = front(with(Retries { per_try, ..retries(1, on_5xx()) }), &backend).await;
    let began = Instant::now();
    assert_eq!(front.send(post("body")).await.status, StatusCode::OK);
    assert!(began.elapsed() >= Duration::from_millis(200));
    for _ in 0..2 {
        assert_eq!(backend.seen().await.body, "body");
    }
}

#[tokio::test]
async fn retries_end_with_the_rules_time() {
    let backend = Scripted::start(&[Act::Status(503)]).await;
    let endless = Retries { backoff: Duration::from_millis(100), ..retries(1_000_000, on_5xx()) };
    let timeout = Timeout::After(Duration::from_millis(600));
    let front = front(Forwarding { timeout, ..with(endless) }, &backend).await;
    let began = Instant::now();
    assert_eq!(front.get("http://shop.test/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(began.elapsed() < LIMIT);
    assert!(backend.asked() > 1);
}

/// The client has seen the head: another try would be another answer.
#[tokio::test]
async fn an_answer_that_breaks_off_is_not_tried_again() {
    let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
    let backend = Backend::answering(broken).await;
    let rule = rule_of(with(retries(3, on_5xx())), forward(&[backend.address]));
    let front = Front::serving(vec![rule]).await;
    assert!(testkit::http::send(front.address, get("http://shop.test/")).await.is_err());
    assert_eq!(backend.connections(), 1);
}

#[tokio::test]
async fn a_grpc_status_in_the_head_is_tried_again() {
    let backend = Scripted::start(&[Act::Grpc(14), Act::Grpc(5)]).await;
    let on = RetryOn { grpc: vec![14], ..RetryOn::default() };
    let action = forward_over(BackendProtocol::Grpc, &[backend.address]);
    let front = Front::serving(vec![rule_of(with(retries(3, on)), action)]).await;
    let answer = front.send(post("body")).await;
    assert_eq!(answer.header("grpc-status"), "5");
    assert_eq!(backend.asked(), 2);
}

#[tokio::test]
async fn a_refused_stream_is_tried_again() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = socket.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut refuses = true;
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            match std::mem::replace(&mut refuses, false) {
                true => respond.send_reset(h2::Reason::REFUSED_STREAM),
                false => drop(respond.send_response(http::Response::new(()), true).unwrap()),
            }
        }
    });
    let on = RetryOn { refused_stream: true, ..RetryOn::default() };
    let action = forward_over(BackendProtocol::Grpc, &[address]);
    let front = Front::serving(vec![rule_of(with(retries(1, on)), action)]).await;
    let answer = tokio::time::timeout(LIMIT, front.get("http://shop.test/")).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    serving.abort();
}
