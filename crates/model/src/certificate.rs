//! One certificate in hand: its chain, its key and the facts that choosing needs.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroize;

use crate::Name;

/// Names a certificate: an id of the store (`756-cn-hangzhou`) or `NAMESPACE/NAME` of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId(Arc<str>);

impl CertificateId {
    /// An id of the certificate store.
    pub fn store(id: &str) -> Self {
        Self(id.into())
    }

    /// The id of a Secret that has none of its own.
    pub fn secret(namespace: &str, name: &str) -> Self {
        Self(format!("{namespace}/{name}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Namespace and name, if this is a Secret's id.
    pub fn as_secret(&self) -> Option<(&str, &str)> {
        self.0.split_once('/')
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for CertificateId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A validated certificate with its private key. Made by the crate `x509` only, which has
/// checked that the leaf comes first, the chain is in order and the key fits the leaf.
#[derive(Debug)]
pub struct Certificate {
    /// DNS names of the subjectAltName; of a certificate without any, its common name.
    pub names: Vec<Name>,
    pub subject: String,
    pub issuer: String,
    /// Upper-case hex without separators.
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub key_algorithm: KeyAlgorithm,
    pub fingerprint: Fingerprint,
    pub leaf: CertificateDer<'static>,
    /// The certificates above the leaf, in order; shared between leaves of one issuer.
    pub issuers: Arc<[CertificateDer<'static>]>,
    pub key: PrivateKey,
    /// An OCSP response (RFC 6960, DER) to be stapled in handshakes.
    pub ocsp_staple: Option<Arc<[u8]>>,
}

impl Certificate {
    pub fn covers(&self, host: &Name) -> bool {
        self.names.iter().any(|name| name.covers(host))
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.not_after <= now
    }

    pub fn is_not_yet_valid(&self, now: Timestamp) -> bool {
        now < self.not_before
    }

    /// When warnings begin: at one third of the lifetime left or 60 days, whichever is less
    /// (docs/certificates.md).
    pub fn warn_from(&self) -> Timestamp {
        const SIXTY_DAYS: i64 = 60 * 24 * 60 * 60;
        let lifetime = self.not_after.as_second().saturating_sub(self.not_before.as_second());
        let left = (lifetime / 3).clamp(0, SIXTY_DAYS);
        Timestamp::from_second(self.not_after.as_second() - left).unwrap_or(self.not_after)
    }

    /// The leaf and what follows it, in the order of the handshake.
    pub fn chain(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        std::iter::once(&self.leaf).chain(self.issuers.iter())
    }
}

/// Two certificates are the same when what a client gets to see is; facts follow from that.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
            && self.issuers == other.issuers
            && self.ocsp_staple == other.ocsp_staple
    }
}

impl Eq for Certificate {}

/// The kind of key that a certificate is ordered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub enum KeyKind {
    #[default]
    #[serde(rename = "ECDSA P-256")]
    EcdsaP256,
    #[serde(rename = "RSA 2048")]
    Rsa2048,
}

impl KeyKind {
    /// Whether a certificate with such a key is what was ordered. A longer RSA key will do.
    pub fn is_met_by(self, algorithm: KeyAlgorithm) -> bool {
        match self {
            Self::EcdsaP256 => algorithm == KeyAlgorithm::EcdsaP256,
            Self::Rsa2048 => matches!(algorithm, KeyAlgorithm::Rsa { bits } if bits >= 2048),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::Rsa2048 => "RSA 2048",
        })
    }
}

/// What signs the handshake. Other algorithms (SM2, DSA) cannot be served and stay out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyAlgorithm {
    Rsa { bits: u32 },
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
}

impl KeyAlgorithm {
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa { .. })
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// SHA-256 of the leaf's DER; shown as `sha256:` and lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A private key: never printed, wiped when dropped.
pub struct PrivateKey(PrivateKeyDer<'static>);

impl PrivateKey {
    pub fn new(der: PrivateKeyDer<'static>) -> Self {
        Self(der)
    }

    /// The DER itself, for the one place that makes a signing key of it or stores it.
    pub fn expose(&self) -> &PrivateKeyDer<'static> {
        &self.0
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}
