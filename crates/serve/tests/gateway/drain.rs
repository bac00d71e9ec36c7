//! The end of a gateway, and of listeners: what was asked is answered, what is idle is closed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use model::Listener;
use testkit::{
    http::get,
    pki::TestCa,
    tls::{ClientOptions, TlsClient},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

use crate::{
    clients::{hung_up, one_request},
    stage::{Stage, default, http, https, routes_to},
};

const LONG: Duration = Duration::from_secs(15);

/// A backend that answers one request when it is told to.
struct Patient {
    address: SocketAddr,
    asked: Arc<Notify>,
    answer: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Patient {
    async fn new() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let task = tokio::spawn({
            let (asked, answer) = (asked.clone(), answer.clone());
            async move {
                let (mut stream, _) = socket.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await.unwrap();
                asked.notify_one();
                answer.notified().await;
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate";
                stream.write_all(head).await.unwrap();
                let _ = stream.read(&mut [0; 1]).await;
            }
        });
        Self { address, asked, answer, task }
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn idle_connections_are_closed_and_the_port_is_free() {
    let stage = Stage::new(vec![http(80)]).await;
    let address = stage.address(80);
    let mut idle = TcpStream::connect(address).await.unwrap();
    one_request(&mut idle).await;
    let mut fresh = TcpStream::connect(address).await.unwrap();
    assert_eq!(stage.drain(LONG).await, 0);
    hung_up(&mut idle).await;
    hung_up(&mut fresh).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_in_flight_is_answered_to_its_end() {
    let ca = TestCa::new("root");
    for alpn in ["http/1.1", "h2"] {
        let backend = Patient::new().await;
        let listener = Listener {
            routes: routes_to(backend.address),
            ..https(443, vec![default(&ca.leaf(&["shop.test"]))])
        };
        let stage = Stage::new(vec![listener]).await;
        let address = stage.address(443);
        let client = TlsClient::new(ClientOptions { alpn: vec![alpn], ..ClientOptions::default() });
        let request = tokio::spawn(async move {
            client.send(address, "shop.test", get("https://shop.test/")).await
        });
        backend.asked.notified().await;
        let draining = tokio::spawn(stage.drain(LONG));
        testkit::wait_until(testkit::LIMIT, || async {
            TcpStream::connect(address).await.is_err()
        })
        .await;
        assert!(!draining.is_finished(), "{alpn}: it waits for the request");
        backend.answer.notify_one();
        let (answer, _) = request.await.unwrap().expect("the request is answered");
        assert_eq!(answer.text(), "late", "{alpn}");
        assert_eq!(draining.await.unwrap(), 0, "{alpn}");
    }
}

#[tokio::test]
async fn answers_while_draining_tell_http1_clients_to_go() {
    let backend = Patient::new().await;
    let stage = Stage::new(vec![Listener { routes: routes_to(backend.address), ..http(80) }]).await;
    let mut stream = TcpStream::connect(stage.address(80)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.unwrap();
    backend.asked.notified().await;
    let draining = tokio::spawn(stage.drain(LONG));
    // The answer may come only after the order to finish has reached the connection.
    tokio::time::sleep(Duration::from_millis(100)).await;
    backend.answer.notify_one();
    let answer = String::from_utf8(hung_up(&mut stream).await).unwrap().to_lowercase();
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.ends_with("late"), "{answer}");
    assert_eq!(draining.await.unwrap(), 0);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_and_counted() {
    let backend = Patient::new().await;
    let stage = Stage::new(vec![Listener { routes: routes_to(backend.address), ..http(80) }]).await;
    let mut stream = TcpStream::connect(stage.address(80)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.unwrap();
    backend.asked.notified().await;
    assert_eq!(stage.drain(Duration::from_millis(300)).await, 1);
    assert!(hung_up(&mut stream).await.is_empty());
}

#[tokio::test]
async fn a_tunnel_lasts_until_it_is_cut() {
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = backend.local_addr().unwrap();
    let echo = tokio::spawn(async move {
        let (mut stream, _) = backend.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let head =
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    let stage = Stage::new(vec![Listener { routes: routes_to(address), ..http(80) }]).await;
    let mut stream = TcpStream::connect(stage.address(80)).await.unwrap();
    let ask = b"GET / HTTP/1.1\r\nhost: shop.test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));

    let draining = tokio::spawn(stage.drain(Duration::from_secs(1)));
    let mut echoed = [0; 4];
    stream.write_all(b"ping").await.unwrap();
    stream.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"ping");
    assert_eq!(draining.await.unwrap(), 1);
    hung_up(&mut stream).await;
    echo.await.expect("the backend's side was closed, too");
}

#[tokio::test]
async fn a_connection_that_was_just_made_may_still_send_its_request() {
    let ca = TestCa::new("root");
    let stage = Stage::new(vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])]).await;
    let mut stream =
        TlsClient::unchecked().connect(stage.address(443), Some("shop.test")).await.unwrap();
    let draining = tokio::spawn(stage.drain(LONG));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = one_request(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    hung_up(&mut stream).await;
    assert_eq!(draining.await.unwrap(), 0);
}

#[tokio::test]
async fn a_removed_listener_answers_what_was_asked_of_it() {
    let backend = Patient::new().await;
    let stage = Stage::new(vec![Listener { routes: routes_to(backend.address), ..http(80) }]).await;
    let address = stage.address(80);
    let request =
        tokio::spawn(async move { testkit::http::get_plain(address, "shop.test", "/").await });
    backend.asked.notified().await;
    stage.publish(vec![]).await;
    assert!(TcpStream::connect(address).await.is_err());
    backend.answer.notify_one();
    assert_eq!(request.await.unwrap().unwrap().text(), "late");
}

#[tokio::test]
async fn a_gateway_that_is_dropped_closes_everything() {
    let stage = Stage::new(vec![http(80)]).await;
    let address = stage.address(80);
    let mut idle = TcpStream::connect(address).await.unwrap();
    one_request(&mut idle).await;
    drop(stage);
    hung_up(&mut idle).await;
    testkit::wait_until(testkit::LIMIT, || async { TcpStream::connect(address).await.is_err() })
        .await;
}
