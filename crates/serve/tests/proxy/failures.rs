//! Backends that hang, reset, talk nonsense or are not there.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use testkit::{
    LIMIT,
    backend::{Backend, refused},
    http::{Answer, request},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::front::{Front, Setup, to};

fn reason(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("x-doorward-reason"))
}

#[tokio::test]
async fn nothing_listens() {
    let mut front = Front::serving(to(&[refused().await])).await;
    assert_eq!(reason(&front.get("http://shop.test/").await), (502, "connect-failed"));
    let facts = front.facts.recv().await.unwrap();
    assert_eq!((facts.attempts, facts.reason), (1, Some("connect-failed")));
    assert!(facts.endpoint.unwrap().starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn a_backend_that_hangs_is_given_up() {
    let backend = Backend::hanging().await;
    let mut setup = Setup::new(to(&[backend.address]));
    setup.listener.request_timeout = Duration::from_millis(300);
    let front = setup.start().await;
    let began = Instant::now();
    assert_eq!(reason(&front.get("http://shop.test/").await), (504, "backend-timeout"));
    assert!(began.elapsed() >= Duration::from_millis(300));
}

/// The limit is for silence: an upload that moves may take many times as long.
#[tokio::test]
async fn a_slow_upload_that_moves_is_not_given_up() {
    let backend = Backend::echo("one").await;
    let mut setup = Setup::new(to(&[backend.address]));
    setup.listener.request_timeout = Duration::from_millis(400);
    let front = setup.start().await;
    let mut stream = front.connect().await;
    let head =
        b"POST /a HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 8\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let began = Instant::now();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"x").await.unwrap();
    }
    assert!(began.elapsed() > Duration::from_millis(700));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(r#""body":"xxxxxxxx""#), "{answer}");
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_of_its_body_is_not_the_backends_fault() {
    let backend = Backend::echo("one").await;
    let mut setup = Setup::new(to(&[backend.address]));
    setup.listener.request_timeout = Duration::from_millis(200);
    let front = setup.start().await;
    let answer =
        front.raw("POST /a HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 8\r\n\r\nhalf").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("x-doorward-reason: client-timeout\r\n"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
}

/// Each side has a time of its own: a client may pause for longer than a backend may.
#[tokio::test]
async fn a_client_may_pause_for_as_long_as_the_listener_lets_it() {
    let backend = Backend::echo("one").await;
    let post =
        "POST /a HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 8\r\nconnection: close\r\n\r\nhalf";
    let mut setup = Setup::new(to(&[backend.address]));
    setup.listener.client_timeout = Some(LIMIT);
    setup.listener.request_timeout = Duration::from_millis(100);
    let patient = setup.start().await;
    let mut stream = patient.connect().await;
    stream.write_all(post.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream.write_all(b"rest").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(r#""body":"halfrest""#), "{answer}");

    let hanging = Backend::hanging().await;
    let mut setup = Setup::new(to(&[hanging.address]));
    setup.listener.client_timeout = Some(LIMIT);
    setup.listener.request_timeout = Duration::from_millis(100);
    let answer = setup.start().await.raw(&post.replace("half", "halfrest")).await;
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");

    let mut setup = Setup::new(to(&[backend.address]));
    setup.listener.client_timeout = Some(Duration::from_millis(100));
    setup.listener.request_timeout = LIMIT;
    let began = Instant::now();
    let answer = setup.start().await.raw(post).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(began.elapsed() < LIMIT / 2);
}

#[tokio::test]
async fn a_backend_that_resets_is_told_from_one_that_talks_nonsense() {
    let resetting = Backend::resetting().await;
    let front = Front::serving(to(&[resetting.address])).await;
    assert_eq!(reason(&front.get("http://shop.test/").await), (502, "backend-reset"));

    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "a".repeat(300_000)).leak().as_bytes();
    let too_large =
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(70_000)).leak().as_bytes();
    let garbage: [&[u8]; 8] = [
        b"220 mail.test ESMTP\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        endless,
        too_large,
    ];
    for garbage in garbage {
        let backend = Backend::answering(garbage).await;
        let front = Front::serving(to(&[backend.address])).await;
        let answer = front.get("http://shop.test/").await;
        let garbage = String::from_utf8_lossy(&garbage[..garbage.len().min(80)]);
        assert_eq!(reason(&answer), (502, "backend-garbage"), "{garbage:?}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_breaks_off_at_the_client_too() {
    let cut: [&[u8]; 2] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ];
    for answer in cut {
        let backend = Backend::answering(answer).await;
        let front = Front::serving(to(&[backend.address])).await;
        let request = testkit::http::get("http://shop.test/");
        let error = testkit::http::send(front.address, request).await.unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}

/// Serves as many requests a connection as `served` says, then closes it: what a backend's
/// idle timeout or restart looks like to a pool.
async fn closing_backend(served: usize) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            tokio::spawn(async move {
                for _ in 0..served {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    });
    (address, serving)
}

#[tokio::test]
async fn a_kept_connection_that_the_backend_closed_costs_no_request() {
    let (address, serving) = closing_backend(1).await;
    let front = Front::serving(to(&[address])).await;
    for method in [Method::GET, Method::POST].into_iter().cycle().take(50) {
        let answer = front.send(request(method, "http://shop.test/", "")).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    serving.abort();
}

/// The backend takes the second request and resets: nobody can know what it did with it.
#[tokio::test]
async fn only_safe_requests_are_sent_again() {
    let backend = Backend::resetting_after(1).await;
    let front = Front::serving(to(&[backend.address])).await;
    let send = |method, body| front.send(request(method, "http://shop.test/", body));
    assert_eq!(send(Method::GET, "").await.status, StatusCode::OK);
    assert_eq!(send(Method::GET, "").await.status, StatusCode::OK, "on a new connection");
    assert_eq!(reason(&send(Method::POST, "body").await), (502, "backend-reset"));
    assert_eq!(send(Method::GET, "").await.status, StatusCode::OK);
    assert_eq!(reason(&send(Method::DELETE, "").await), (502, "backend-reset"));
    assert_eq!(backend.requests(), 3);
}

#[tokio::test]
async fn unasked_bytes_spoil_a_kept_connection() {
    let backend = Backend::answering(
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    )
    .await;
    let front = Front::serving(to(&[backend.address])).await;
    for _ in 0..3 {
        assert_eq!(front.get("http://shop.test/").await.text(), "ok");
    }
    assert_eq!(backend.connections(), 3);
}
