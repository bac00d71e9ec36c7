//! A new key and the request for its certificate (RFC 2986).

use issue::{IssueError, KeyKind, Request};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    SanType,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// Longest common name (X.520 ub-common-name).
const LONGEST_COMMON_NAME: usize = 64;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Draft {
    #[serde(serialize_with = "write_key", deserialize_with = "read_key")]
    pub(super) key_pem: Zeroizing<String>,
    pub(super) csr_pem: String,
}

impl Draft {
    pub(super) fn of(request: &Request) -> Result<Self, IssueError> {
        let failed = |error: rcgen::Error| {
            IssueError::passing(format!("no key or certificate request could be made: {error}"))
        };
        let kind = match request.key {
            KeyKind::EcdsaP256 => &PKCS_ECDSA_P256_SHA256,
            KeyKind::Rsa2048 => &PKCS_RSA_SHA256,
        };
        let key = KeyPair::generate_for(kind).map_err(failed)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let common_name = request.names.iter().map(|name| name.as_str());
        if let Some(name) = common_name
            .filter(|name| name.len() <= LONGEST_COMMON_NAME)
            .min_by_key(|name| name.len())
        {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.subject_alt_names = request
            .names
            .iter()
            .map(|name| Ok(SanType::DnsName(name.as_str().try_into()?)))
            .collect::<Result<_, rcgen::Error>>()
            .map_err(failed)?;
        let csr_pem = params.serialize_request(&key).and_then(|csr| csr.pem()).map_err(failed)?;
        Ok(Self { key_pem: Zeroizing::new(key.serialize_pem()), csr_pem })
    }
}

fn write_key<S: Serializer>(key: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key)
}

fn read_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}
