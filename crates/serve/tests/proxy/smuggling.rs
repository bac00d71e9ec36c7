//! Requests that two parties could read in two ways, byte by byte, at a whole gateway. A backend must never see
//! what follows them as a request of its own.

use testkit::backend::Backend;

use crate::front::{Front, to};

async fn front() -> (Front, Backend) {
    let backend = Backend::echo("one").await;
    (Front::gateway(to(&[backend.address])).await, backend)
}

fn status_lines(answer: &str) -> Vec<&str> {
    answer.lines().filter(|line| line.starts_with("HTTP/1.1 ")).collect()
}

/// Sends the bytes with a second request behind them.
async fn answer_with_follower(front: &Front, request: &str) -> String {
    front.raw(&format!("{request}GET /smuggled HTTP/1.1\r\nhost: shop.test\r\n\r\n")).await
}

#[tokio::test]
async fn refused_before_a_backend_hears_of_it() {
    let (front, backend) = front().await;
    let requests = [
        // No host, two hosts, no host name.
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: shop.test\r\nhost: shop.test\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: shop.test/x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: user@shop.test\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        // Paths that a backend would read differently from the rules.
        "GET /a/../b HTTP/1.1\r\nhost: shop.test\r\n\r\n",
        "GET /a/%2e%2E/b HTTP/1.1\r\nhost: shop.test\r\n\r\n",
        // Lengths.
        "POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 1, 2\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 99999999999999999999\r\n\r\n",
        // Codings.
        "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked, gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.0\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\r\n",
        // Heads.
        "GET / HTTP/1.1\r\nhost: shop.test\r\nx-a: 1\r\n folded: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: shop.test\r\nx-a : 1\r\n\r\n",
        "GET / HTTP/1.1\r\n host: shop.test\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: shop.test\r\nx-a: 1\0 2\r\n\r\n",
        "GET  / HTTP/1.1\r\nhost: shop.test\r\n\r\n",
        "GET / HTTP/1.1\rhost: shop.test\r\n\r\n",
        "GET / HTTP/3.7\r\nhost: shop.test\r\n\r\n",
        "GET\r\n\r\n",
    ];
    for request in requests {
        let answer = front.raw(request).await;
        let refused = ["HTTP/1.1 400 ", "HTTP/1.0 400 "];
        assert!(refused.iter().any(|line| answer.starts_with(line)), "{request:?}: {answer:?}");
    }
    let answer = front.raw("CONNECT shop.test:443 HTTP/1.1\r\nhost: shop.test\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 501 "), "{answer:?}");
    let answer = front.raw("TRACE / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 501 "), "{answer:?}");
    assert_eq!(backend.connections(), 0);
}

/// hyper reads such a request by its coding, as RFC 9112 section 6.1 allows, and so must the
/// backend: without the length, and with nothing after it on either connection.
#[tokio::test]
async fn a_length_beside_a_coding_is_dropped_and_the_connection_closed() {
    let (front, backend) = front().await;
    for head in [
        "content-length: 44\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 44\r\n",
    ] {
        let request =
            format!("POST /a HTTP/1.1\r\nhost: shop.test\r\n{head}\r\n3\r\nabc\r\n0\r\n\r\n");
        let answer = answer_with_follower(&front, &request).await;
        assert_eq!(status_lines(&answer), ["HTTP/1.1 200 OK"], "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close\r\n"), "{answer}");
        assert!(answer.contains(r#""body":"abc""#), "{answer}");
        assert!(answer.contains(r#""transfer-encoding":["chunked"]"#), "{answer}");
        assert!(!answer.contains(r#""content-length""#), "{answer}");
    }
    assert_eq!(backend.requests(), 2);
}

#[tokio::test]
async fn bad_chunks_are_the_clients_fault_and_end_the_connection() {
    let (front, backend) = front().await;
    for body in [
        "zz\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcdef\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
    ] {
        let request = format!(
            "POST /a HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\r\n{body}"
        );
        let answer = answer_with_follower(&front, &request).await;
        assert_eq!(status_lines(&answer), ["HTTP/1.1 400 Bad Request"], "{body:?}: {answer}");
        assert!(answer.contains("x-doorward-reason: bad-body\r\n"), "{answer}");
    }
    assert!(!front.raw("GET /x HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.contains("smuggled"));
    assert!(backend.requests() <= 1 + 4, "none had a follower");
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let (front, backend) = front().await;
    let request =
        format!("GET / HTTP/1.1\r\nhost: shop.test\r\nx: {}\r\n\r\n", "a".repeat(1 << 20));
    let answer = front.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(backend.connections(), 0);
}

#[tokio::test]
async fn an_absolute_target_wins_over_the_host_header() {
    let (front, _backend) = front().await;
    let answer = front.raw("GET http://shop.test/a?b HTTP/1.1\r\nhost: other.test\r\n\r\n").await;
    assert!(answer.contains(r#""host":["shop.test"]"#), "{answer}");
    assert!(answer.contains(r#""uri":"/a?b""#), "{answer}");
}

#[tokio::test]
async fn a_client_cannot_list_headers_away_or_talk_to_the_backends_connection() {
    let (front, _backend) = front().await;
    let answer = front
        .raw(
            "GET / HTTP/1.1\r\nhost: shop.test\r\nconnection: close, x-secret, host\r\n\
             x-secret: 1\r\nkeep-alive: 5\r\nproxy-connection: x\r\nupgrade: h2c\r\n\
             http2-settings: AAMAAABkAAQAAP__\r\n\r\n",
        )
        .await;
    assert!(answer.contains(r#""headers":{"host":["shop.test"]}"#), "{answer}");
}
