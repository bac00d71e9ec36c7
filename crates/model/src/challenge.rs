//! Challenges of ACME that are open: what the gateway answers on every replica, so that a CA
//! believes that names are ours.
//!
//! They are kept in one Secret of the store namespace, an entry each, and come in with the World.

use std::{collections::BTreeMap, sync::Arc};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Credentials, Name, PrivateKey};

/// The Secret whose entries are the open challenges, by their tokens.
pub const CHALLENGES_SECRET: &str = "doorward-challenges";

/// All that are open. Hosts are exact and in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenges {
    http: BTreeMap<Box<str>, BTreeMap<Box<str>, Arc<str>>>,
    tls: BTreeMap<Box<str>, Arc<TlsChallenge>>,
}

/// What answers a handshake that asks for `acme-tls/1` (RFC 8737).
#[derive(Debug)]
pub struct TlsChallenge {
    pub token: Box<str>,
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKey,
}

/// The key follows from the certificate.
impl PartialEq for TlsChallenge {
    fn eq(&self, other: &Self) -> bool {
        self.token == other.token && self.certificate == other.certificate
    }
}

impl Eq for TlsChallenge {}

/// An entry of the Secret, as JSON.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum OpenChallenge {
    Http01 {
        host: Name,
        key_authorization: String,
    },
    TlsAlpn01 {
        host: Name,
        certificate: String,
        /// PEM (PKCS #8).
        key: Zeroizing<String>,
    },
}

impl Challenges {
    /// Reads the Secret's entries. One that is broken is left out: its order fails in time, and
    /// opens others.
    pub fn read(entries: &Credentials) -> Self {
        let mut challenges = Self::default();
        for (token, entry) in &entries.0 {
            if let Ok(open) = serde_json::from_slice(entry) {
                challenges.add(token, open);
            }
        }
        challenges
    }

    fn add(&mut self, token: &str, open: OpenChallenge) {
        match open {
            OpenChallenge::Http01 { host, key_authorization } => {
                let tokens = self.http.entry(host.as_str().into()).or_default();
                tokens.insert(token.into(), key_authorization.into());
            }
            OpenChallenge::TlsAlpn01 { host, certificate, key } => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes());
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
                let (Ok(certificate), Ok(key)) = (certificate, key) else { return };
                let key = PrivateKey::new(key);
                let challenge = TlsChallenge { token: token.into(), certificate, key };
                self.tls.insert(host.as_str().into(), challenge.into());
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.http.is_empty() && self.tls.is_empty()
    }

    /// What answers `GET http://HOST/.well-known/acme-challenge/TOKEN` (RFC 8555 section 8.3).
    pub fn key_authorization(&self, host: &str, token: &str) -> Option<&Arc<str>> {
        self.http.get(host)?.get(token)
    }

    /// What answers a handshake for this host.
    pub fn certificate(&self, host: &str) -> Option<&Arc<TlsChallenge>> {
        self.tls.get(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(entries: &[(&str, serde_json::Value)]) -> Credentials {
        let bytes = |value: &serde_json::Value| Zeroizing::new(value.to_string().into_bytes());
        Credentials(entries.iter().map(|(token, entry)| ((*token).into(), bytes(entry))).collect())
    }

    #[test]
    fn a_token_is_answered_for_its_host_alone() {
        let entry = serde_json::json!({"http01": {"host": "a.test", "keyAuthorization": "t1.k"}});
        let challenges = Challenges::read(&entries(&[("t1", entry)]));
        assert_eq!(challenges.key_authorization("a.test", "t1").map(|text| &**text), Some("t1.k"));
        assert_eq!(challenges.key_authorization("a.test", "t2"), None);
        assert_eq!(challenges.key_authorization("b.test", "t1"), None);
        assert_eq!(challenges.certificate("a.test"), None);
    }

    #[test]
    fn broken_entries_hide_no_good_ones() {
        let good = serde_json::json!({"http01": {"host": "a.test", "keyAuthorization": "t1.k"}});
        let no_pair =
            serde_json::json!({"tlsAlpn01": {"host": "b.test", "certificate": "", "key": ""}});
        let broken = entries(&[("t1", good), ("t2", no_pair), ("t3", serde_json::json!(7))]);
        let challenges = Challenges::read(&broken);
        assert!(challenges.key_authorization("a.test", "t1").is_some());
        assert_eq!(challenges.certificate("b.test"), None);
    }
}
