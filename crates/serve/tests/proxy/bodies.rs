//! Bodies both ways.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use testkit::{LIMIT, backend::Backend, http::request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

use crate::{
    front::{Front, to},
    piped::{Piped, data},
};

#[tokio::test]
async fn a_body_and_its_length_arrive() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let answer = front.send(request(Method::POST, "http://shop.test/a?b=c", "hello")).await;
    let seen = answer.json();
    assert_eq!(seen["body"], "hello");
    assert_eq!(seen["uri"], "/a?b=c");
    assert_eq!(seen["headers"]["content-length"][0], "5");
    assert_eq!(answer.header("x-backend"), "one");
}

/// Makes `left` bytes up as it is asked for them.
struct Made {
    left: usize,
}

impl Body for Made {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        static CHUNK: [u8; 65_536] = [7; 65_536];
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let size = self.left.min(CHUNK.len());
        self.left -= size;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK[..size])))))
    }
}

const BIG: usize = 64 << 20;

fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}

async fn echoed_length(response: http::Response<hyper::body::Incoming>) -> usize {
    let mut body = response.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().data_ref().map_or(0, Bytes::len);
    }
    length
}

#[tokio::test]
async fn much_streams_both_ways_in_little_memory() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let before = peak_memory();

    let io = TokioIo::new(front.connect().await);
    let (mut http1, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let upload = Request::post("/stream").header("host", "shop.test").body(Made { left: BIG });
    let response = http1.send_request(upload.unwrap()).await.unwrap();
    assert_eq!(echoed_length(response).await, BIG);

    let io = TokioIo::new(front.connect().await);
    let (mut http2, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let upload = Request::post("http://shop.test/stream").body(Made { left: BIG });
    let response = http2.send_request(upload.unwrap()).await.unwrap();
    assert_eq!(echoed_length(response).await, BIG);

    let grown = peak_memory() - before;
    assert!(grown < BIG / 2, "{} MiB more at the peak", grown >> 20);
}

/// A client that does not read must stop the backend, not fill the proxy.
#[tokio::test]
async fn a_client_that_does_not_read_holds_the_backend_back() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let mut stream = front.connect().await;
    let head = "POST /stream HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [&b"10000\r\n"[..], &[7; 65_536], b"\r\n"].concat();
    let mut written = 0;
    while tokio::time::timeout(Duration::from_secs(1), stream.write_all(&chunk)).await.is_ok() {
        written += chunk.len();
        assert!(written < BIG, "nothing holds the client back");
    }
}

#[tokio::test]
async fn the_answer_may_begin_before_the_request_has_ended() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let io = TokioIo::new(front.connect().await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let (frames, body) = mpsc::channel(1);
    let upload = Request::post("/stream").header("host", "shop.test").body(Piped(body)).unwrap();
    frames.send(data("one")).await.unwrap();
    let mut echoed = sender.send_request(upload).await.unwrap().into_body();
    assert_eq!(echoed.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    frames.send(data("two")).await.unwrap();
    assert_eq!(echoed.frame().await.unwrap().unwrap().into_data().unwrap(), "two");
    drop(frames);
    assert!(echoed.frame().await.is_none());
}

#[tokio::test]
async fn http1_trailers_pass_both_ways() {
    let backend = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = Front::serving(to(&[backend.local_addr().unwrap()])).await;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = backend.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\nx-sum: 7\r\n\r\n") {
            seen.push(stream.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n\
            3\r\nabc\r\n0\r\nx-sum: 8\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        String::from_utf8(seen).unwrap()
    });
    let answer = front
        .raw(
            "POST /a HTTP/1.1\r\nhost: shop.test\r\nte: trailers\r\nconnection: te\r\n\
             trailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n\
             3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n",
        )
        .await;
    assert!(answer.ends_with("3\r\nabc\r\n0\r\nx-sum: 8\r\n\r\n"), "{answer}");
    let seen = serving.await.unwrap();
    assert!(seen.contains("te: trailers\r\n") && seen.contains("connection: te\r\n"), "{seen}");
}

#[tokio::test]
async fn answers_without_body_keep_their_length_and_the_connection() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let answer = front
        .raw(
            "HEAD /a HTTP/1.1\r\nhost: shop.test\r\n\r\n\
             GET /status/204 HTTP/1.1\r\nhost: shop.test\r\n\r\n\
             GET /status/304 HTTP/1.1\r\nhost: shop.test\r\n\r\n\
             GET /last HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n",
        )
        .await;
    let statuses: Vec<_> = answer.lines().filter(|line| line.starts_with("HTTP/1.1")).collect();
    let wanted = ["200 OK", "204 No Content", "304 Not Modified", "200 OK"];
    assert_eq!(statuses, wanted.map(|status| format!("HTTP/1.1 {status}")));
    let head = answer.split("\r\n\r\n").next().unwrap();
    assert!(head.contains("content-length: "), "{head}");
    assert!(!head.contains("content-length: 0"), "{head}");
    assert_eq!(backend.connections(), 1, "all four came over one connection");
}

/// The backend decides whether it wants the body before the client is told to send it.
#[tokio::test]
async fn a_backend_that_refuses_spares_the_client_the_upload() {
    let refusing = Backend::answering(
        b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let front = Front::serving(to(&[refusing.address])).await;
    let answer = front
        .raw(
            "POST / HTTP/1.1\r\nhost: shop.test\r\nexpect: 100-continue\r\n\
             content-length: 1000000\r\n\r\n",
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_waits_for_100_gets_it_when_the_backend_says_so() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let mut stream = front.connect().await;
    let head = "POST /a HTTP/1.1\r\nhost: shop.test\r\nexpect: 100-continue\r\n\
                content-length: 3\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    let reading = stream.read_exact(&mut interim);
    tokio::time::timeout(LIMIT, reading).await.unwrap().unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(r#""body":"abc""#), "{answer}");
    assert!(answer.contains(r#""expect":["100-continue"]"#), "{answer}");
}

/// A backend that never says 100 gets the body all the same, a moment later.
#[tokio::test]
async fn a_backend_that_ignores_the_expectation_does_not_stall_the_upload() {
    let backend = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = Front::serving(to(&[backend.local_addr().unwrap()])).await;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = backend.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"abc") {
            seen.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut request = request(Method::POST, "http://shop.test/", "abc");
    request.headers_mut().insert("expect", HeaderValue::from_static("100-continue"));
    assert_eq!(front.send(request).await.text(), "ok");
    serving.abort();
}

#[tokio::test]
async fn cookie_crumbs_of_http2_become_one_line() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let mut request = testkit::http::get("http://shop.test/");
    for crumb in ["a=1", "b=2; c=3", "d=4"] {
        request.headers_mut().append("cookie", HeaderValue::from_static(crumb));
    }
    let answer = testkit::http::exchange_h2(front.connect().await, request).await.unwrap();
    let seen = answer.json();
    assert_eq!(seen["version"], "HTTP/1.1");
    assert_eq!(seen["uri"], "/");
    let headers = &seen["headers"];
    assert_eq!(headers["cookie"], serde_json::json!(["a=1; b=2; c=3; d=4"]));
    assert_eq!(headers["host"], serde_json::json!(["shop.test"]));
}

/// A client that leaves takes its request along, so that the backend can stop working.
#[tokio::test]
async fn a_client_that_leaves_cancels_the_backends_work() {
    let backend = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = Front::serving(to(&[backend.local_addr().unwrap()])).await;
    let mut client = front.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.unwrap();
    let (mut at_backend, _) = backend.accept().await.unwrap();
    assert!(at_backend.read(&mut [0; 1024]).await.unwrap() > 0);
    drop(client);
    let end = tokio::time::timeout(LIMIT, at_backend.read(&mut [0; 1024])).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0, "the connection ends while the backend still works");
}

#[tokio::test]
async fn a_length_beside_a_coding_in_an_answer_does_not_reach_the_client() {
    let backend = Backend::answering(
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\ntransfer-encoding: chunked\r\n\
          connection: close, x-hop\r\nx-hop: 1\r\nkeep-alive: 5\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    )
    .await;
    let front = Front::serving(to(&[backend.address])).await;
    let answer = front.get("http://shop.test/").await;
    assert_eq!(answer.text(), "abc");
    for name in ["content-length", "x-hop", "keep-alive", "connection"] {
        assert_eq!(answer.header(name), "", "{name}");
    }
}

#[tokio::test]
async fn an_old_backend_that_ends_its_body_by_closing_is_understood() {
    let backend =
        Backend::answering(b"HTTP/1.0 200 Fine\r\nserver: old\r\n\r\nuntil the end").await;
    let front = Front::serving(to(&[backend.address])).await;
    let answer = front.raw("GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 Fine\r\n"), "{answer}");
    assert!(answer.contains("server: old\r\n"), "{answer}");
    assert!(answer.contains("until the end"), "{answer}");
}

/// The backend has had enough after the head; its answer must not get lost in the upload.
#[tokio::test]
async fn an_answer_before_the_end_of_the_upload_arrives() {
    let backend = Backend::answering(
        b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig",
    )
    .await;
    let front = Front::serving(to(&[backend.address])).await;
    for _ in 0..5 {
        let upload = request(Method::POST, "http://shop.test/", vec![7; 1 << 20]);
        let answer = testkit::http::exchange_h2(front.connect().await, upload).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (413, "big"));
    }
}
