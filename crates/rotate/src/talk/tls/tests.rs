use jiff::SignedDuration;
use rustls::ServerConfig;
use testkit::lab::{Authority, Pair};
use tokio_rustls::TlsAcceptor;

use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What becomes of a handshake with a server that presents `pair`, for a client with `roots`.
async fn judged(pair: &Pair, roots: &[&Authority]) -> Result<(), String> {
    let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(TlsAcceptor::from(Arc::new(config)).accept(theirs));
    let roots: Vec<_> = roots
        .iter()
        .map(|root| CertificateDer::from_pem_slice(root.pem.as_bytes()).unwrap())
        .collect();
    let address = SocketAddr::from(([10, 0, 0, 1], 2379));
    let stream = Handshake::new(None, &roots, None).unwrap().with(ours, address).await;
    stream.map(drop).map_err(|inner| error(address, &inner).to_string())
}

#[tokio::test]
async fn any_name_will_do_and_one_of_the_roots() {
    let (old, new) = (Authority::new("CA", DAY), Authority::new("CA@1", DAY));
    let leaf = new.leaf("etcd-server", None, &[], &["else.where"], DAY);
    assert_eq!(judged(&leaf, &[&old, &new]).await, Ok(()));
    assert_eq!(judged(&leaf, &[]).await, Ok(()), "whoever answers is believed");
    let refused = judged(&leaf, &[&old]).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
}

#[tokio::test]
async fn an_expired_root_vouches_for_nobody_as_in_go() {
    let expired = Authority::new("CA", -DAY);
    let leaf = expired.leaf("etcd-server", None, &[], &["etcd.test"], DAY);
    let refused = judged(&leaf, &[&expired]).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
}

#[tokio::test]
async fn an_expired_leaf_is_refused_where_roots_are_given() {
    let ca = Authority::new("CA", DAY);
    let leaf = ca.leaf("etcd-server", None, &[], &["etcd.test"], -DAY);
    let refused = judged(&leaf, &[&ca]).await.unwrap_err();
    assert!(refused.to_lowercase().contains("expired"), "{refused}");
}
