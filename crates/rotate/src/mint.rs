//! Certificates made after the pattern of others.
//!
//! They are written here, not by a library of parameters: what clients and etcd compare (the
//! subject's bytes, every usage, extensions that nobody here knows) has to be the pattern's to
//! the byte, which no such library keeps. Keys and signatures are the library's.

mod der;
mod extension;
mod name;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519,
    PKCS_RSA_SHA256,
};
use rustls_pki_types::CertificateDer;

use crate::{
    certificate::{Certificate, Unreadable},
    key::{KeyError, PrivateKey},
};
use der::{bits, date, explicit, integer, sequence};
use extension::Extension;

/// Clocks of hosts differ: what is made now is valid since an hour.
pub const BACKDATED: SignedDuration = SignedDuration::from_hours(1);

#[derive(Clone, Debug, thiserror::Error)]
pub enum MintError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("a certificate that was just made {0}")]
    Broken(#[from] Unreadable),
    #[error("keys of the kind {0} sign no certificates here")]
    NoSigner(String),
    #[error("{0:?} is neither a DNS name nor an address")]
    NoName(String),
}

/// Who signs: a certificate and its key.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    pub certificate: &'a Certificate,
    pub key: &'a PrivateKey,
}

/// A new authority in the place of `old`: another name, another key, the same usages. It may
/// have authorities below it even if `old` may not, so that its successor can be cross-signed.
pub fn authority(
    old: &Certificate,
    common_name: &str,
    key: &PrivateKey,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<Certificate, MintError> {
    let subject = name::with_common_name(&old.subject_der, common_name);
    let extensions = extension::of_authority(old, &key_id(key));
    Draft { subject: &subject, issuer: &subject, key_info: key.public_info(), extensions }
        .sign(key, now, not_after)
}

/// The same authority with later dates: name, key and extensions stay, so that whatever it
/// issued is still its own.
pub fn same_key(
    old: &Certificate,
    key: &PrivateKey,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<Certificate, MintError> {
    let mut extensions = extension::all(old);
    if extensions.is_empty() {
        extensions = extension::of_authority(old, &key_id(key));
    }
    Draft {
        subject: &old.subject_der,
        issuer: &old.issuer_der,
        key_info: key.public_info(),
        extensions,
    }
    .sign(key, now.min(old.not_before + BACKDATED), not_after)
}

/// `new` once more, vouched for by `old`: who trusts only `old` accepts what `new` issues, as
/// long as this stands behind it.
pub fn cross(new: Signer<'_>, old: Signer<'_>, now: Timestamp) -> Result<Certificate, MintError> {
    let extensions = extension::of_crossed(new.certificate, old.certificate);
    Draft {
        subject: &new.certificate.subject_der,
        issuer: &old.certificate.subject_der,
        key_info: new.key.public_info(),
        extensions,
    }
    .sign(old.key, now, new.certificate.not_after.min(old.certificate.not_after))
}

/// A leaf like `old`, with `added` names besides its own. Never outlives its signer.
pub fn leaf(
    old: &Certificate,
    added: &[String],
    key: &PrivateKey,
    signer: Signer<'_>,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<Certificate, MintError> {
    let extensions = extension::of_leaf(old, added, &key_id(key), signer.certificate)?;
    Draft {
        subject: &old.subject_der,
        issuer: &signer.certificate.subject_der,
        key_info: key.public_info(),
        extensions,
    }
    .sign(signer.key, now, not_after.min(signer.certificate.not_after))
}

/// A client for looking whether a program trusts `signer`: an hour long, and without names,
/// since etcd compares those of a peer with where it connects from.
pub fn probe(
    signer: Signer<'_>,
    key: &PrivateKey,
    now: Timestamp,
) -> Result<Certificate, MintError> {
    let subject = name::common_name("doorward-probe");
    let extensions = extension::of_probe(signer.certificate);
    Draft {
        subject: &subject,
        issuer: &signer.certificate.subject_der,
        key_info: key.public_info(),
        extensions,
    }
    .sign(signer.key, now, (now + BACKDATED).min(signer.certificate.not_after))
}

struct Draft<'a> {
    subject: &'a [u8],
    issuer: &'a [u8],
    key_info: Vec<u8>,
    extensions: Vec<Extension>,
}

impl Draft<'_> {
    /// RFC 5280 section 4.1.
    fn sign(
        self,
        key: &PrivateKey,
        now: Timestamp,
        not_after: Timestamp,
    ) -> Result<Certificate, MintError> {
        let algorithm = algorithm(key)?;
        let extensions: Vec<u8> = self.extensions.iter().flat_map(Extension::der).collect();
        let body = sequence(&[
            &explicit(0, &integer(&[2])),
            &integer(&serial()?),
            &algorithm,
            self.issuer,
            &sequence(&[&date(now - BACKDATED), &date(not_after)]),
            self.subject,
            &self.key_info,
            &explicit(3, &sequence(&[&extensions])),
        ]);
        let signature = key.sign(&body)?;
        let der = CertificateDer::from(sequence(&[&body, &algorithm, &bits(&signature)]));
        Ok(Certificate::read(&der)?)
    }
}

/// 126 random bits; positive and not zero (RFC 5280 section 4.1.2.2).
fn serial() -> Result<[u8; 16], KeyError> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial)
        .map_err(|_| KeyError::Failed("there is no randomness".into()))?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}

/// RFC 7093 section 2, method 1.
fn key_id(key: &PrivateKey) -> Vec<u8> {
    let info = key.public_info();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &info);
    digest.as_ref()[..20].to_vec()
}

/// The algorithm identifier of what the key's signatures are (RFC 5758, RFC 8017, RFC 8410).
fn algorithm(key: &PrivateKey) -> Result<Vec<u8>, MintError> {
    const ECDSA: [u8; 9] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    let kind = key.algorithm();
    let ecdsa = |last: u8| sequence(&[&ECDSA, &[last]]);
    if kind == &PKCS_ECDSA_P256_SHA256 {
        Ok(ecdsa(2))
    } else if kind == &PKCS_ECDSA_P384_SHA384 {
        Ok(ecdsa(3))
    } else if kind == &PKCS_ECDSA_P521_SHA512 {
        Ok(ecdsa(4))
    } else if kind == &PKCS_RSA_SHA256 {
        let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        Ok(sequence(&[&oid, &[0x05, 0x00]]))
    } else if kind == &PKCS_ED25519 {
        Ok(sequence(&[&[0x06, 0x03, 0x2b, 0x65, 0x70]]))
    } else {
        Err(MintError::NoSigner(format!("{kind:?}")))
    }
}

#[cfg(test)]
mod tests;
