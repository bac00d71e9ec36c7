//! A private key in a form that Envoy reads. Its TLS library, BoringSSL, is choosier than ours.

use aws_lc_rs::{
    pkcs8::Document,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    },
};
use model::{Certificate, KeyAlgorithm};
use rustls_pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

/// RSA as it came; every other key as PKCS#8 version 1, since BoringSSL reads neither version 2
/// (RFC 5958, which other libraries write for Ed25519) nor an EC key that leaves its curve out.
pub fn pem(certificate: &Certificate) -> Zeroizing<String> {
    match rewritten(certificate) {
        Some(der) => x509::pkcs8_pem(der.as_ref()),
        None => x509::key_pem(certificate),
    }
}

fn rewritten(certificate: &Certificate) -> Option<Document> {
    let key = certificate.key.expose();
    match certificate.key_algorithm {
        KeyAlgorithm::Rsa { .. } => None,
        KeyAlgorithm::EcdsaP256 => ecdsa(key, &ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP384 => ecdsa(key, &ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP521 => ecdsa(key, &ECDSA_P521_SHA512_ASN1_SIGNING),
        KeyAlgorithm::Ed25519 => {
            let der = key.secret_der();
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?.to_pkcs8v1().ok()
        }
    }
}

fn ecdsa(key: &PrivateKeyDer<'_>, algorithm: &'static EcdsaSigningAlgorithm) -> Option<Document> {
    let der = key.secret_der();
    let pair = match key {
        PrivateKeyDer::Sec1(_) => EcdsaKeyPair::from_private_key_der(algorithm, der),
        _ => EcdsaKeyPair::from_pkcs8(algorithm, der),
    };
    pair.ok()?.to_pkcs8v1().ok()
}

/// Whether Envoy can read what [`pem`] writes.
pub fn is_readable(certificate: &Certificate) -> bool {
    match (certificate.key_algorithm, certificate.key.expose()) {
        (KeyAlgorithm::Rsa { .. }, PrivateKeyDer::Pkcs1(_)) => true,
        (KeyAlgorithm::Rsa { .. }, key) => is_version_1(key.secret_der()),
        _ => rewritten(certificate).is_some(),
    }
}

/// A PKCS#8 that begins with version 0, which stands for version 1 (RFC 5208).
fn is_version_1(pkcs8: &[u8]) -> bool {
    let header = match pkcs8 {
        [0x30, length, ..] if length & 0x80 == 0 => 2,
        [0x30, length, ..] => 2 + usize::from(length & 0x7f),
        _ => return false,
    };
    pkcs8.get(header..).is_some_and(|inner| inner.starts_with(&[0x02, 0x01, 0x00]))
}
