use ::aws_lc_rs::digest::{SHA256, digest};
use model::CertificateId;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};
use testkit::pki::{Issued, LeafOptions, TestCa};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;

fn wanted(ca: &TestCa) -> ClientAuth {
    ClientAuth {
        ids: vec![CertificateId::store("clients")],
        roots: vec![ca.der().clone()],
        ..ClientAuth::default()
    }
}

fn check(wanted: ClientAuth) -> Result<ClientCheck, TlsError> {
    ClientCheck::new(&Arc::new(wanted), Arc::new(aws_lc_rs::default_provider()))
}

/// Whether the certificate passes all checks, and whether its holder is let in.
fn verdict(wanted: ClientAuth, shown: &Issued) -> (bool, bool) {
    let check = check(wanted).unwrap();
    let chain = shown.chain_der();
    let (leaf, intermediates) = chain.split_first().unwrap();
    let is_let_in = check.verify_client_cert(leaf, intermediates, UnixTime::now()).is_ok();
    (check.check(leaf, intermediates, UnixTime::now()).is_ok(), is_let_in)
}

fn list_of(ca: &TestCa, revoked: &[&Issued]) -> CertificateRevocationListDer<'static> {
    CertificateRevocationListDer::from_pem_slice(ca.crl(revoked).as_bytes()).unwrap()
}

const GOOD: (bool, bool) = (true, true);
const BAD: (bool, bool) = (false, false);

#[test]
fn one_of_the_names_has_to_be_in_the_certificate() {
    let ca = TestCa::new("clients");
    let alice = ca.issue(&["Alice.test", "10.1.2.3"], LeafOptions::client());
    let asking = |names: &[&str]| ClientAuth {
        names: names.iter().map(|&name| name.into()).collect(),
        ..wanted(&ca)
    };
    assert_eq!(verdict(asking(&[]), &alice), GOOD);
    assert_eq!(verdict(asking(&["bob.test", "alice.test"]), &alice), GOOD);
    assert_eq!(verdict(asking(&["10.1.2.3"]), &alice), GOOD);
    for other in ["bob.test", "10.1.2.4", "lice.test", "*.test", ""] {
        assert_eq!(verdict(asking(&[other]), &alice), BAD, "{other}");
    }
}

#[test]
fn a_pin_of_the_key_or_of_the_certificate_has_to_fit() {
    let ca = TestCa::new("clients");
    let (alice, bob) =
        (ca.issue(&["alice"], LeafOptions::client()), ca.issue(&["bob"], LeafOptions::client()));
    let sha256 = |bytes: &[u8]| -> [u8; 32] { digest(&SHA256, bytes).as_ref().try_into().unwrap() };
    let key_of = |pair: &Issued| {
        let der = pair.der();
        sha256(Identity::of(&der).unwrap().key())
    };
    let pinned = |keys: &[[u8; 32]], certificates: &[[u8; 32]]| ClientAuth {
        key_pins: keys.to_vec(),
        certificate_pins: certificates.to_vec(),
        ..wanted(&ca)
    };
    let (key, certificate, other) = (key_of(&alice), sha256(&alice.der()), key_of(&bob));
    assert_eq!(verdict(pinned(&[other, key], &[]), &alice), GOOD);
    assert_eq!(verdict(pinned(&[], &[certificate]), &alice), GOOD);
    assert_eq!(verdict(pinned(&[other], &[certificate]), &alice), GOOD, "either list will do");
    assert_eq!(verdict(pinned(&[key], &[certificate]), &bob), BAD);
    assert_eq!(verdict(pinned(&[certificate], &[key]), &alice), BAD, "each pins its own part");
}

#[test]
fn a_lenient_check_lets_in_what_it_does_not_verify() {
    let (ca, strangers) = (TestCa::new("clients"), TestCa::new("strangers"));
    let lenient = ClientAuth { is_lenient: true, ..wanted(&ca) };
    assert_eq!(verdict(lenient.clone(), &ca.issue(&["alice"], LeafOptions::client())), GOOD);
    let mallory = strangers.issue(&["mallory"], LeafOptions::client());
    assert_eq!(verdict(lenient.clone(), &mallory), (false, true));
    let rootless = ClientAuth { roots: Vec::new(), ..lenient };
    assert_eq!(verdict(rootless, &mallory), (false, true));
}

#[test]
fn a_list_revokes_what_it_names_and_says_nothing_of_other_authorities() {
    let (ca, other) = (TestCa::new("clients"), TestCa::new("other"));
    let (alice, bob) =
        (ca.issue(&["alice"], LeafOptions::client()), ca.issue(&["bob"], LeafOptions::client()));
    let carol = other.issue(&["carol"], LeafOptions::client());
    let asking = ClientAuth {
        roots: vec![ca.der().clone(), other.der().clone()],
        crls: vec![list_of(&ca, &[&alice])],
        ..wanted(&ca)
    };
    assert_eq!(verdict(asking.clone(), &alice), BAD);
    assert_eq!(verdict(asking.clone(), &bob), GOOD);
    assert_eq!(verdict(asking, &carol), GOOD);
}

#[test]
fn an_intermediate_that_its_root_revoked_is_refused_with_all_below() {
    let ca = TestCa::new("clients");
    let team = ca.intermediate("team");
    let alice = team.issue(&["alice"], LeafOptions::client());
    assert_eq!(verdict(wanted(&ca), &alice), GOOD);
    let (_, parsed) = X509Certificate::from_der(team.der()).unwrap();
    let authority = Issued { serial: parsed.raw_serial().to_vec(), ..alice.clone() };
    let asking = ClientAuth { crls: vec![list_of(&ca, &[&authority])], ..wanted(&ca) };
    assert_eq!(verdict(asking, &alice), BAD);
}

#[test]
fn a_list_that_cannot_be_read_is_named_and_lets_nobody_in() {
    let ca = TestCa::new("clients");
    let good = list_of(&ca, &[]);
    let asking = ClientAuth { crls: vec![good, b"no list".to_vec().into()], ..wanted(&ca) };
    let error = check(asking).unwrap_err().to_string();
    assert!(error.contains("revocation list 2"), "{error}");
}
