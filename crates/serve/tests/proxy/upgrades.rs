//! WebSocket and other protocol switches.

use std::time::Duration;

use testkit::{LIMIT, backend::Backend};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    endpoints::to_the_least_busy,
    front::{Front, Setup, to},
};

const WEBSOCKET: &[u8] =
    b"GET /chat HTTP/1.1\r\nhost: shop.test\r\nconnection: keep-alive, Upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tokio::time::timeout(LIMIT, stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn switched(front: &Front) -> TcpStream {
    let mut stream = front.connect().await;
    stream.write_all(WEBSOCKET).await.unwrap();
    let head = read_head(&mut stream).await.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("connection: upgrade\r\n"), "{head}");
    assert!(head.contains("upgrade: websocket\r\n"), "{head}");
    stream
}

#[tokio::test]
async fn bytes_pass_both_ways_after_the_switch() {
    let backend = Backend::echo("one").await;
    let rules = to(&[backend.address]);
    for front in [Front::serving(rules.clone()).await, Front::gateway(rules).await] {
        let mut stream = switched(&front).await;
        for text in ["hello", "again"] {
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut echoed = [0; 5];
            stream.read_exact(&mut echoed).await.unwrap();
            assert_eq!(&echoed, text.as_bytes());
        }
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        tokio::time::timeout(LIMIT, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
        assert!(rest.is_empty());
    }
}

/// A WebSocket keeps its endpoint busy for as long as it is open.
#[tokio::test]
async fn the_next_one_goes_to_the_endpoint_that_has_fewer() {
    let [one, two] = [Backend::echo("one").await, Backend::echo("two").await];
    let front = Front::serving(to_the_least_busy(&[one.address, two.address])).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(switched(&front).await);
    }
    assert_eq!((one.connections(), two.connections()), (2, 2));
}

#[tokio::test]
async fn a_silent_pair_is_closed() {
    let backend = Backend::echo("one").await;
    let mut setup = Setup::new(to(&[backend.address]));
    setup.listener.idle_timeout = Duration::from_millis(300);
    setup.listener.request_timeout = Duration::from_millis(300);
    let front = setup.start().await;
    let mut stream = switched(&front).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
    }
    let end = tokio::time::timeout(LIMIT, stream.read(&mut [0])).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_backend_may_refuse_to_switch() {
    let backend =
        Backend::answering(b"HTTP/1.1 426 Upgrade Required\r\ncontent-length: 2\r\n\r\nno").await;
    let front = Front::serving(to(&[backend.address])).await;
    let answer = front.raw(std::str::from_utf8(WEBSOCKET).unwrap()).await;
    assert!(answer.starts_with("HTTP/1.1 426 ") && answer.ends_with("\r\n\r\nno"), "{answer}");
}

/// Inside cleartext HTTP/2 no rule would be looked at any more.
#[tokio::test]
async fn a_switch_to_h2c_is_not_passed_on() {
    let backend = Backend::echo("one").await;
    let front = Front::serving(to(&[backend.address])).await;
    let answer = front
        .raw(
            "GET / HTTP/1.1\r\nhost: shop.test\r\nconnection: upgrade, http2-settings\r\n\
             upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n",
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains(r#""headers":{"host":["shop.test"]}"#), "{answer}");
}
