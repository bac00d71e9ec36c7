//! The two halves of a pair: whether they belong together, and what tells them apart where they
//! do not. Nothing of a private half is ever told.

use crate::{certificate::Certificate, facts::Content, key::PrivateKey, kubeconfig, pem};

/// Enough of a digest to tell two keys apart.
const TOLD: usize = 8;

/// What the two files of a pair hold.
pub(crate) struct Halves {
    pub certificates: Vec<Certificate>,
    pub keys: Vec<PrivateKey>,
}

impl Halves {
    /// Of files that are PEM, or kubeconfigs that embed it; none: there is no such file.
    pub(crate) fn read(certificate: Option<&Content>, key: Option<&Content>) -> Self {
        let texts = |content: Option<&Content>| {
            content.map(|content| kubeconfig::texts(content.bytes())).unwrap_or_default()
        };
        let (certificates, keys) = (texts(certificate), texts(key));
        Self {
            certificates: certificates.iter().flat_map(|text| pem::certificates(text)).collect(),
            keys: keys.iter().flat_map(|text| pem::private_keys(text)).collect(),
        }
    }

    /// The certificate that a key belongs to, wherever in the file it stands.
    pub(crate) fn own(&self) -> Option<&Certificate> {
        let is_own = |one: &&Certificate| self.keys.iter().any(|key| key.is_key_of(one));
        self.certificates.iter().find(is_own)
    }

    /// `public keys 1f0c22ab… and 9d01e4f7…`: of the certificate and of the key, as [`key_mark`]
    /// has them; `public key 1f0c22ab… and none` where no key can be read.
    pub(crate) fn told(&self) -> String {
        let certificate = self.certificates.first().map(|one| key_mark(&one.public_info));
        let key = self.keys.first().map(|key| key_mark(&key.public_info()));
        match (certificate, key) {
            (Some(certificate), Some(key)) => format!("public keys {certificate} and {key}"),
            (Some(certificate), None) => format!("public key {certificate} and none"),
            (None, Some(key)) => format!("no certificate and public key {key}"),
            (None, None) => "neither can be read".to_owned(),
        }
    }
}

/// The start of a public key's digest, of its whole SubjectPublicKeyInfo (RFC 5280 section 4.1):
/// `openssl pkey -in KEY -pubout -outform DER | sha256sum` begins alike.
pub(crate) fn key_mark(public_info: &[u8]) -> String {
    let digest = crate::digest::sha256(public_info);
    format!("{}…", &digest[..TOLD])
}

#[cfg(test)]
mod tests;
