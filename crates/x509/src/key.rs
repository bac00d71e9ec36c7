//! Whether a private key is the key of a leaf. The whole key is loaded, so that a key that
//! passes here also signs.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use model::KeyAlgorithm;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{PairProblem, facts, facts::Facts};

/// The key fits the leaf; if not, says which certificate it does fit.
pub(crate) fn check(
    key: &PrivateKeyDer<'_>,
    leaf: &Facts<'_>,
    issuers: &[CertificateDer<'_>],
) -> Result<(), PairProblem> {
    if load(key, leaf.algorithm).is_some_and(|public| public == leaf.public_key()) {
        return Ok(());
    }
    let Some((algorithm, public)) = identify(key) else {
        return Err(PairProblem::key(
            "cannot be used: it is broken, or neither RSA (2048 to 8192 bits), ECDSA (P-256, \
             P-384, P-521) nor Ed25519",
        ));
    };
    for (index, der) in issuers.iter().enumerate() {
        let position = index + 2;
        let certificate = facts::parse(der, position)?;
        if certificate.public_key().subject_public_key.data == public {
            return Err(PairProblem::crt(format!(
                "has its leaf ({}) at position {position} of {}: put it first",
                facts::printable(certificate.subject()),
                issuers.len() + 1
            )));
        }
    }
    let leaf_key = leaf.algorithm.to_string();
    let difference = match leaf_key.starts_with(algorithm) {
        true => "is for another key of that kind".to_owned(),
        false => format!("is for an {leaf_key} key"),
    };
    Err(PairProblem::key(format!(
        "belongs to another certificate: it is an {algorithm} key, and the leaf ({}) {difference}; \
         put the two that were made together",
        leaf.subject(),
    )))
}

/// The public half of the key, if it is one of this algorithm.
fn load(key: &PrivateKeyDer<'_>, algorithm: KeyAlgorithm) -> Option<Vec<u8>> {
    match algorithm {
        KeyAlgorithm::Rsa { .. } => {
            let pair = match key {
                PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
                PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
                _ => return None,
            };
            Some(pair.ok()?.public_key().as_ref().to_vec())
        }
        KeyAlgorithm::EcdsaP256 => load_ecdsa(key, &ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP384 => load_ecdsa(key, &ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP521 => load_ecdsa(key, &ECDSA_P521_SHA512_ASN1_SIGNING),
        KeyAlgorithm::Ed25519 => {
            let PrivateKeyDer::Pkcs8(der) = key else { return None };
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).ok()?;
            Some(pair.public_key().as_ref().to_vec())
        }
    }
}

fn load_ecdsa(
    key: &PrivateKeyDer<'_>,
    algorithm: &'static EcdsaSigningAlgorithm,
) -> Option<Vec<u8>> {
    let pair = match key {
        PrivateKeyDer::Pkcs8(der) => EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(der) => {
            EcdsaKeyPair::from_private_key_der(algorithm, der.secret_sec1_der())
        }
        _ => return None,
    };
    Some(pair.ok()?.public_key().as_ref().to_vec())
}

/// Finds the algorithm of a key by trying all; only for messages.
fn identify(key: &PrivateKeyDer<'_>) -> Option<(&'static str, Vec<u8>)> {
    [
        ("RSA", KeyAlgorithm::Rsa { bits: 0 }),
        ("ECDSA P-256", KeyAlgorithm::EcdsaP256),
        ("ECDSA P-384", KeyAlgorithm::EcdsaP384),
        ("ECDSA P-521", KeyAlgorithm::EcdsaP521),
        ("Ed25519", KeyAlgorithm::Ed25519),
    ]
    .into_iter()
    .find_map(|(name, algorithm)| Some((name, load(key, algorithm)?)))
}
