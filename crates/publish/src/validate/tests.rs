use testkit::pki::{KeyKind, LeafOptions, TestCa};

use super::pair;
use crate::key;

fn read(key: KeyKind) -> model::Certificate {
    let pair = TestCa::new("root").issue(&["a.test"], LeafOptions::key(key));
    x509::read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes()).unwrap()
}

#[test]
fn every_kind_of_key_is_written_so_that_it_reads_back_as_the_same() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048, KeyKind::Ed25519] {
        let certificate = read(kind);
        assert_eq!(pair(&certificate), Ok(()), "{kind:?}");
        let written = key::pem(&certificate);
        let chain = x509::chain_pem(&certificate);
        let again = x509::read_pair(chain.as_bytes(), written.as_bytes());
        assert_eq!(again.unwrap().fingerprint, certificate.fingerprint, "{kind:?}");
    }
}
