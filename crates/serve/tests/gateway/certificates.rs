//! Which certificate answers which client.

use std::sync::Arc;

use model::{TlsSettings, TlsVersions};
use rustls::{
    AlertDescription, CipherSuite, ClientConfig, Error as TlsError, NamedGroup, ProtocolVersion,
    crypto::aws_lc_rs,
};
use serve::ServedName;
use testkit::{
    pki::{KeyKind, LeafOptions, TestCa},
    tls::{ClientOptions, RSA_ONLY, TlsClient, Versions, any_certificate},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::stage::{Stage, additional, certificate, default, https, key, routes};

#[tokio::test]
async fn an_exact_name_beats_a_wildcard_and_the_default_answers_the_rest() {
    let ca = TestCa::new("root");
    let (fallback, exact, wildcard) =
        (ca.leaf(&["default.test"]), ca.leaf(&["www.shop.test"]), ca.leaf(&["*.shop.test"]));
    let stage = Stage::new(vec![https(
        443,
        vec![default(&fallback), additional(&wildcard), additional(&exact)],
    )])
    .await;
    let served = |name: Option<&'static str>| {
        let address = stage.address(443);
        async move { TlsClient::unchecked().handshake(address, name).await.unwrap().leaf }
    };
    assert_eq!(served(Some("www.shop.test")).await, exact.der());
    assert_eq!(served(Some("WWW.Shop.Test")).await, exact.der());
    assert_eq!(served(Some("api.shop.test")).await, wildcard.der());
    assert_eq!(served(Some("shop.test")).await, fallback.der());
    assert_eq!(served(Some("a.b.shop.test")).await, fallback.der());
    assert_eq!(served(None).await, fallback.der());
}

#[tokio::test]
async fn ecdsa_goes_to_clients_that_can_and_rsa_to_the_others() {
    let ca = TestCa::new("root");
    let ecdsa = ca.leaf(&["shop.test"]);
    let rsa = ca.issue(&["shop.test"], LeafOptions::key(KeyKind::Rsa2048));
    let stage = Stage::new(vec![https(443, vec![default(&rsa), additional(&ecdsa)])]).await;
    for versions in [Versions::Tls12, Versions::Tls13] {
        let modern = TlsClient::new(ClientOptions { versions, ..ClientOptions::default() });
        let old = TlsClient::new(ClientOptions {
            versions,
            signatures: RSA_ONLY.to_vec(),
            ..ClientOptions::default()
        });
        let address = stage.address(443);
        let facts = modern.handshake(address, Some("shop.test")).await.unwrap();
        assert_eq!(facts.leaf, ecdsa.der(), "{versions:?}");
        let facts = old.handshake(address, Some("shop.test")).await.unwrap();
        assert_eq!(facts.leaf, rsa.der(), "{versions:?}");
    }
}

#[tokio::test]
async fn without_a_default_an_unknown_name_is_refused_with_unrecognized_name() {
    let ca = TestCa::new("root");
    let stage = Stage::new(vec![https(443, vec![additional(&ca.leaf(&["shop.test"]))])]).await;
    for name in [Some("other.test"), None] {
        let client = TlsClient::unchecked();
        let error = client.handshake(stage.address(443), name).await.unwrap_err();
        let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        assert_eq!(
            fault,
            Some(&TlsError::AlertReceived(AlertDescription::UnrecognisedName)),
            "{name:?}: {error}"
        );
    }
    assert_eq!(stage.handshakes("no_certificate"), 2.0);
    assert_eq!(stage.handshakes("ok"), 0.0);
}

#[tokio::test]
async fn the_versions_of_the_listener_hold() {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test"]);
    let with = |port, versions| {
        let tls = TlsSettings { ciphers: None, versions, http2: true, client_auth: None };
        model::Listener { tls: Some(tls), ..https(port, vec![default(&pair)]) }
    };
    let stage = Stage::new(vec![
        with(443, TlsVersions::V12AndV13),
        with(1443, TlsVersions::V12),
        with(2443, TlsVersions::V13),
    ])
    .await;
    let client = |versions| TlsClient::new(ClientOptions { versions, ..ClientOptions::default() });
    let version = async |versions, port| {
        let name = Some("shop.test");
        client(versions).handshake(stage.address(port), name).await.map(|facts| facts.version)
    };
    assert_eq!(version(Versions::All, 443).await.unwrap(), ProtocolVersion::TLSv1_3);
    assert_eq!(version(Versions::Tls12, 443).await.unwrap(), ProtocolVersion::TLSv1_2);
    assert_eq!(version(Versions::All, 1443).await.unwrap(), ProtocolVersion::TLSv1_2);
    assert!(version(Versions::Tls13, 1443).await.is_err());
    assert!(version(Versions::Tls12, 2443).await.is_err());
    assert_eq!(stage.handshakes("incompatible"), 2.0);
}

#[tokio::test]
async fn the_key_exchange_is_post_quantum_and_alpn_follows_the_listener() {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test"]);
    let http1_only = TlsSettings {
        ciphers: None,
        versions: TlsVersions::V12AndV13,
        http2: false,
        client_auth: None,
    };
    let stage = Stage::new(vec![
        https(443, vec![default(&pair)]),
        model::Listener { tls: Some(http1_only), ..https(1443, vec![default(&pair)]) },
    ])
    .await;
    let client =
        TlsClient::new(ClientOptions { alpn: vec!["h2", "http/1.1"], ..ClientOptions::default() });
    let facts = client.handshake(stage.address(443), Some("shop.test")).await.unwrap();
    assert_eq!(facts.key_exchange, Some(NamedGroup::X25519MLKEM768));
    assert_eq!(facts.alpn.as_deref(), Some("h2"));
    let facts = client.handshake(stage.address(1443), Some("shop.test")).await.unwrap();
    assert_eq!(facts.alpn.as_deref(), Some("http/1.1"));
}

#[tokio::test]
async fn aes_128_is_preferred_unless_the_client_puts_chacha_first() {
    let ca = TestCa::new("root");
    let stage = Stage::new(vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])]).await;
    let suite_for = async |first: CipherSuite| {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites.sort_by_key(|suite| suite.suite() != first);
        let provider = Arc::new(provider);
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(any_certificate(provider))
            .with_no_client_auth();
        let stream = TcpStream::connect(stage.address(443)).await.unwrap();
        let name = "shop.test".try_into().unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        stream.get_ref().1.negotiated_cipher_suite().unwrap().suite()
    };
    let (aes_128, aes_256, chacha) = (
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    );
    assert_eq!(suite_for(aes_256).await, aes_128);
    assert_eq!(suite_for(aes_128).await, aes_128);
    assert_eq!(suite_for(chacha).await, chacha);
}

#[tokio::test]
async fn the_ledger_tells_what_each_name_got_and_keeps_no_made_up_names() {
    let ca = TestCa::new("root");
    let (fallback, wildcard) = (ca.leaf(&["default.test"]), ca.leaf(&["*.shop.test"]));
    let listener = model::Listener {
        routes: routes(&["pending.test"], "hello"),
        ..https(443, vec![default(&fallback), additional(&wildcard)])
    };
    let stage = Stage::new(vec![listener]).await;
    let client = TlsClient::unchecked();
    for name in ["a.shop.test", "b.shop.test", "pending.test", "x1.made-up.test", "x2.made-up.test"]
    {
        client.handshake(stage.address(443), Some(name)).await.unwrap();
    }
    client.handshake(stage.address(443), None).await.unwrap();
    testkit::wait_until(testkit::LIMIT, || async { stage.handshakes("ok") == 6.0 }).await;

    let entries = stage.gateway.ledger.entries(&key(443));
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.clone(), entry.handshakes, entry.fallbacks))
        .collect();
    let name = |name: &str| ServedName::Name(name.into());
    assert_eq!(
        told,
        [
            (name("*.shop.test"), 2, 0),
            (name("pending.test"), 1, 1),
            (ServedName::Other, 2, 2),
            (ServedName::None, 1, 1),
        ]
    );
    let (fingerprint, _) = entries[0].certificate.expect("the wildcard was served");
    assert_eq!(fingerprint, certificate(&wildcard).fingerprint);
    assert_eq!(stage.metric("doorward_default_fallbacks_total"), 4.0);
}
