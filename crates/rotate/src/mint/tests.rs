use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

use super::*;
use crate::{
    example::{Ack, DAY, TestCa, now},
    key::Form,
    pem,
};

struct Old {
    certificate: Certificate,
    key: PrivateKey,
}

impl Old {
    fn new(name: &str) -> (TestCa, Self) {
        let ca = TestCa::new(name, &Ack::default());
        let certificate = pem::certificates(ca.pem.as_bytes()).remove(0);
        let key = pem::private_keys(ca.key_pem.as_bytes()).remove(0);
        (ca, Self { certificate, key })
    }

    fn signer(&self) -> Signer<'_> {
        Signer { certificate: &self.certificate, key: &self.key }
    }
}

#[test]
fn a_new_authority_has_another_name_and_key_and_the_old_usages() {
    let (_, old) = Old::new("CA");
    let key = PrivateKey::like(&old.certificate, Form::Pkcs8).expect("a key");
    let new = authority(&old.certificate, "CA@1", &key, now() + DAY * 20_000, now()).expect("a CA");
    assert_eq!(new.subject, "CN=CA@1");
    assert!(new.is_ca && new.is_issued_by(&new) && !new.is_issued_by(&old.certificate));
    assert_eq!(new.not_after, now() + DAY * 20_000, "also past 2049");
    assert_eq!(new.not_before, now() - SignedDuration::from_hours(1));
    assert!(new.key_id.is_some());
}

#[test]
fn an_authority_issued_anew_with_its_key_is_the_same_to_all_it_issued() {
    let (ca, old) = Old::new("CA");
    let (leaf, _) = ca.leaf("etcd", &[], 10);
    let leaf = pem::certificates(leaf.as_bytes()).remove(0);
    let new = same_key(&old.certificate, &old.key, now() + DAY * 3650, now()).expect("a CA");
    assert!(leaf.is_issued_by(&new) && new.is_same_authority(&old.certificate));
    assert_eq!(new.key_id, old.certificate.key_id);
    assert!(new.not_before <= old.certificate.not_before);
}

#[test]
fn a_cross_certificate_is_the_new_authority_in_the_old_ones_words() {
    let (_, old) = Old::new("CA");
    let key = PrivateKey::like(&old.certificate, Form::Pkcs8).expect("a key");
    let new = authority(&old.certificate, "CA@1", &key, now() + DAY * 20_000, now()).expect("a CA");
    let crossed =
        cross(Signer { certificate: &new, key: &key }, old.signer(), now()).expect("a certificate");
    assert!(crossed.is_same_authority(&new) && crossed.is_issued_by(&old.certificate));
    assert_eq!(crossed.key_id, new.key_id);
    assert_eq!(crossed.not_after, old.certificate.not_after, "no longer than who vouches");
}

#[test]
fn a_leaf_keeps_its_subject_byte_for_byte_even_with_two_organisations() {
    let (_, ca) = Old::new("CA");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let printable =
        DnValue::PrintableString("system:masters".replace(':', "-").try_into().unwrap());
    params.distinguished_name.push(DnType::OrganizationName, printable);
    params.distinguished_name.push(DnType::CommonName, "etcd-server");
    let pair = KeyPair::generate().expect("a key");
    let old = params.self_signed(&pair).expect("a certificate").der().clone();
    let old = Certificate::read(&old).expect("a certificate");

    let key = PrivateKey::like(&old, Form::Pkcs8).expect("a key");
    let new = leaf(&old, &[], &key, ca.signer(), now() + DAY * 9999, now()).expect("a leaf");
    assert_eq!(new.subject_der, old.subject_der);
    assert!(new.is_issued_by(&ca.certificate));
    assert_eq!(new.not_after, ca.certificate.not_after, "never outlives its signer");
    assert_ne!(new.serial, old.serial);
}

#[test]
fn names_are_added_and_none_is_lost() {
    let (ca, signer) = Old::new("CA");
    let names = ["10.0.0.1".to_owned(), "a.example".to_owned()];
    let old = pem::certificates(ca.leaf("etcd", &names, 10).0.as_bytes()).remove(0);
    let key = PrivateKey::like(&old, Form::Pkcs8).expect("a key");
    let added = ["10.0.0.4".to_owned(), "fd00::4".to_owned(), "b.example".to_owned()];
    let new = leaf(&old, &added, &key, signer.signer(), now() + DAY, now()).expect("a leaf");
    let all: Vec<&str> = new.names.iter().map(String::as_str).collect();
    assert_eq!(all, ["10.0.0.1", "10.0.0.4", "a.example", "b.example", "fd00::4"]);
    assert_eq!(new.usages, old.usages);
}

#[test]
fn a_probe_has_no_names_and_one_hour() {
    let (_, ca) = Old::new("CA");
    let key = PrivateKey::like(&ca.certificate, Form::Pkcs8).expect("a key");
    let probe = probe(ca.signer(), &key, now()).expect("a certificate");
    assert!(probe.names.is_empty() && probe.usages.client && !probe.usages.server);
    assert_eq!(probe.not_after, now() + SignedDuration::from_hours(1));
    assert!(!probe.is_ca);
}

#[test]
fn other_parts_of_a_name_stay_when_the_common_name_changes() {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "CN");
    params.distinguished_name.push(DnType::CommonName, "CA");
    params.distinguished_name.push(DnType::OrganizationName, "system:masters");
    let pair = KeyPair::generate().expect("a key");
    let old = params.self_signed(&pair).expect("a certificate").der().clone();
    let old = Certificate::read(&old).expect("a certificate");
    let key = PrivateKey::like(&old, Form::Pkcs8).expect("a key");
    let new = authority(&old, "CA@2", &key, now() + DAY, now()).expect("a CA");
    assert_eq!(new.subject, "C=CN, CN=CA@2, O=system:masters");
}
