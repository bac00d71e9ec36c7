use http::{HeaderValue, Method, header::CONTENT_TYPE};
use tokio::io::AsyncReadExt;

use super::*;
use crate::{
    http::{exchange_h2, get_plain, raw, request, send},
    pki::TestCa,
    tls::{ClientOptions, TlsClient},
};

const QUIET: Duration = Duration::from_secs(5);

#[tokio::test]
async fn the_echo_says_what_it_was_asked() {
    let backend = Backend::echo("v1").await;
    let answer = send(backend.address, request(Method::POST, "http://shop.test/a?b", "hello"))
        .await
        .unwrap();
    let said = answer.json();
    assert_eq!(answer.header("x-backend"), "v1");
    assert_eq!((&said["uri"], &said["body"]), (&"/a?b".into(), &"hello".into()));
    assert_eq!(said["headers"]["host"][0], "shop.test");
    assert_eq!((backend.connections(), backend.requests()), (1, 1));
}

#[tokio::test]
async fn the_echo_answers_grpc_with_a_trailer_over_http2() {
    let backend = Backend::echo("v1").await;
    let mut call = request(Method::POST, "http://shop.test/pkg.Service/Call", "frame");
    call.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let stream = TcpStream::connect(backend.address).await.unwrap();
    let answer = exchange_h2(stream, call).await.unwrap();
    assert_eq!(answer.trailers["grpc-status"], "0");
    assert_eq!(answer.text(), "frame");
}

#[tokio::test]
async fn the_echo_upgrades_and_then_repeats_bytes() {
    let backend = Backend::echo("v1").await;
    let mut stream = TcpStream::connect(backend.address).await.unwrap();
    let head = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: tell\r\n\r\n";
    stream.write_all(head).await.unwrap();
    read_head(&mut stream).await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut heard = [0; 4];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"ping");
}

#[tokio::test]
async fn over_tls_the_echo_shows_its_certificate_and_a_ticket_resumes() {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test"]);
    let backend = Backend::echo_tls("v1", &pair).await;
    let client = TlsClient::new(ClientOptions {
        roots: vec![ca.der().clone()],
        alpn: vec!["h2"],
        ..ClientOptions::default()
    });
    let ask = || client.send(backend.address, "shop.test", crate::http::get("https://shop.test/"));
    let (answer, first) = ask().await.unwrap();
    assert_eq!(answer.json()["version"], "HTTP/2.0");
    assert_eq!((&first.leaf, first.resumed), (&pair.der(), false));
    assert!(ask().await.unwrap().1.resumed);
}

#[tokio::test]
async fn a_client_that_trusts_another_root_refuses() {
    let backend = Backend::echo_tls("v1", &TestCa::new("one").leaf(&["shop.test"])).await;
    let error = TlsClient::trusting(&TestCa::new("other"))
        .handshake(backend.address, Some("shop.test"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn the_bad_ones_fail_as_they_promise() {
    let reset = Backend::resetting().await;
    assert!(get_plain(reset.address, "a", "/").await.is_err());
    let garbage = Backend::answering(b"\0\0garbage\r\n\r\n").await;
    assert!(get_plain(garbage.address, "a", "/").await.is_err());
    assert!(get_plain(refused().await, "a", "/").await.is_err());
    let hanging = Backend::hanging().await;
    let wait = Duration::from_millis(100);
    assert!(tokio::time::timeout(wait, get_plain(hanging.address, "a", "/")).await.is_err());

    let fickle = Backend::resetting_after(1).await;
    let stream = TcpStream::connect(fickle.address).await.unwrap();
    let twice = b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    let answer = raw(stream, twice, QUIET).await.unwrap();
    assert_eq!(answer.matches("200 OK").count(), 1, "{answer}");
}
