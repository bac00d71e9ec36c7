//! What one secret holds: a certificate with its key, or the roots that clients are checked
//! against; and how it is written for Envoy.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use model::Certificate;
use prost::Message;
use rustls_pki_types::CertificateDer;

use crate::{
    key,
    wire::{Any, CertificateValidationContext, DataSource, SECRET, Secret, TlsCertificate},
};

/// Shared by everybody who asks for it, under whatever name.
#[derive(Debug)]
pub struct Content {
    pub version: Version,
    pub material: Material,
}

#[derive(Debug)]
pub enum Material {
    Pair(Arc<Certificate>),
    Roots(Vec<CertificateDer<'static>>),
}

/// Equal content, equal version: the first half of a SHA-256, in hex. It survives restarts and is
/// the same on every replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(Arc<str>);

impl Content {
    /// The key needs no place in the version: it is the one that fits the leaf.
    pub fn pair(certificate: Arc<Certificate>) -> Self {
        let version = Version::of("pair", certificate.chain());
        Self { version, material: Material::Pair(certificate) }
    }

    pub fn roots(roots: &[CertificateDer<'static>]) -> Self {
        let version = Version::of("roots", roots.iter());
        Self { version, material: Material::Roots(roots.to_vec()) }
    }

    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        match &self.material {
            Material::Pair(certificate) => Some(certificate),
            Material::Roots(_) => None,
        }
    }

    /// Under the name that was asked for: Envoy refuses a secret of another name.
    ///
    /// Made anew each time, so that no second copy of a key lies about for longer than a send.
    pub(crate) fn to_any(&self, name: &str) -> Any {
        let mut secret =
            Secret { name: name.to_owned(), tls_certificate: None, validation_context: None };
        match &self.material {
            Material::Pair(certificate) => {
                secret.tls_certificate = Some(TlsCertificate {
                    certificate_chain: DataSource::of(&x509::chain_pem(certificate)),
                    private_key: DataSource::of(&key::pem(certificate)),
                });
            }
            Material::Roots(roots) => {
                secret.validation_context = Some(CertificateValidationContext {
                    trusted_ca: DataSource::of(&x509::certificates_pem(roots)),
                });
            }
        }
        any(&secret)
    }
}

/// A Secret without content. Envoy refuses it and, having an answer, opens the listeners that
/// wait for it: the only way to say "there is none" without Delta.
pub(crate) fn placeholder(name: &str) -> Any {
    let nothing = TlsCertificate { certificate_chain: None, private_key: None };
    any(&Secret { name: name.to_owned(), tls_certificate: Some(nothing), validation_context: None })
}

fn any(secret: &Secret) -> Any {
    Any { type_url: SECRET.to_owned(), value: secret.encode_to_vec() }
}

impl Version {
    fn of<'a>(kind: &str, certificates: impl Iterator<Item = &'a CertificateDer<'static>>) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(kind.as_bytes());
        for der in certificates {
            context.update(&(der.len() as u64).to_be_bytes());
            context.update(der);
        }
        let digest = context.finish();
        let digits = digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}"));
        Self(digits.collect::<String>().into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
