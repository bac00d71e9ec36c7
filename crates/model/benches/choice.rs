//! What a handshake pays for its certificate, and a listener for its table, as the number of
//! names grows.

use std::sync::Arc;

use divan::{Bencher, black_box};
use jiff::Timestamp;
use model::{
    Binding, BindingStatus, Certificate, CertificateId, CertificateList, CertificateSource,
    CertificateTable, Fingerprint, KeyAlgorithm, Name, PrivateKey,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

const SIZES: [u32; 3] = [100, 10_000, 100_000];

fn main() {
    divan::main();
}

/// A host name and the name under which its certificate carries it: every tenth is a wildcard.
fn names(index: u32) -> (String, String) {
    let parent = format!("shop-{index}.example.test");
    match index % 10 {
        0 => (format!("www.{parent}"), format!("*.{parent}")),
        _ => (parent.clone(), parent),
    }
}

fn list(size: u32) -> CertificateList {
    let bindings = (0..size).map(|index| {
        let mut fingerprint = [0; 32];
        fingerprint[..4].copy_from_slice(&index.to_be_bytes());
        let certificate = Certificate {
            ocsp_staple: None,
            names: vec![Name::parse(&names(index).1).expect("made of labels")],
            subject: String::new(),
            issuer: String::new(),
            serial: String::new(),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: Timestamp::MAX,
            key_algorithm: KeyAlgorithm::EcdsaP256,
            fingerprint: Fingerprint(fingerprint),
            leaf: Vec::new().into(),
            issuers: Arc::new([]),
            key: PrivateKey::new(PrivatePkcs8KeyDer::from(Vec::new()).into()),
        };
        Binding {
            id: CertificateId::store(&index.to_string()),
            is_default: index == 0,
            source: CertificateSource::Discovered,
            status: BindingStatus::Associated,
            certificate: Some(Arc::new(certificate)),
        }
    });
    CertificateList { bindings: bindings.collect() }
}

/// Hosts in an order that no cache foresees.
fn hosts(size: u32) -> Vec<String> {
    (0..4096).map(|step: u32| names(step.wrapping_mul(2_654_435_761) % size).0).collect()
}

#[divan::bench(args = SIZES)]
fn known_name(bencher: Bencher<'_, '_>, size: u32) {
    let table = CertificateTable::new(&list(size));
    let hosts = hosts(size);
    let mut next = hosts.iter().cycle();
    bencher.bench_local(|| {
        let host = next.next().map(String::as_str);
        black_box(table.choose(host, |_| true).certificate().is_some())
    });
}

#[divan::bench(args = SIZES)]
fn unknown_name(bencher: Bencher<'_, '_>, size: u32) {
    let table = CertificateTable::new(&list(size));
    bencher.bench(|| black_box(table.choose(Some("www.elsewhere.test"), |_| true)).certificate());
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn table(bencher: Bencher<'_, '_>, size: u32) {
    let list = list(size);
    bencher.bench(|| CertificateTable::new(&list));
}
