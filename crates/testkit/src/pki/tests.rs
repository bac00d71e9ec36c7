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

/// What openssl says of `file`s that `arguments` name.
fn openssl(arguments: &[&str], files: &[(&str, &[u8])]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let output = std::process::Command::new("openssl")
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("openssl runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn openssl_takes_the_lists_and_responses_of_an_authority() {
    let ca = TestCa::new("root");
    let (good, revoked) = (ca.leaf(&["a.test"]), ca.leaf(&["b.test"]));
    let (list, response) = (ca.crl(&[&revoked]), ca.ocsp_response(&good));
    let files: &[(&str, &[u8])] = &[
        ("ca.pem", ca.pem().as_bytes()),
        ("good.pem", good.cert_pem.as_bytes()),
        ("revoked.pem", revoked.cert_pem.as_bytes()),
        ("list.pem", list.as_bytes()),
        ("response.der", &response),
    ];
    let check = ["verify", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "list.pem"];
    let says = openssl(&[&check[..], &["good.pem", "revoked.pem"]].concat(), files);
    assert!(says.contains("good.pem: OK") && says.contains("certificate revoked"), "{says}");

    let ask = ["ocsp", "-respin", "response.der", "-CAfile", "ca.pem", "-issuer", "ca.pem"];
    let says = openssl(&[&ask[..], &["-cert", "good.pem"]].concat(), files);
    assert!(says.contains("Response verify OK") && says.contains("good.pem: good"), "{says}");
}
