//! Private keys: whether one is a certificate's, and how to make another of the same kind.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer as _,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    },
};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519,
    PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize, SignatureAlgorithm, SigningKey as _,
};
use rustls_pki_types::PrivateKeyDer;
use x509_parser::public_key::PublicKey;

use crate::{certificate::Certificate, facts::Content};

/// A key that can sign.
pub struct PrivateKey {
    pair: KeyPair,
    der: PrivateKeyDer<'static>,
}

/// Why a key can neither be used nor made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "the private key cannot be used: it is broken, or neither RSA (2048 to 8192 bits), ECDSA (P-256, P-384, P-521) nor Ed25519"
    )]
    Unusable,
    #[error("no key can be made like the one of {0}: its kind is unknown")]
    UnknownKind(String),
    #[error("a key could not be made or used: {0}")]
    Failed(String),
}

/// How a key is written in PEM. A new key takes its predecessor's form, since some readers know
/// only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Pkcs8,
    Pkcs1,
    Sec1,
}

impl PrivateKey {
    pub fn of(der: PrivateKeyDer<'static>) -> Result<Self, KeyError> {
        let pair = KeyPair::try_from(&der).map_err(|_| KeyError::Unusable)?;
        Ok(Self { pair, der })
    }

    /// A new key of the kind that `certificate` has, written like `form`.
    pub fn like(certificate: &Certificate, form: Form) -> Result<Self, KeyError> {
        let pair = generate(certificate)?;
        let der = in_form(&pair, form)?;
        Ok(Self { pair, der })
    }

    pub fn is_key_of(&self, certificate: &Certificate) -> bool {
        self.pair.der_bytes() == certificate.public_key
    }

    pub fn form(&self) -> Form {
        match self.der {
            PrivateKeyDer::Pkcs1(_) => Form::Pkcs1,
            PrivateKeyDer::Sec1(_) => Form::Sec1,
            _ => Form::Pkcs8,
        }
    }

    pub fn pem(&self) -> Content {
        Content::new(x509::private_key_pem(&self.der).as_bytes().to_vec())
    }

    /// The public half with its algorithm, as a certificate holds it.
    pub(crate) fn public_info(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    pub(crate) fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.pair.algorithm()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.pair.sign(message).map_err(|error| KeyError::Failed(error.to_string()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?})", self.pair.algorithm())
    }
}

fn generate(certificate: &Certificate) -> Result<KeyPair, KeyError> {
    let unknown = || KeyError::UnknownKind(certificate.subject.clone());
    let (_, parsed) =
        x509_parser::parse_x509_certificate(&certificate.der).map_err(|_| unknown())?;
    let info = parsed.public_key();
    let made = match info.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => {
            let Ok(PublicKey::RSA(key)) = info.parsed() else { return Err(unknown()) };
            KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, rsa_size(key.key_size()))
        }
        "1.2.840.10045.2.1" => {
            let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            KeyPair::generate_for(match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => &PKCS_ECDSA_P256_SHA256,
                Some("1.3.132.0.34") => &PKCS_ECDSA_P384_SHA384,
                Some("1.3.132.0.35") => &PKCS_ECDSA_P521_SHA512,
                _ => return Err(unknown()),
            })
        }
        "1.3.101.112" => KeyPair::generate_for(&PKCS_ED25519),
        _ => return Err(unknown()),
    };
    made.map_err(|error| KeyError::Failed(error.to_string()))
}

/// The nearest size that can be made, never a weaker one than 2048 bits.
fn rsa_size(bits: usize) -> RsaKeySize {
    match bits {
        0..=2048 => RsaKeySize::_2048,
        2049..=3072 => RsaKeySize::_3072,
        _ => RsaKeySize::_4096,
    }
}

/// A form that does not exist for the kind becomes PKCS#8, which does for all.
fn in_form(pair: &KeyPair, form: Form) -> Result<PrivateKeyDer<'static>, KeyError> {
    let pkcs8 = pair.serialized_der();
    let failed = || KeyError::Failed("it could not be written".into());
    let curve = [
        (&PKCS_ECDSA_P256_SHA256, &ECDSA_P256_SHA256_ASN1_SIGNING),
        (&PKCS_ECDSA_P384_SHA384, &ECDSA_P384_SHA384_ASN1_SIGNING),
        (&PKCS_ECDSA_P521_SHA512, &ECDSA_P521_SHA512_ASN1_SIGNING),
    ]
    .into_iter()
    .find(|(kind, _)| pair.algorithm() == *kind);
    match (form, curve) {
        (Form::Sec1, Some((_, curve))) => {
            let pair = EcdsaKeyPair::from_pkcs8(curve, pkcs8).map_err(|_| failed())?;
            let sec1 = pair.private_key().as_der().map_err(|_| failed())?;
            Ok(PrivateKeyDer::Sec1(sec1.as_ref().to_vec().into()))
        }
        (Form::Pkcs1, None) if pair.algorithm() == &PKCS_RSA_SHA256 => {
            let inner = inner_of_pkcs8(pkcs8).ok_or_else(failed)?;
            Ok(PrivateKeyDer::Pkcs1(inner.to_vec().into()))
        }
        _ => Ok(PrivateKeyDer::Pkcs8(pkcs8.to_vec().into())),
    }
}

/// What PKCS#8 wraps (RFC 5958 section 2): version, algorithm, and the key as an octet string.
fn inner_of_pkcs8(der: &[u8]) -> Option<&[u8]> {
    use x509_parser::der_parser::asn1_rs::{Any, FromDer as _};
    let (_, outer) = Any::from_der(der).ok()?;
    let (rest, _version) = Any::from_der(outer.data).ok()?;
    let (rest, _algorithm) = Any::from_der(rest).ok()?;
    let (_, key) = Any::from_der(rest).ok()?;
    Some(key.data)
}

#[cfg(test)]
mod tests;
