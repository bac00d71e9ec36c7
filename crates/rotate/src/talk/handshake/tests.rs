//! Against servers of both versions of TLS, which judge a client at different moments.

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    server::{ResolvesServerCertUsingSni, WebPkiClientVerifier},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use testkit::pki::{Issued, LeafOptions, TestCa};
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::facts::Content;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn address() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 2379))
}

fn identity(pair: &Issued) -> Identity {
    Identity { chain: pair.chain_der(), key: Content::new(pair.key_pem.clone().into_bytes()) }
}

/// A server that wants clients of `ca` and answers each with `answer`.
fn server(
    version: &'static SupportedProtocolVersion,
    ca: &TestCa,
    pair: &Issued,
    answer: &'static [u8],
) -> DuplexStream {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(pair.chain_der(), pair.key_der())
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(theirs).await else {
            return;
        };
        let mut question = vec![0; QUESTION.len()];
        stream.read_exact(&mut question).await.unwrap();
        stream.write_all(answer).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    ours
}

#[tokio::test]
async fn what_is_presented_is_seen_whatever_becomes_of_the_client() {
    let (ca, other) = (TestCa::new("CA"), TestCa::new("Other"));
    let pair = ca.leaf(&["etcd.test"]);
    let clients = [&ca, &other].map(|ca| identity(&ca.issue(&["probe"], LeafOptions::client())));
    for version in VERSIONS {
        for (client, is_trusted) in
            [(None, None), (Some(&clients[0]), Some(true)), (Some(&clients[1]), Some(false))]
        {
            let stream = server(version, &ca, &pair, b"HTTP/1.1 404 Not Found\r\n\r\n");
            let seen = handshake(stream, address(), None, client).await.unwrap();
            assert_eq!(seen.chain, pair.chain_der(), "{version:?}");
            assert_eq!(seen.is_client_trusted, is_trusted, "{version:?}");
            assert_eq!(seen.accepted_authorities.len(), 1, "{version:?}");
        }
    }
}

#[tokio::test]
async fn an_api_server_that_answers_401_does_not_trust() {
    let ca = TestCa::new("CA");
    let client = identity(&ca.issue(&["probe"], LeafOptions::client()));
    for (answer, is_trusted) in [
        (&b"HTTP/1.1 401 Unauthorized\r\n\r\n"[..], false),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", true),
        // etcd's peer port checks the certificate's addresses when all else is done.
        (b"", false),
    ] {
        let stream = server(&TLS13, &ca, &ca.leaf(&["api.test"]), answer);
        let seen = handshake(stream, address(), None, Some(&client)).await.unwrap();
        assert_eq!(seen.is_client_trusted, Some(is_trusted));
    }
}

#[tokio::test]
async fn a_server_with_several_certificates_is_asked_for_one_by_name() {
    let ca = TestCa::new("CA");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let pair = ca.leaf(&["itself.test"]);
    let shown = CertifiedKey::from_der(pair.chain_der(), pair.key_der(), &provider).unwrap();
    let mut by_name = ResolvesServerCertUsingSni::new();
    by_name.add("itself.test", shown).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(by_name));
    let config = Arc::new(config);
    let dial = || {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let accepting = TlsAcceptor::from(config.clone()).accept(theirs);
        tokio::spawn(async move { accepting.await.map(drop) });
        ours
    };
    let name = DnsName::try_from("itself.test").unwrap();
    let seen = handshake(dial(), address(), Some(&name), None).await.unwrap();
    assert_eq!(seen.chain, pair.chain_der());
    assert!(handshake(dial(), address(), None, None).await.is_err(), "it has nothing else");
}

#[tokio::test]
async fn an_expired_server_is_looked_at_all_the_same() {
    let ca = TestCa::new("CA");
    let pair = ca.issue(&["etcd.test"], LeafOptions::expired());
    let seen = handshake(server(&TLS13, &ca, &pair, b""), address(), None, None).await.unwrap();
    assert_eq!(seen.chain, pair.chain_der());
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_is_our_own_mistake() {
    let ca = TestCa::new("CA");
    let [one, two] = ["one", "two"].map(|name| identity(&ca.leaf(&[name])));
    let crossed = Identity { chain: one.chain, key: two.key };
    let (stream, _) = tokio::io::duplex(1);
    let error = handshake(stream, address(), None, Some(&crossed)).await.unwrap_err();
    assert!(matches!(error, Error::Identity(_)), "{error}");
}

#[tokio::test]
async fn who_hangs_up_at_once_and_who_says_nothing_are_told_apart() {
    let (ours, theirs) = tokio::io::duplex(1024);
    drop(theirs);
    let error = handshake(ours, address(), None, None).await.unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error}");
    tokio::time::pause();
    let (ours, _theirs) = tokio::io::duplex(1024);
    let error = handshake(ours, address(), None, None).await.unwrap_err();
    assert_eq!(error.to_string(), "10.0.0.1:2379: no answer within 10 s");
}
