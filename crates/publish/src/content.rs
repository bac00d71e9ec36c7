//! What one secret holds: a certificate with its key, or the roots that clients are checked
//! against; and how it is written for Envoy.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use model::Certificate;
use prost::Message;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

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
    Roots(Roots),
}

/// What clients are checked against.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    pub certificates: Vec<CertificateDer<'static>>,
    /// What of theirs is revoked. Where there is any list, Envoy wants one of each authority in
    /// a client's chain.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
}

/// Equal content, equal version: the first half of a SHA-256, in hex. It survives restarts and is
/// the same on every replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(Arc<str>);

impl Content {
    /// The key needs no place in the version: it is the one that fits the leaf.
    pub fn pair(certificate: Arc<Certificate>) -> Self {
        let staple = certificate.ocsp_staple.as_deref();
        let version = Version::of([
            ("pair", certificate.chain().map(AsRef::as_ref).collect()),
            ("staple", staple.into_iter().collect()),
        ]);
        Self { version, material: Material::Pair(certificate) }
    }

    pub fn roots(roots: Roots) -> Self {
        let version = Version::of([
            ("roots", roots.certificates.iter().map(AsRef::as_ref).collect()),
            ("crls", roots.crls.iter().map(AsRef::as_ref).collect()),
        ]);
        Self { version, material: Material::Roots(roots) }
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
                    certificate_chain: DataSource::of(x509::chain_pem(certificate)),
                    private_key: DataSource::of(key::pem(certificate).as_bytes()),
                    ocsp_staple: certificate.ocsp_staple.as_deref().and_then(DataSource::of),
                });
            }
            Material::Roots(Roots { certificates, crls }) => {
                secret.validation_context = Some(CertificateValidationContext {
                    trusted_ca: DataSource::of(x509::certificates_pem(certificates)),
                    crl: match crls.as_slice() {
                        [] => None,
                        crls => DataSource::of(x509::crls_pem(crls)),
                    },
                });
            }
        }
        any(&secret)
    }
}

/// A Secret without content. Envoy refuses it and, having an answer, opens the listeners that
/// wait for it: the only way to say "there is none" without Delta.
pub(crate) fn placeholder(name: &str) -> Any {
    let nothing = TlsCertificate::default();
    any(&Secret { name: name.to_owned(), tls_certificate: Some(nothing), validation_context: None })
}

fn any(secret: &Secret) -> Any {
    Any { type_url: SECRET.to_owned(), value: secret.encode_to_vec() }
}

impl Version {
    /// A part without items leaves no trace, so that adding a kind of part changes no version.
    fn of<const N: usize>(parts: [(&str, Vec<&[u8]>); N]) -> Self {
        let mut context = Context::new(&SHA256);
        for (kind, items) in parts.into_iter().filter(|(_, items)| !items.is_empty()) {
            context.update(kind.as_bytes());
            for item in items {
                context.update(&(item.len() as u64).to_be_bytes());
                context.update(item);
            }
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
