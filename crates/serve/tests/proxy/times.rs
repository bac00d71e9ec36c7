//! How long a rule lets a request take.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
use model::{Forwarding, Rule, Timeout};
use testkit::{backend::Backend, http::get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    front::{Front, Setup, forward, rule},
    scripted::{Act, Scripted},
};

fn rules(timeout: Timeout, backend: std::net::SocketAddr) -> Vec<Rule> {
    let forwarding = Forwarding { timeout, ..Forwarding::default() };
    let forwarding = Some(Arc::new(forwarding));
    vec![Rule { forwarding, ..rule("shop.test", "/", forward(&[backend])) }]
}

fn after(milliseconds: u64) -> Timeout {
    Timeout::After(Duration::from_millis(milliseconds))
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_504() {
    let backend = Backend::hanging().await;
    let front = Front::serving(rules(after(200), backend.address)).await;
    let began = Instant::now();
    let answer = front.get("http://shop.test/").await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.header("x-doorward-reason"), "backend-timeout");
    assert!((200..5_000).contains(&began.elapsed().as_millis()));
}

#[tokio::test]
async fn an_answer_that_does_not_end_in_time_is_cut() {
    let backend = Scripted::start(&[Act::Stall]).await;
    let front = Front::serving(rules(after(300), backend.address)).await;
    let began = Instant::now();
    let mut stream = front.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("begun\r\n"), "cut without the end of a body: {answer}");
    assert!((300..5_000).contains(&began.elapsed().as_millis()));
}

#[tokio::test]
async fn an_answer_that_is_in_time_is_whole() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(rules(after(5_000), backend.address)).await;
    let long = "0123456789".repeat(50_000);
    let asked = testkit::http::request(http::Method::POST, "http://shop.test/stream", long.clone());
    assert_eq!(front.send(asked).await.text(), long);
}

#[tokio::test]
async fn a_slow_upload_is_not_part_of_it() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(rules(after(200), backend.address)).await;
    let mut stream = front.connect().await;
    let head =
        b"POST /a HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 6\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"x").await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(r#""body":"xxxxxx""#), "{answer}");
}

/// A switched connection lives by the listener's idle time, as any other.
#[tokio::test]
async fn a_switch_ends_the_rules_time() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(rules(after(200), backend.address)).await;
    let mut stream = front.connect().await;
    let asked = b"GET / HTTP/1.1\r\nhost: shop.test\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    stream.write_all(asked).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"ping").await.unwrap();
        let mut echoed = [0; 4];
        stream.read_exact(&mut echoed).await.unwrap();
        assert_eq!(&echoed, b"ping");
    }
}

#[tokio::test]
async fn without_a_limit_even_the_listeners_is_off() {
    let backend = Backend::hanging().await;
    let mut setup = Setup::new(rules(Timeout::Off, backend.address));
    setup.listener.request_timeout = Duration::from_millis(50);
    let front = setup.start().await;
    let asking = testkit::http::send(front.address, get("http://shop.test/"));
    assert!(tokio::time::timeout(Duration::from_millis(500), asking).await.is_err());
}

#[tokio::test]
async fn a_rule_that_says_nothing_leaves_it_to_the_listener() {
    let backend = Backend::hanging().await;
    let mut setup = Setup::new(rules(Timeout::Listener, backend.address));
    setup.listener.request_timeout = Duration::from_millis(200);
    let answer = setup.start().await.get("http://shop.test/").await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn a_client_that_stops_in_its_body_is_told_so() {
    let backend = Backend::echo("one").await;
    let mut setup = Setup::new(rules(Timeout::Off, backend.address));
    setup.listener.request_timeout = Duration::from_millis(200);
    let front = setup.start().await;
    let answer =
        front.raw("POST /a HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 8\r\n\r\nhalf").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}
