use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::{KeyAlgorithm, Name};
use proptest::prelude::*;
use testkit::pki::{CommonName, Issued, KeyKind, LeafOptions, TestCa, rsa_1024};

use super::*;

fn read(issued: &Issued) -> Result<Certificate, PairProblem> {
    read_pair(issued.chain_pem.as_bytes(), issued.key_pem.as_bytes())
}

/// The problem's whole line.
fn refused(crt: &str, key: &str) -> String {
    match read_pair(crt.as_bytes(), key.as_bytes()) {
        Ok(certificate) => panic!("taken: {certificate:?}"),
        Err(problem) => problem.to_string(),
    }
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    assert!(!message.contains('\n'), "{message:?} is more than one line");
}

fn names(certificate: &Certificate) -> Vec<&str> {
    certificate.names.iter().map(Name::as_str).collect()
}

#[test]
fn a_pair_is_read_with_its_facts() {
    let ca = TestCa::new("Root One").intermediate("Middle One");
    let issued = ca.leaf(&["www.shop.test", "*.Shop.test"]);
    let certificate = read(&issued).unwrap();
    assert_eq!(names(&certificate), ["www.shop.test", "*.shop.test"]);
    assert_eq!(certificate.subject, "CN=www.shop.test");
    assert_eq!(certificate.issuer, "CN=Middle One");
    assert_eq!(certificate.key_algorithm, KeyAlgorithm::EcdsaP256);
    assert_eq!(certificate.chain().cloned().collect::<Vec<_>>(), issued.chain_der());
    assert_eq!(certificate.key.expose(), &issued.key_der());
    assert!(certificate.serial.chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c)));
    let lifetime = certificate.not_after.duration_since(certificate.not_before);
    assert_eq!(lifetime, SignedDuration::from_hours(90 * 24 + 1));
}

#[test]
fn the_fingerprint_is_the_one_openssl_prints() {
    let (crt, key) = file("p521");
    let printed = "d2993eb73bc8063220f5c45d29a7d23fb3d4cb530191de5fbe63156d1c1df25b";
    let shown = read_pair(crt, key).unwrap().fingerprint.to_string();
    assert_eq!(shown, format!("sha256:{printed}"));
}

#[test]
fn every_algorithm_that_can_be_served_is_taken() {
    let ca = TestCa::new("root");
    for (kind, algorithm) in [
        (KeyKind::P256, KeyAlgorithm::EcdsaP256),
        (KeyKind::P384, KeyAlgorithm::EcdsaP384),
        (KeyKind::Rsa2048, KeyAlgorithm::Rsa { bits: 2048 }),
        (KeyKind::Ed25519, KeyAlgorithm::Ed25519),
    ] {
        let certificate = read(&ca.issue(&["a.test"], LeafOptions::key(kind))).unwrap();
        assert_eq!(certificate.key_algorithm, algorithm);
    }
}

#[test]
fn keys_may_be_pkcs8_pkcs1_or_sec1_and_p521() {
    for (name, algorithm) in [
        ("p521", KeyAlgorithm::EcdsaP521),
        ("sec1", KeyAlgorithm::EcdsaP256),
        ("pkcs1", KeyAlgorithm::Rsa { bits: 2048 }),
    ] {
        let (crt, key) = file(name);
        let certificate = read_pair(crt, key).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(certificate.key_algorithm, algorithm);
        assert_eq!(names(&certificate), [format!("{name}.test")]);
    }
}

fn file(name: &str) -> (&'static [u8], &'static [u8]) {
    match name {
        "p521" => (include_bytes!("../testdata/p521.crt"), include_bytes!("../testdata/p521.key")),
        "sec1" => (include_bytes!("../testdata/sec1.crt"), include_bytes!("../testdata/sec1.key")),
        _ => (include_bytes!("../testdata/pkcs1.crt"), include_bytes!("../testdata/pkcs1.key")),
    }
}

#[test]
fn what_rustls_cannot_sign_with_is_refused_by_its_name() {
    let key = TestCa::new("root").leaf(&["a.test"]).key_pem;
    for (crt, what) in [
        (include_str!("../testdata/sm2.crt"), "an SM2 key"),
        (include_str!("../testdata/dsa.crt"), "a DSA key"),
        (include_str!("../testdata/ed448.crt"), "an Ed448 key"),
        (include_str!("../testdata/rsapss.crt"), "RSA-PSS only"),
        (include_str!("../testdata/k256.crt"), "on curve 1.3.132.0.10"),
    ] {
        assert_says(&refused(crt, &key), &["the certificate is for", what, "use RSA"]);
    }
}

#[test]
fn a_short_rsa_key_is_refused_with_its_length() {
    let weak = rsa_1024();
    assert_says(&refused(&weak.cert_pem, &weak.key_pem), &["1024 bits", "2048", "make a new key"]);
}

#[test]
fn dates_are_left_to_whoever_knows_the_time() {
    let ca = TestCa::new("root");
    let now = Timestamp::now();
    assert!(read(&ca.issue(&["a.test"], LeafOptions::expired())).unwrap().is_expired(now));
    assert!(
        read(&ca.issue(&["a.test"], LeafOptions::not_yet_valid())).unwrap().is_not_yet_valid(now)
    );
}

#[test]
fn a_certificate_without_a_common_name_is_good() {
    let ca = TestCa::new("root");
    let certificate = read(&ca.issue(&["a.test"], LeafOptions::without_common_name())).unwrap();
    assert_eq!((names(&certificate), certificate.subject.as_str()), (vec!["a.test"], ""));
}

#[test]
fn the_common_name_counts_only_without_dns_names() {
    let ca = TestCa::new("root");
    let named = |names: &[&str]| {
        let common_name = CommonName::Is("cn.test".to_owned());
        read(&ca.issue(names, LeafOptions { common_name, ..LeafOptions::default() })).unwrap()
    };
    assert_eq!(names(&named(&[])), ["cn.test"]);
    assert_eq!(names(&named(&["127.0.0.1"])), ["cn.test"]);
    assert_eq!(names(&named(&["san.test"])), ["san.test"]);
}

#[test]
fn what_is_no_dns_name_is_left_out() {
    let issued = TestCa::new("root").leaf(&["ok.test", "not a name", "a.*.test", "OK.test"]);
    assert_eq!(names(&read(&issued).unwrap()), ["ok.test"]);
}

#[test]
fn control_characters_of_a_subject_are_not_shown() {
    let common_name = CommonName::Is("a\u{1b}[31m\nb".to_owned());
    let issued = TestCa::new("root")
        .issue(&["a.test"], LeafOptions { common_name, ..LeafOptions::default() });
    assert!(!read(&issued).unwrap().subject.contains(char::is_control));
}

#[test]
fn an_empty_field_is_said_to_be_empty() {
    let issued = TestCa::new("root").leaf(&["a.test"]);
    assert_says(&refused("", &issued.key_pem), &["the certificate is empty"]);
    assert_says(&refused(" \n\n", &issued.key_pem), &["the certificate is empty"]);
    assert_says(&refused(&issued.cert_pem, ""), &["the private key is empty"]);
}

#[test]
fn a_field_of_ten_megabytes_is_refused_by_its_size() {
    let issued = TestCa::new("root").leaf(&["a.test"]);
    let large = issued.cert_pem.repeat(10_000_000 / issued.cert_pem.len() + 1);
    assert_says(&refused(&large, &issued.key_pem), &["the certificate has 10", "1048576 at most"]);
    let large = "x".repeat(MAX_FIELD + 1);
    assert_says(&refused(&issued.cert_pem, &large), &["the private key has 1048577 bytes"]);
}

#[test]
fn garbage_is_no_pem() {
    let issued = TestCa::new("root").leaf(&["a.test"]);
    let begun = "-----BEGIN CERTIFICATE-----\n";
    let ended = "\n-----END CERTIFICATE-----\n";
    for (crt, says) in [
        ("garbage".to_owned(), "is not PEM"),
        (format!("{begun}MIIB"), "cut short"),
        (format!("{begun}%%%{ended}"), "is not base64"),
        (format!("{begun}aGVsbG8={ended}"), "no X.509 certificate at position 1"),
        ("-----BEGIN CERT".to_owned(), "broken -----BEGIN"),
        (issued.key_pem.clone(), "holds no certificate but a PRIVATE KEY"),
        (issued.cert_pem.clone() + begun + "aGVsbG8=" + ended, "position 2"),
    ] {
        assert_says(&refused(&crt, &issued.key_pem), &["the certificate", says]);
    }
    for (key, says) in [
        ("garbage".to_owned(), "is not PEM"),
        (issued.cert_pem.clone(), "holds a CERTIFICATE"),
        (issued.key_pem.replace('M', "%"), "is not base64"),
        (
            format!("-----BEGIN PRIVATE KEY-----\naGVsbG8={}", "\n-----END PRIVATE KEY-----\n"),
            "cannot be used",
        ),
        (issued.key_pem.repeat(2), "is followed by more"),
    ] {
        assert_says(&refused(&issued.cert_pem, &key), &["the private key", says]);
    }
}

#[test]
fn garbage_after_the_der_of_a_certificate_is_refused() {
    let issued = TestCa::new("root").leaf(&["a.test"]);
    let mut der = issued.der().to_vec();
    der.extend(b"more");
    assert_says(
        &refused(&section(&der), &issued.key_pem),
        &["4 bytes of garbage", "certificate 1"],
    );
}

/// A CERTIFICATE section of any bytes.
fn section(der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for chunk in der.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text + "\n-----END CERTIFICATE-----\n"
}

#[test]
fn an_encrypted_key_is_refused_with_the_command_that_decrypts_it() {
    for key in [
        include_str!("../testdata/encrypted-pkcs8.key"),
        include_str!("../testdata/encrypted-pkcs1.key"),
    ] {
        let crt = include_str!("../testdata/sec1.crt");
        assert_says(&refused(crt, key), &["the private key is encrypted", "openssl pkey -in"]);
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let ca = TestCa::new("root");
    let (one, two) = (ca.leaf(&["one.test"]), ca.leaf(&["two.test"]));
    let message = refused(&one.cert_pem, &two.key_pem);
    assert_says(
        &message,
        &["the private key belongs to another certificate", "(CN=one.test) is for another key"],
    );
    let rsa = ca.issue(&["rsa.test"], LeafOptions::key(KeyKind::Rsa2048));
    let message = refused(&one.cert_pem, &rsa.key_pem);
    assert_says(&message, &["it is an RSA key", "is for an ECDSA P-256 key"]);
}

#[test]
fn a_leaf_that_is_not_first_is_found() {
    let ca = TestCa::new("root").intermediate("middle");
    let issued = ca.leaf(&["a.test"]);
    let message = refused(&(ca.pem().to_owned() + &issued.cert_pem), &issued.key_pem);
    assert_says(&message, &["its leaf (CN=a.test) at position 2 of 2", "put it first"]);
}

#[test]
fn a_chain_may_end_anywhere_up_to_the_root() {
    let root = TestCa::new("root");
    let ca = root.intermediate("outer").intermediate("inner");
    let issued = ca.leaf(&["a.test"]);
    for (crt, length) in [
        (issued.cert_pem.clone(), 0),
        (issued.cert_pem.clone() + ca.pem(), 1),
        (issued.chain_pem.clone(), 2),
        (issued.chain_pem.clone() + root.pem(), 3),
    ] {
        let certificate = read_pair(crt.as_bytes(), issued.key_pem.as_bytes()).unwrap();
        assert_eq!(certificate.issuers.len(), length);
    }
}

#[test]
fn a_chain_out_of_order_is_refused_with_the_position() {
    let root = TestCa::new("root");
    let outer = root.intermediate("outer");
    let inner = outer.intermediate("inner");
    let issued = inner.leaf(&["a.test"]);
    let chain = |parts: &[&str]| issued.cert_pem.clone() + &parts.concat();

    let message = refused(&chain(&[outer.pem(), inner.pem()]), &issued.key_pem);
    assert_says(&message, &["out of order at position 2 of 3", "CN=outer did not issue CN=a.test"]);

    let message = refused(&chain(&[inner.pem(), inner.pem()]), &issued.key_pem);
    assert_says(&message, &["repeats CN=inner at position 3 of 3", "remove it"]);

    let message = refused(&chain(&[root.pem(), root.pem()]), &issued.key_pem);
    assert_says(&message, &["stranger at position 2 of 3"]);
}

#[test]
fn a_certificate_of_another_chain_is_a_stranger() {
    let ca = TestCa::new("root").intermediate("middle");
    let issued = ca.leaf(&["a.test"]);
    let other = TestCa::new("other");
    let message = refused(&(issued.chain_pem.clone() + other.pem()), &issued.key_pem);
    assert_says(&message, &["stranger at position 3 of 3", "CN=other", "put the issuer CN=root"]);
}

#[test]
fn a_ca_of_the_same_name_with_another_key_is_told_apart() {
    let issued = TestCa::new("root").leaf(&["a.test"]);
    let namesake = TestCa::new("root");
    let message = refused(&(issued.cert_pem.clone() + namesake.pem()), &issued.key_pem);
    assert_says(&message, &["another key's certificate of CN=root"]);
}

#[test]
fn leaves_of_one_issuer_share_its_certificates() {
    let reader = Reader::default();
    let ca = TestCa::new("root").intermediate("middle");
    let read = |ca: &TestCa| {
        let issued = ca.leaf(&["a.test"]);
        reader.read_pair(issued.chain_pem.as_bytes(), issued.key_pem.as_bytes()).unwrap()
    };
    let (one, two) = (read(&ca), read(&ca));
    assert!(Arc::ptr_eq(&one.issuers, &two.issuers));
    let other = read(&TestCa::new("root").intermediate("middle"));
    assert!(!Arc::ptr_eq(&one.issuers, &other.issuers));
}

#[test]
fn chains_that_nobody_holds_are_forgotten() {
    let reader = Reader::default();
    let root = TestCa::new("root");
    for index in 0..200 {
        let issued = root.intermediate(&format!("middle {index}")).leaf(&["a.test"]);
        reader.read_pair(issued.chain_pem.as_bytes(), issued.key_pem.as_bytes()).unwrap();
    }
    assert!(reader.chains.len() <= 65, "{} chains are held", reader.chains.len());
}

#[test]
fn roots_are_read_in_any_order_and_refused_when_broken() {
    let (one, two) = (TestCa::new("one"), TestCa::new("two"));
    let both = two.pem().to_owned() + one.pem();
    assert_eq!(read_roots(both.as_bytes()).unwrap(), [two.der().clone(), one.der().clone()]);
    assert_says(&read_roots(b"").unwrap_err().to_string(), &["is empty"]);
    let broken = both + "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    assert_says(&read_roots(broken.as_bytes()).unwrap_err().to_string(), &["position 3"]);
}

#[test]
fn revocation_lists_are_read_in_any_number_and_refused_when_broken() {
    let ca = TestCa::new("root");
    let both = ca.crl(&[]) + &ca.crl(&[&ca.leaf(&["a.test"])]);
    assert_eq!(read_crls(both.as_bytes()).unwrap().len(), 2);
    let says = |text: &str| read_crls(text.as_bytes()).unwrap_err().to_string();
    assert_says(&says(""), &["the revocation list is empty"]);
    assert_says(&says(ca.pem()), &["-----BEGIN X509 CRL-----"]);
    let broken = both + "-----BEGIN X509 CRL-----\naGVsbG8=\n-----END X509 CRL-----\n";
    assert_says(&says(&broken), &["at position 3 is not well formed"]);
}

#[test]
fn a_staple_must_be_a_whole_response_for_this_certificate() {
    let ca = TestCa::new("root");
    let issued = ca.leaf(&["a.test"]);
    let certificate = read(&issued).unwrap();
    let response = ca.ocsp_response(&issued);
    assert_eq!(check_staple(&response, &certificate), Ok(()));

    let says = |bytes: &[u8]| check_staple(bytes, &certificate).unwrap_err().to_string();
    let other = ca.ocsp_response(&ca.leaf(&["a.test"]));
    assert_says(&says(&other), &["the OCSP response is for another certificate"]);
    // OCSPResponse { tryLater }
    assert_says(&says(&[0x30, 0x03, 0x0a, 0x01, 0x03]), &["the responder failed (status 3)"]);
    for cut in 0..response.len() {
        assert_says(&says(&response[..cut]), &["is no OCSP response in DER"]);
    }
    assert_says(&says(issued.cert_pem.as_bytes()), &["is no OCSP response in DER"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered_without_a_panic(crt in any::<Vec<u8>>(), key in any::<Vec<u8>>()) {
        prop_assert!(read_pair(&crt, &key).is_err());
        prop_assert!(read_roots(&crt).is_err());
        prop_assert!(read_crls(&crt).is_err());
    }

    #[test]
    fn a_changed_staple_is_answered_without_a_panic(at in 0usize..10_000, to: u8) {
        let ca = TestCa::new("root");
        let issued = ca.leaf(&["a.test"]);
        let mut response = ca.ocsp_response(&issued);
        let at = at % response.len();
        response[at] = to;
        // Signatures are the business of clients, so most changes go unseen.
        let _ = check_staple(&response, &read(&issued).unwrap());
    }

    /// One changed byte of the DER gives a refusal or a certificate for the same key; no other
    /// outcome, and never a panic.
    #[test]
    fn a_changed_byte_never_yields_another_key(at in 0usize..10_000, to: u8) {
        let (crt, key) = file("sec1");
        let mut der = pem::certificates(crt).unwrap()[0].to_vec();
        let at = at % der.len();
        der[at] = to;
        if let Ok(certificate) = read_pair(section(&der).as_bytes(), key) {
            let good = read_pair(crt, key).unwrap();
            let changed = facts::Facts::of(&certificate.leaf, 1).unwrap();
            let original = facts::Facts::of(&good.leaf, 1).unwrap();
            prop_assert_eq!(changed.public_key(), original.public_key());
        }
    }

    /// A message never quotes the key, whatever is wrong with it.
    #[test]
    fn a_message_holds_nothing_of_the_key(at in 0usize..10_000, to in "[ -~]") {
        let issued = file("sec1");
        let mut key = String::from_utf8(issued.1.to_vec()).unwrap();
        let at = at % key.len();
        key.replace_range(at..=at, &to);
        if let Err(problem) = read_pair(issued.0, key.as_bytes()) {
            let message = problem.to_string();
            let body = key.lines().filter(|line| !line.starts_with("-----") && line.len() > 8);
            for line in body {
                prop_assert!(!message.contains(&line[..8]), "{message}");
            }
        }
    }
}
