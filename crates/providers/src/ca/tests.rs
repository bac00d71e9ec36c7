use std::sync::Arc;

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};

use super::{root::ROOT_DAYS, *};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

fn later() -> Timestamp {
    now() + DAY * (ROOT_DAYS + 1)
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| Name::parse(text).expect("a name")).collect()
}

async fn issued(ca: &Ca, texts: &[&str]) -> (Issued, model::Certificate) {
    let issued = ca.sign(&names(texts), KeyKind::default()).expect("the own CA signs");
    let facts = x509::read_pair(issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes())
        .expect("a good pair");
    (issued, facts)
}

/// What a client says that trusts only this root.
fn verify(
    root: &RootCertificate,
    leaf: &CertificateDer<'_>,
    host: &str,
    when: Timestamp,
) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(root.certificate_pem.as_bytes()).expect("PEM"))
        .expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .expect("a verifier");
    let when = UnixTime::since_unix_epoch(std::time::Duration::from_secs(when.as_second() as u64));
    let host = ServerName::try_from(host.to_owned()).expect("a host");
    verifier.verify_server_cert(leaf, &[], &host, &[], when).map(drop)
}

#[tokio::test]
async fn clients_that_trust_the_root_accept_its_leaves_for_their_names_and_time() {
    let root = RootCertificate::make(now()).expect("a root");
    let ca = Ca::open(&root, now).expect("opens");
    let (_, leaf) = issued(&ca, &["a.test", "*.b.test"]).await;

    assert_eq!(leaf.names, names(&["a.test", "*.b.test"]));
    verify(&root, &leaf.leaf, "a.test", now()).expect("by name");
    verify(&root, &leaf.leaf, "x.b.test", now()).expect("by wildcard");
    verify(&root, &leaf.leaf, "a.test", now() - SignedDuration::from_mins(4))
        .expect("with a clock that is behind");
    verify(&root, &leaf.leaf, "c.test", now()).expect_err("another name");
    verify(&root, &leaf.leaf, "a.test", now() + DAY * 91).expect_err("after its end");
    assert_eq!(leaf.not_after, now() + DAY * 90);
}

#[tokio::test]
async fn a_stored_root_opens_again_and_each_leaf_has_a_new_key() {
    let root = RootCertificate::make(now()).expect("a root");
    let first = Ca::open(&root, now).expect("opens");
    let again = Ca::open(&root, now).expect("opens again");
    let (one, leaf) = issued(&first, &["a.test"]).await;
    let (two, later_leaf) = issued(&again, &["a.test"]).await;
    assert_ne!(one.key_pem, two.key_pem);
    verify(&root, &leaf.leaf, "a.test", now()).expect("before");
    verify(&root, &later_leaf.leaf, "a.test", now()).expect("the root is the same");
}

#[test]
fn two_roots_differ_in_name() {
    let subject = |root: RootCertificate| {
        x509::read_pair(root.certificate_pem.as_bytes(), root.key_pem.as_bytes())
            .expect("a good pair")
            .subject
    };
    let (one, two) = (
        subject(RootCertificate::make(now()).expect("a root")),
        subject(RootCertificate::make(now()).expect("a root")),
    );
    assert!(one.contains("Doorward local CA "), "{one}");
    assert_ne!(one, two);
}

#[test]
fn a_root_that_cannot_be_used_is_refused_with_its_cure() {
    let root = RootCertificate::make(now()).expect("a root");
    let other = RootCertificate::make(now()).expect("a root");
    let cases = [
        (
            "foreign key",
            RootCertificate {
                certificate_pem: root.certificate_pem.clone(),
                key_pem: other.key_pem,
            },
            now as fn() -> Timestamp,
            "restore both files",
        ),
        (
            "garbage",
            RootCertificate { certificate_pem: "garbage".into(), key_pem: root.key_pem.clone() },
            now,
            "restore both files",
        ),
        ("expired", root, later, "expired on 2036-"),
    ];
    for (case, root, clock, part) in cases {
        let error =
            Ca::open(&root, clock).err().unwrap_or_else(|| panic!("{case} was taken")).to_string();
        assert!(error.contains(part), "{case}: {error}");
        assert!(!error.contains("PRIVATE"), "{case}: {error}");
    }
}

/// A CA under a root of its own, as a Secret brings it: its certificate, then the one above.
fn intermediate() -> (testkit::pki::TestCa, Certificate) {
    let root = testkit::pki::TestCa::new("house root");
    let below = root.intermediate("house");
    let chain = format!("{}{}", below.pem(), root.pem());
    let pair = x509::read_pair(chain.as_bytes(), below.key_pem().as_bytes()).expect("a pair");
    (root, pair)
}

#[test]
fn a_ca_that_was_brought_hands_its_chain_out_without_the_root() {
    let (_, pair) = intermediate();
    let ca = Ca::of(&pair, Timestamp::now).expect("opens");
    let issued = ca.sign(&names(&["a.test"]), KeyKind::default()).expect("signs");
    let leaf = x509::read_pair(issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes())
        .expect("leaf first, chain in order");
    assert_eq!(leaf.issuers.iter().collect::<Vec<_>>(), [&pair.leaf]);
}

#[test]
fn no_leaf_outlives_its_ca() {
    let (_, pair) = intermediate();
    let ca =
        Ca { not_after: now() + DAY * 3, clock: now, ..Ca::of(&pair, Timestamp::now).unwrap() };
    let issued = ca.sign(&names(&["a.test"]), KeyKind::default()).expect("signs");
    let leaf = x509::read_pair(issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes());
    assert_eq!(leaf.unwrap().not_after, now() + DAY * 3);
}

#[test]
fn rsa_keys_are_made_where_they_are_asked_for() {
    let root = RootCertificate::make(now()).expect("a root");
    let ca = Ca::open(&root, now).expect("opens");
    let issued = ca.sign(&names(&["a.test"]), KeyKind::Rsa2048).expect("signs");
    let leaf = x509::read_pair(issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes());
    assert_eq!(leaf.unwrap().key_algorithm, model::KeyAlgorithm::Rsa { bits: 2048 });
}

#[test]
fn who_may_not_sign_is_no_ca() {
    let leaf = testkit::pki::TestCa::new("root").leaf(&["a.test"]);
    let pair = x509::read_pair(leaf.chain_pem.as_bytes(), leaf.key_pem.as_bytes()).unwrap();
    let error = Ca::of(&pair, Timestamp::now).err().expect("refused").to_string();
    assert!(error.contains("may not sign others"), "{error}");
}
