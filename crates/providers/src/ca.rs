//! CAs whose key is in hand: the own one, a P-256 root that Doorward makes, and those that people
//! bring with their chain.

mod root;

use std::sync::Arc;

use issue::{Future, IssueError, Issued, Issuer, Progress, Request, Step};
use jiff::{SignedDuration, Timestamp};
use model::{Certificate, KeyKind, Name};
use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SanType,
};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

pub use root::RootCertificate;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Leaves live this long, or as long as the CA if that ends sooner.
const LEAF_DAYS: i32 = 90;
/// Clients whose clock is behind ours should not refuse a fresh certificate.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// A CA cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error(
        "the own CA's root cannot be used ({0}); restore both files, or remove both to have a new root made, which clients must then trust"
    )]
    UnusableRoot(String),
    #[error(
        "the own CA's root expired on {0}; remove its certificate and key to have a new root made, which clients must then trust"
    )]
    ExpiredRoot(Timestamp),
    #[error(
        "the certificate of {0} may not sign others (basicConstraints): put a CA's into the Secret"
    )]
    NoCa(String),
    #[error("the CA {0} expired on {1}: put its successor into the Secret")]
    Expired(String, Timestamp),
    #[error("the CA's key or certificate cannot be used: {0}")]
    Unusable(#[from] rcgen::Error),
}

/// Signs leaves; cheap to share.
#[derive(Clone)]
pub struct Ca {
    issuer: Arc<rcgen::Issuer<'static, KeyPair>>,
    /// What follows a leaf: all but a root, which clients have or do not trust.
    chain_pem: Arc<str>,
    not_after: Timestamp,
    clock: fn() -> Timestamp,
}

impl Ca {
    /// Checks that the root's pair belongs together and has not expired. `clock` tells when leaves
    /// begin.
    pub fn open(root: &RootCertificate, clock: fn() -> Timestamp) -> Result<Self, CaError> {
        let pair = x509::read_pair(root.certificate_pem.as_bytes(), root.key_pem.as_bytes())
            .map_err(|problem| CaError::UnusableRoot(problem.to_string()))?;
        match Self::of(&pair, clock) {
            Err(CaError::Expired(_, when)) => Err(CaError::ExpiredRoot(when)),
            opened => opened,
        }
    }

    /// A CA that somebody brought, with the certificates above it.
    pub fn of(pair: &Certificate, clock: fn() -> Timestamp) -> Result<Self, CaError> {
        if !is_ca(pair) {
            return Err(CaError::NoCa(pair.subject.clone()));
        }
        if pair.is_expired(clock()) {
            return Err(CaError::Expired(pair.subject.clone(), pair.not_after));
        }
        let issuer =
            rcgen::Issuer::from_ca_cert_der(&pair.leaf, KeyPair::try_from(pair.key.expose())?)?;
        let chain: Vec<_> = pair.chain().filter(|der| !is_root(der)).cloned().collect();
        Ok(Self {
            issuer: Arc::new(issuer),
            chain_pem: x509::certificates_pem(&chain).as_str().into(),
            not_after: pair.not_after,
            clock,
        })
    }

    /// A leaf for `names` alone: no common name, server authentication only, a new key.
    fn sign(&self, names: &[Name], key: KeyKind) -> Result<Issued, rcgen::Error> {
        let key = match key {
            KeyKind::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
        };
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
        params.not_after = params.not_after.min(at(self.not_after));
        let leaf = params.signed_by(&key, &self.issuer)?.pem();
        let certificate_pem = format!("{leaf}{}", self.chain_pem);
        Ok(Issued { certificate_pem, key_pem: key.serialize_pem(), issued_as: None })
    }
}

impl Issuer for Ca {
    /// One step is all it takes.
    fn advance<'a>(
        &'a self,
        request: &'a Request,
        _: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async move {
            let issued = self.sign(&request.names, request.key).map_err(|error| {
                IssueError::passing(format!("the CA could not sign a certificate: {error}"))
            })?;
            Ok(Step::Issued(issued))
        })
    }
}

fn is_ca(pair: &Certificate) -> bool {
    X509Certificate::from_der(&pair.leaf).is_ok_and(|(_, leaf)| leaf.is_ca())
}

fn is_root(der: &[u8]) -> bool {
    X509Certificate::from_der(der)
        .is_ok_and(|(_, certificate)| certificate.subject() == certificate.issuer())
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
