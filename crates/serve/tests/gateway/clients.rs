//! Clients that are slow, silent, greedy or broken, and those that merely idle.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use model::{AccessList, AccessMode, Listener};
use serve::Limits;
use testkit::{
    LIMIT,
    http::raw,
    pki::TestCa,
    tls::{ClientOptions, TlsClient},
    wait_until,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::stage::{Stage, additional, default, http, https};

const SECOND: Duration = Duration::from_secs(1);

/// One request that keeps the connection, and its whole answer.
pub async fn one_request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.unwrap();
    read_answer(stream).await
}

async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    let read = async {
        while !answer.ends_with(b"hello") {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            answer.push(byte[0]);
        }
    };
    timeout(LIMIT, read).await.expect("the answer comes in time");
    String::from_utf8(answer).unwrap()
}

/// Waits until the gateway closes this connection, however politely. Yields what it still said.
pub async fn hung_up(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = timeout(LIMIT, stream.read_to_end(&mut rest)).await.expect("it hangs up in time");
    rest
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

fn shop(ca: &TestCa) -> Listener {
    https(443, vec![default(&ca.leaf(&["shop.test"]))])
}

#[tokio::test]
async fn a_client_that_never_begins_its_handshake_is_cut_and_others_are_served() {
    let ca = TestCa::new("root");
    let limits = Limits { handshake_time: SECOND, ..Limits::default() };
    let stage = Stage::with(limits, vec![shop(&ca)]).await;
    let mut silent = connect(stage.address(443)).await;
    let mut half = connect(stage.address(443)).await;
    half.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
    TlsClient::trusting(&ca).get(stage.address(443), "shop.test", "/").await.unwrap();
    hung_up(&mut silent).await;
    hung_up(&mut half).await;
    wait_until(LIMIT, || async { stage.handshakes("timeout") == 2.0 }).await;
}

#[tokio::test]
async fn a_request_head_that_dribbles_in_is_cut_in_time() {
    let idle = Listener { idle_timeout: 60 * SECOND, ..http(80) };
    let by_limits = Limits { header_time: SECOND, ..Limits::default() };
    let by_listener = Listener { client_timeout: Some(SECOND), ..idle.clone() };
    for (limits, listener) in [(by_limits, idle), (Limits::default(), by_listener)] {
        a_dribbling_head_is_cut(limits, listener).await;
    }
}

/// After a second.
async fn a_dribbling_head_is_cut(limits: Limits, listener: Listener) {
    let stage = Stage::with(limits, vec![listener]).await;
    let mut slow = connect(stage.address(80)).await;
    one_request(&mut slow).await;
    let began = Instant::now();
    let dribble = async {
        // Bytes keep coming; only a whole head would save it.
        while slow.write_all(b"G").await.is_ok() {
            if timeout(Duration::from_millis(100), slow.read(&mut [0; 1])).await.is_ok() {
                break;
            }
        }
    };
    timeout(LIMIT, dribble).await.expect("it is cut");
    assert!((SECOND..5 * SECOND).contains(&began.elapsed()));
}

#[tokio::test]
async fn garbage_gets_an_alert_and_harms_nobody() {
    let ca = TestCa::new("root");
    let stage = Stage::new(vec![shop(&ca)]).await;
    let garbage: [&[u8]; 5] = [
        &[0xff; 64],
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\xff\xff",
        b"\x80\x2e\x01\x00\x02",
        b"ssh-2.0-client\r\n",
    ];
    for bytes in garbage {
        let mut stream = connect(stage.address(443)).await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        hung_up(&mut stream).await;
    }
    TlsClient::trusting(&ca).get(stage.address(443), "shop.test", "/").await.unwrap();
    let bad = stage.handshakes("client_error") + stage.handshakes("client_gone");
    assert_eq!(bad, garbage.len() as f64);
}

#[tokio::test]
async fn clear_text_on_a_tls_port_is_told_so() {
    let ca = TestCa::new("root");
    let stage = Stage::new(vec![shop(&ca)]).await;
    let mut stream = connect(stage.address(443)).await;
    stream.write_all(b"POST / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("This port speaks HTTPS"), "{answer}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
    // What is still under way does not reset the connection, which could cost the answer.
    for _ in 0..3 {
        stream.write_all(b"the rest of the body").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stream);
    wait_until(LIMIT, || async { stage.handshakes("plain_http") == 1.0 }).await;
}

#[tokio::test]
async fn a_flood_of_unknown_names_is_refused_and_known_ones_are_served() {
    let ca = TestCa::new("root");
    let known = additional(&ca.leaf(&["shop.test"]));
    let stage = Stage::new(vec![https(443, vec![known])]).await;
    let address = stage.address(443);
    let flood = (0..200).map(|number| {
        tokio::spawn(async move {
            let name = format!("n{number}.made-up.test");
            TlsClient::unchecked().handshake(address, Some(&name)).await.is_err()
        })
    });
    for refused in flood.collect::<Vec<_>>() {
        assert!(refused.await.unwrap());
    }
    TlsClient::trusting(&ca).get(address, "shop.test", "/").await.unwrap();
    assert_eq!(stage.handshakes("no_certificate"), 200.0);
    let names = stage.gateway.ledger.entries(&crate::stage::key(443)).len();
    assert_eq!(names, 2, "the known name, and all others together");
}

#[tokio::test]
async fn a_request_head_of_more_than_the_limit_gets_431() {
    let stage = Stage::new(vec![http(80)]).await;
    let head =
        |bytes| format!("GET / HTTP/1.1\r\nhost: shop.test\r\nx: {}\r\n\r\n", "y".repeat(bytes));
    let answer =
        raw(connect(stage.address(80)).await, head(60_000).as_bytes(), SECOND).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer =
        raw(connect(stage.address(80)).await, head(70_000).as_bytes(), SECOND).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn idle_connections_end_after_the_listeners_idle_timeout() {
    let ca = TestCa::new("root");
    let idle_timeout = Duration::from_millis(1500);
    let listener = Listener { idle_timeout, ..shop(&ca) };
    let stage = Stage::new(vec![listener]).await;
    for alpn in ["http/1.1", "h2"] {
        let client = TlsClient::new(ClientOptions { alpn: vec![alpn], ..ClientOptions::default() });
        let mut stream = client.connect(stage.address(443), Some("shop.test")).await.unwrap();
        if alpn == "http/1.1" {
            one_request(&mut stream).await;
        }
        let began = Instant::now();
        hung_up(&mut stream).await;
        let took = began.elapsed();
        assert!(took >= idle_timeout && took < LIMIT, "{alpn}: {took:?}");
    }
}

#[tokio::test]
async fn a_connection_that_gave_its_buffers_back_serves_on() {
    let ca = TestCa::new("root");
    let stage = Stage::new(vec![shop(&ca)]).await;
    let mut stream =
        TlsClient::unchecked().connect(stage.address(443), Some("shop.test")).await.unwrap();
    // Longer than a connection keeps its buffers; there is nothing to see from outside.
    let parked = Duration::from_millis(1200);
    for _ in 0..2 {
        assert!(one_request(&mut stream).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(parked).await;
    }
    // The beginning of a request that came along with the one before must not be lost.
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\nGET / HT").await.unwrap();
    read_answer(&mut stream).await;
    tokio::time::sleep(parked).await;
    stream.write_all(b"TP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n").await.unwrap();
    let rest = hung_up(&mut stream).await;
    assert!(rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_cut() {
    let limits = Limits { write_time: SECOND, ..Limits::default() };
    let stage = Stage::with(limits, vec![http(80)]).await;
    let mut stream = connect(stage.address(80)).await;
    let request = b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n".repeat(1000);
    let ask = async { while stream.write_all(&request).await.is_ok() {} };
    timeout(LIMIT, ask).await.expect("the gateway stops reading, waits and cuts");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let stage = Stage::with(limits, vec![http(80)]).await;
    let (mut one, mut other) = (connect(stage.address(80)).await, connect(stage.address(80)).await);
    one_request(&mut one).await;
    one_request(&mut other).await;
    hung_up(&mut connect(stage.address(80)).await).await;
    let refused = "doorward_connections_refused_total{reason=\"too_many_connections\"}";
    assert_eq!(stage.metric(refused), 1.0);
    assert_eq!(stage.metric("doorward_connections_open"), 2.0);

    drop(one);
    wait_until(LIMIT, || async { stage.metric("doorward_connections_open") == 1.0 }).await;
    one_request(&mut connect(stage.address(80)).await).await;
}

#[tokio::test]
async fn one_handshake_too_many_is_closed_at_once() {
    let ca = TestCa::new("root");
    let limits = Limits { handshakes: 1, ..Limits::default() };
    let stage = Stage::with(limits, vec![shop(&ca)]).await;
    let silent = connect(stage.address(443)).await;
    wait_until(LIMIT, || async { stage.metric("doorward_connections_open") == 1.0 }).await;
    hung_up(&mut connect(stage.address(443)).await).await;
    drop(silent);
    wait_until(LIMIT, || async { stage.metric("doorward_connections_open") == 0.0 }).await;
    TlsClient::trusting(&ca).get(stage.address(443), "shop.test", "/").await.unwrap();
}

#[tokio::test]
async fn the_access_list_decides_before_the_handshake() {
    let ca = TestCa::new("root");
    let list = |mode, entry: &str| {
        Some(Arc::new(AccessList { mode, entries: vec![entry.parse().unwrap()] }))
    };
    let with = |access| Listener { access, ..shop(&ca) };
    let stage = Stage::new(vec![with(list(AccessMode::White, "127.0.0.0/8"))]).await;
    let address = stage.address(443);
    let mut kept = TlsClient::unchecked().connect(address, Some("shop.test")).await.unwrap();
    one_request(&mut kept).await;

    stage.publish(vec![with(list(AccessMode::Black, "127.0.0.1/32"))]).await;
    assert!(hung_up(&mut connect(address).await).await.is_empty());
    hung_up(&mut kept).await;
    assert_eq!(stage.metric("doorward_connections_refused_total{reason=\"access_list\"}"), 1.0);
    assert_eq!(stage.handshakes("ok"), 1.0);
}
