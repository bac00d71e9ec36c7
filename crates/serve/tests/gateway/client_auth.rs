//! Listeners that ask clients for a certificate.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use model::{CertificateId, ClientAuth, Listener, TlsSettings, TlsVersions};
use rustls::{ClientConfig, ClientConnection, crypto::aws_lc_rs};
use testkit::{
    pki::{Issued, LeafOptions, TestCa},
    tls::{ClientOptions, TlsClient, Versions, any_certificate},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::stage::{Stage, default, https};

pub fn asking(listener: Listener, roots: &[&TestCa]) -> Listener {
    let client_auth = Some(Arc::new(ClientAuth {
        ids: vec![CertificateId::store("clients")],
        roots: roots.iter().map(|ca| ca.der().clone()).collect(),
        ..ClientAuth::default()
    }));
    let tls =
        TlsSettings { ciphers: None, versions: TlsVersions::V12AndV13, http2: true, client_auth };
    Listener { tls: Some(tls), ..listener }
}

pub fn client(identity: Option<&Issued>, versions: Versions) -> TlsClient {
    TlsClient::new(ClientOptions {
        identity: identity.cloned(),
        versions,
        ..ClientOptions::default()
    })
}

#[tokio::test]
async fn only_clients_with_a_certificate_of_its_roots_are_let_in() {
    let (ca, clients, strangers) =
        (TestCa::new("root"), TestCa::new("clients"), TestCa::new("strangers"));
    let known = clients.issue(&["alice"], LeafOptions::client());
    let stranger = strangers.issue(&["mallory"], LeafOptions::client());
    let plain = https(443, vec![default(&ca.leaf(&["shop.test"]))]);
    let stage = Stage::new(vec![asking(plain, &[&clients])]).await;
    let get = async |identity, versions| {
        client(identity, versions).get(stage.address(443), "shop.test", "/").await
    };
    for versions in [Versions::Tls12, Versions::Tls13] {
        assert_eq!(get(Some(&known), versions).await.unwrap().text(), "hello");
        assert!(get(Some(&stranger), versions).await.is_err());
        assert!(get(None, versions).await.is_err());
    }
    assert_eq!(stage.handshakes("ok"), 2.0);
    assert_eq!(stage.handshakes("bad_client_certificate"), 2.0);
    assert_eq!(stage.handshakes("no_client_certificate"), 2.0);
}

#[tokio::test]
async fn a_session_from_before_does_not_get_past_new_roots() {
    let (ca, old, new) = (TestCa::new("root"), TestCa::new("old"), TestCa::new("new"));
    let identity = old.issue(&["alice"], LeafOptions::client());
    let plain = https(443, vec![default(&ca.leaf(&["shop.test"]))]);
    for versions in [Versions::Tls12, Versions::Tls13] {
        let stage = Stage::new(vec![plain.clone()]).await;
        let client = client(Some(&identity), versions);
        let get = async || client.get(stage.address(443), "shop.test", "/").await;

        get().await.unwrap();
        stage.publish(vec![asking(plain.clone(), &[&old])]).await;
        get().await.expect("the certificate is shown, not the session of before resumed");
        get().await.expect("the session is resumed under the same roots");

        stage.publish(vec![asking(plain.clone(), &[&new])]).await;
        assert!(get().await.is_err(), "{versions:?}: the old session got past the new roots");
    }
}

#[tokio::test]
async fn connections_from_before_a_change_of_roots_come_to_an_end() {
    let (ca, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let plain = https(443, vec![default(&ca.leaf(&["shop.test"]))]);
    let stage = Stage::new(vec![plain.clone()]).await;
    let mut stream =
        TlsClient::unchecked().connect(stage.address(443), Some("shop.test")).await.unwrap();
    let answer = crate::clients::one_request(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    stage.publish(vec![asking(plain, &[&clients])]).await;
    crate::clients::hung_up(&mut stream).await;
}

#[tokio::test]
async fn a_handshake_that_began_before_a_change_of_roots_does_not_get_in() {
    let (ca, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let plain = https(443, vec![default(&ca.leaf(&["shop.test"]))]);
    let stage = Stage::new(vec![plain.clone()]).await;
    let mut stream = TcpStream::connect(stage.address(443)).await.unwrap();
    let mut session = half_done_handshake(&mut stream).await;

    stage.publish(vec![asking(plain, &[&clients])]).await;
    session.writer().write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").unwrap();
    send(&mut session, &mut stream).await;
    while receive(&mut session, &mut stream).await > 0 {}
    let mut answer = String::new();
    let _ = session.reader().read_to_string(&mut answer);
    assert_eq!(answer, "");
}

/// A client that has all it needs from the server, and has not said its last word.
async fn half_done_handshake(stream: &mut TcpStream) -> ClientConnection {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(any_certificate(provider))
        .with_no_client_auth();
    let name = "shop.test".try_into().unwrap();
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    send(&mut session, stream).await;
    while session.is_handshaking() {
        receive(&mut session, stream).await;
    }
    session
}

async fn send(session: &mut ClientConnection, stream: &mut TcpStream) {
    let mut records = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut records).unwrap();
    }
    stream.write_all(&records).await.unwrap();
}

/// How many bytes came; none at the end, however it came.
async fn receive(session: &mut ClientConnection, stream: &mut TcpStream) -> usize {
    let mut bytes = [0; 4096];
    let reading = tokio::time::timeout(testkit::LIMIT, stream.read(&mut bytes));
    let length = reading.await.expect("it ends in time").unwrap_or(0);
    session.read_tls(&mut &bytes[..length]).unwrap();
    session.process_new_packets().unwrap();
    length
}

#[tokio::test]
async fn settings_that_cannot_be_used_leave_the_former_ones_in_force() {
    let ca = TestCa::new("root");
    let plain = https(443, vec![default(&ca.leaf(&["shop.test"]))]);
    let stage = Stage::new(vec![plain.clone()]).await;
    stage.publish(vec![asking(plain.clone(), &[]), asking(https(1443, vec![]), &[])]).await;

    let error = stage.listener(443).error.expect("it is told");
    assert!(error.contains("no CA certificate"), "{error}");
    TlsClient::unchecked().get(stage.address(443), "shop.test", "/").await.unwrap();
    assert_eq!(stage.listener(1443).address, None, "what was never good is not opened");

    stage.publish(vec![plain]).await;
    assert_eq!(stage.listener(443).error, None);
}
