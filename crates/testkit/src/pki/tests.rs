use super::*;

#[test]
fn a_chain_holds_the_leaf_then_the_intermediates_and_not_the_root() {
    let root = TestCa::new("root");
    let issued = root.intermediate("outer").intermediate("inner").leaf(&["shop.test"]);
    assert_eq!(issued.chain_der().len(), 3);
    assert_eq!(issued.chain_der()[0], issued.der());
    assert!(!issued.chain_der().contains(root.der()));
}

#[test]
fn every_kind_of_key_makes_a_pair_that_rustls_takes() {
    let ca = TestCa::new("root");
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048, KeyKind::Ed25519] {
        let issued = ca.issue(&["shop.test"], LeafOptions::key(kind));
        rustls::crypto::aws_lc_rs::sign::any_supported_type(&issued.key_der())
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    }
}

#[test]
fn two_leaves_on_the_cached_rsa_key_differ() {
    let ca = TestCa::new("root");
    let issue = || ca.issue(&["shop.test"], LeafOptions::key(KeyKind::Rsa2048));
    assert_ne!(issue().der(), issue().der());
}
