use super::*;
use crate::{backend::Backend, pki::LeafOptions};

#[tokio::test]
async fn a_client_offers_only_what_it_was_told_to() {
    let ca = TestCa::new("root");
    let backend = Backend::echo_tls("v1", &ca.issue(&["shop.test"], LeafOptions::default())).await;
    let old = TlsClient::new(ClientOptions {
        versions: Versions::Tls12,
        alpn: vec!["http/1.1"],
        ..ClientOptions::default()
    });
    let facts = old.handshake(backend.address, Some("shop.test")).await.unwrap();
    assert_eq!(facts.version, ProtocolVersion::TLSv1_2);
    assert_eq!(facts.alpn.as_deref(), Some("http/1.1"));

    let without_ecdsa =
        TlsClient::new(ClientOptions { signatures: RSA_ONLY.to_vec(), ..ClientOptions::default() });
    assert!(without_ecdsa.handshake(backend.address, Some("shop.test")).await.is_err());
}
