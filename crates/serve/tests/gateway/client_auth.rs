//! Listeners that ask clients for a certificate.

use std::sync::Arc;

use model::{CertificateId, ClientAuth, Listener, TlsSettings, TlsVersions};
use testkit::{
    pki::{Issued, LeafOptions, TestCa},
    tls::{ClientOptions, TlsClient, Versions},
};

use crate::stage::{Stage, default, https};

fn asking(listener: Listener, roots: &[&TestCa]) -> Listener {
    let client_auth = Some(Arc::new(ClientAuth {
        ids: vec![CertificateId::store("clients")],
        roots: roots.iter().map(|ca| ca.der().clone()).collect(),
    }));
    let tls = TlsSettings { versions: TlsVersions::V12AndV13, http2: true, client_auth };
    Listener { tls: Some(tls), ..listener }
}

fn client(identity: Option<&Issued>, versions: Versions) -> TlsClient {
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
