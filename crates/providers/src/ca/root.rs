//! The root of the own CA, made once.
//!
//! It keeps nothing: whoever calls [`RootCertificate::make`] stores the pair.

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};

use super::{CaError, validity};

pub(super) const ROOT_DAYS: i32 = 3650;

/// The root's certificate and key in PEM, to be stored: the key for this process alone.
pub struct RootCertificate {
    pub certificate_pem: String,
    pub key_pem: String,
}

impl RootCertificate {
    /// A new root for ten years, told apart from other roots by a part of its key's digest.
    pub fn make(now: Timestamp) -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        let short_id: String =
            params.key_identifier(&key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, format!("Doorward local CA {short_id}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = validity(now, ROOT_DAYS);
        Ok(Self { certificate_pem: params.self_signed(&key)?.pem(), key_pem: key.serialize_pem() })
    }
}
