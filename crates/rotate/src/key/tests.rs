use super::*;
use crate::{
    example::{Ack, TestCa},
    pem,
};

fn certificate() -> Certificate {
    let ca = TestCa::new("CA", &Ack::default());
    pem::certificates(ca.pem.as_bytes()).remove(0)
}

#[test]
fn a_new_key_is_written_like_its_predecessor() {
    let pattern = certificate();
    for (form, label) in [(Form::Sec1, "EC PRIVATE KEY"), (Form::Pkcs8, "PRIVATE KEY")] {
        let key = PrivateKey::like(&pattern, form).expect("a key");
        let content = key.pem();
        let blocks = pem::blocks(content.bytes());
        assert_eq!(blocks[0].label, label);
        let again = pem::private_keys(content.bytes()).remove(0);
        assert_eq!(again.public_info(), key.public_info());
    }
}

#[test]
fn an_rsa_key_keeps_its_size_and_form() {
    let params = rcgen::CertificateParams::default();
    let old = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072).expect("a key");
    let der = params.self_signed(&old).expect("a certificate").der().clone();
    let pattern = Certificate::read(&der).expect("a certificate");

    let key = PrivateKey::like(&pattern, Form::Pkcs1).expect("a key");
    assert_eq!(pem::blocks(key.pem().bytes())[0].label, "RSA PRIVATE KEY");
    let again = pem::private_keys(key.pem().bytes()).remove(0);
    assert_eq!(again.public_info(), key.public_info());
    // Modulus and frame: 384 bytes and a few.
    assert!((400..450).contains(&key.public_info().len()));
}

#[test]
fn a_key_tells_whose_it_is() {
    let (one, other) = (certificate(), certificate());
    let key = PrivateKey::like(&one, Form::Pkcs8).expect("a key");
    assert!(!key.is_key_of(&one) && !key.is_key_of(&other));
    assert!(!format!("{key:?}").contains("BEGIN"));
}
