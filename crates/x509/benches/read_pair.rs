//! What reading one pair costs; ten thousand of them have to be ready in half a second.

use testkit::pki::{KeyKind, LeafOptions, TestCa};

fn main() {
    divan::main();
}

#[divan::bench(args = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048, KeyKind::Ed25519])]
fn read_pair(bencher: divan::Bencher<'_, '_>, key: &KeyKind) {
    let ca = TestCa::new("root").intermediate("middle");
    let pair = ca.issue(&["www.shop.test", "shop.test"], LeafOptions::key(*key));
    let reader = x509::Reader::default();
    bencher.bench(|| reader.read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes()));
}
