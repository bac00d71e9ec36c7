//! Certificates made of facts alone: what the binder looks at, and no real key.

use std::{hash::BuildHasher, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use model::{Certificate, Fingerprint, KeyAlgorithm, Name, PrivateKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde::Deserialize;

/// One certificate of a case: of the store by `id`, in a Secret by `secret`, or both.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    pub id: Option<String>,
    /// `NAMESPACE/NAME`.
    pub secret: Option<String>,
    #[serde(default)]
    pub names: Vec<String>,
    #[serde(default)]
    pub key: Key,
    /// Since the case began, as `-10d`.
    pub not_before: Option<String>,
    /// Since the case began, as `+80d`.
    pub not_after: Option<String>,
    /// Tells one content of a Secret from the next; shown behind the id.
    #[serde(default)]
    pub mark: String,
    /// The content is the same as that of every other certificate with this text.
    pub content: Option<String>,
    /// Why it cannot be served.
    pub problem: Option<String>,
    /// How many CA certificates `ca.crt` holds.
    #[serde(default)]
    pub roots: u8,
    /// `NAME`, or `NAME as ARN`.
    pub issued_by: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub enum Key {
    #[default]
    #[serde(rename = "RSA")]
    Rsa,
    #[serde(rename = "ECC")]
    Ecc,
}

/// The moment that far from the beginning of every case; `+80d`, `-3d`, `+12h`.
pub fn at(offset: &str) -> Timestamp {
    let (number, unit) = offset.split_at(offset.len() - 1);
    let number: i64 = number.parse().unwrap_or_else(|_| panic!("{offset:?} is no time"));
    let hours = match unit {
        "d" => number * 24,
        "h" => number,
        _ => panic!("{offset:?}: write +3d or +12h"),
    };
    let beginning: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    beginning + SignedDuration::from_hours(hours)
}

impl Facts {
    pub fn certificate(&self) -> Arc<Certificate> {
        let content = self.content.clone().unwrap_or_else(|| format!("{self:?}"));
        Arc::new(Certificate {
            ocsp_staple: None,
            names: self.names.iter().map(|name| Name::parse(name).unwrap()).collect(),
            subject: String::new(),
            issuer: String::new(),
            serial: self.mark.clone(),
            not_before: at(self.not_before.as_deref().unwrap_or("-30d")),
            not_after: at(self.not_after.as_deref().unwrap_or("+300d")),
            key_algorithm: match self.key {
                Key::Rsa => KeyAlgorithm::Rsa { bits: 2048 },
                Key::Ecc => KeyAlgorithm::EcdsaP256,
            },
            fingerprint: fingerprint(&content),
            leaf: content.into_bytes().into(),
            issuers: Arc::new([]),
            key: PrivateKey::new(PrivatePkcs8KeyDer::from(Vec::new()).into()),
        })
    }
}

/// Not SHA-256, but as good here: equal for equal content only.
fn fingerprint(content: &str) -> Fingerprint {
    let mut bytes = [0; 32];
    for (index, chunk) in bytes.chunks_mut(8).enumerate() {
        let hasher = foldhash::fast::FixedState::with_seed(index as u64);
        chunk.copy_from_slice(&hasher.hash_one(content).to_be_bytes());
    }
    Fingerprint(bytes)
}
