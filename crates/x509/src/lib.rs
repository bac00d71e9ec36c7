//! PEM in, a validated certificate out. The only maker of [`model::Certificate`]: what this
//! crate lets through can be served, and what it refuses is told with its cure.
//!
//! Checked: the PEM and DER are whole, the leaf comes first and the key is its key, each further
//! certificate issued the one before it (by name and key identifier), the algorithm can be
//! served. Not checked: dates, which are the business of whoever knows the time, and signatures
//! and trust, which are the business of clients.

mod chain;
mod crl;
mod facts;
mod key;
mod ocsp;
mod pem;
mod problem;
mod write;

use std::sync::Arc;

use model::{Certificate, Fingerprint};
use rustls_pki_types::CertificateDer;

use crate::{chain::Interner, facts::Facts};
pub use crl::read_crls;
pub use ocsp::check_staple;
pub use problem::{Field, PairProblem};
pub use write::{certificates_pem, chain_pem, crls_pem, key_pem, pkcs8_pem, private_key_pem};

/// The most bytes of PEM that one field may hold.
pub const MAX_FIELD: usize = 1 << 20;

/// Reads pairs, and shares the issuers' certificates between all leaves that carry the same ones.
///
/// Keep one for as long as certificates are read; it forgets chains that nobody holds any more.
#[derive(Debug, Default)]
pub struct Reader {
    chains: Interner,
}

impl Reader {
    /// A certificate chain, leaf first, and the private key of the leaf.
    pub fn read_pair(&self, crt_pem: &[u8], key_pem: &[u8]) -> Result<Certificate, PairProblem> {
        let mut certificates = pem::certificates(crt_pem)?;
        let key = pem::private_key(key_pem)?;
        let issuers = certificates.split_off(1);
        let leaf = certificates.remove(0);

        let facts = Facts::of(&leaf, 1)?;
        key::check(&key, &facts, &issuers)?;
        chain::check_order(&facts, &issuers)?;

        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &leaf);
        let mut fingerprint = Fingerprint([0; 32]);
        fingerprint.0.copy_from_slice(digest.as_ref());
        let names = facts.names();
        let (subject, issuer) = (facts.subject(), facts.issuer());
        let (serial, algorithm) = (facts.serial(), facts.algorithm);
        let (not_before, not_after) = facts.validity()?;
        drop(facts);
        Ok(Certificate {
            ocsp_staple: None,
            names,
            subject,
            issuer,
            serial,
            not_before,
            not_after,
            key_algorithm: algorithm,
            fingerprint,
            issuers: self.chains.intern(issuers),
            leaf,
            key: model::PrivateKey::new(key),
        })
    }
}

/// As [`Reader::read_pair`], for a single pair.
pub fn read_pair(crt_pem: &[u8], key_pem: &[u8]) -> Result<Certificate, PairProblem> {
    Reader::default().read_pair(crt_pem, key_pem)
}

/// Certificates to check others against: one or more, in any order, each well formed.
pub fn read_roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PairProblem> {
    let roots = pem::certificates(pem)?;
    for (index, root) in roots.iter().enumerate() {
        facts::parse(root, index + 1)?;
    }
    Ok(roots)
}

/// The certificates above the leaf; a shared empty list where there are none.
type Issuers = Arc<[CertificateDer<'static>]>;

#[cfg(test)]
mod tests;
