//! The own CA: a P-256 root, made once, that signs certificates for hosts inside the house.
//!
//! It keeps nothing: whoever calls [`RootCertificate::make`] stores the pair, and opens the CA
//! with it the next time.

use std::sync::Arc;

use issue::{Future, IssueError, Issued, Issuer, Progress, Request, Step};
use jiff::{SignedDuration, Timestamp};
use model::Name;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use time::OffsetDateTime;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const ROOT_DAYS: i32 = 3650;
/// Leaves live this long and are renewed when a third is left.
const LEAF_DAYS: i32 = 90;
/// Clients whose clock is behind ours should not refuse a fresh certificate.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// The root's certificate and key in PEM, to be stored: the key for this process alone.
pub struct RootCertificate {
    pub certificate_pem: String,
    pub key_pem: String,
}

/// The own CA cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error(
        "the own CA's root cannot be used ({0}); restore both files, or remove both to have a new root made, which clients must then trust"
    )]
    Unusable(String),
    #[error(
        "the own CA's root expired on {0}; remove its certificate and key to have a new root made, which clients must then trust"
    )]
    Expired(Timestamp),
    #[error("the own CA could not make a certificate: {0}")]
    Make(#[from] rcgen::Error),
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

/// Signs leaves; cheap to share.
#[derive(Clone)]
pub struct LocalCa {
    issuer: Arc<rcgen::Issuer<'static, KeyPair>>,
    clock: fn() -> Timestamp,
}

impl LocalCa {
    /// Checks that the pair belongs together and has not expired. `clock` tells when leaves begin.
    pub fn open(root: &RootCertificate, clock: fn() -> Timestamp) -> Result<Self, CaError> {
        let facts = x509::read_pair(root.certificate_pem.as_bytes(), root.key_pem.as_bytes())
            .map_err(|problem| CaError::Unusable(problem.to_string()))?;
        if facts.is_expired(clock()) {
            return Err(CaError::Expired(facts.not_after));
        }
        let key = KeyPair::from_pem(&root.key_pem)?;
        let issuer = rcgen::Issuer::from_ca_cert_der(&facts.leaf, key)?;
        Ok(Self { issuer: Arc::new(issuer), clock })
    }

    /// A leaf for `names` alone: no common name, server authentication only, a new key.
    fn sign(&self, names: &[Name]) -> Result<Issued, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = names
            .iter()
            .map(|name| Ok(SanType::DnsName(name.as_str().try_into()?)))
            .collect::<Result<_, rcgen::Error>>()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = validity((self.clock)(), LEAF_DAYS);
        let certificate_pem = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { certificate_pem, key_pem: key.serialize_pem() })
    }
}

impl Issuer for LocalCa {
    /// One step is all it takes.
    fn advance<'a>(
        &'a self,
        request: &'a Request,
        _: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async move {
            let issued = self.sign(&request.names).map_err(|error| {
                IssueError::passing(format!("the own CA could not sign a certificate: {error}"))
            })?;
            Ok(Step::Issued(issued))
        })
    }
}

fn validity(now: Timestamp, days: i32) -> (OffsetDateTime, OffsetDateTime) {
    (at(now - BACKDATED), at(now + DAY * days))
}

fn at(moment: Timestamp) -> OffsetDateTime {
    // Seconds of a Timestamp span years -9999 to 9999, which both types hold.
    OffsetDateTime::from_unix_timestamp(moment.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
