//! The certificates above a leaf: whether they are in order, and one copy for all who carry them.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use foldhash::fast::FixedState;
use rustls_pki_types::CertificateDer;
use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension};

use crate::{Issuers, PairProblem, facts, facts::Facts};

/// Each certificate must have issued the one before it, by name and, where both say it, by key
/// identifier (RFC 5246 section 7.4.2; RFC 8446 only advises it, but clients of TLS 1.2 remain).
pub(crate) fn check_order(
    leaf: &Facts<'_>,
    issuers: &[CertificateDer<'_>],
) -> Result<(), PairProblem> {
    let parsed = issuers
        .iter()
        .enumerate()
        .map(|(index, der)| facts::parse(der, index + 2))
        .collect::<Result<Vec<_>, _>>()?;
    let mut below = &leaf.certificate;
    for (index, certificate) in parsed.iter().enumerate() {
        if !has_issued(certificate, below) {
            return Err(out_of_order(leaf, &parsed, index));
        }
        below = certificate;
    }
    Ok(())
}

fn has_issued(issuer: &X509Certificate<'_>, subject: &X509Certificate<'_>) -> bool {
    // A root may stand once, at the end; twice, it would count as its own issuer.
    if issuer.as_raw() == subject.as_raw() {
        return false;
    }
    issuer.subject().as_raw() == subject.issuer().as_raw()
        && match (key_id(issuer), authority_key_id(subject)) {
            (Some(own), Some(wanted)) => own == wanted,
            _ => true,
        }
}

fn key_id<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
        _ => None,
    })
}

fn authority_key_id<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => Some(id.key_identifier.as_ref()?.0),
        _ => None,
    })
}

/// Says what is wrong at `issuers[index]`: repeated, misplaced, of a CA with other keys, or
/// from somewhere else.
fn out_of_order(leaf: &Facts<'_>, issuers: &[X509Certificate<'_>], index: usize) -> PairProblem {
    let total = issuers.len() + 1;
    let position = index + 2;
    let wrong = &issuers[index];
    let name = facts::printable(wrong.subject());
    let before = std::iter::once(&leaf.certificate).chain(&issuers[..index]);
    if before.clone().any(|other| other.as_raw() == wrong.as_raw()) {
        return PairProblem::crt(format!(
            "repeats {name} at position {position} of {total}: remove it there"
        ));
    }
    let below = before.last().unwrap_or(&leaf.certificate);
    let below_name = facts::printable(below.subject());
    if issuers[index + 1..].iter().any(|later| has_issued(later, below)) {
        return PairProblem::crt(format!(
            "is out of order at position {position} of {total}: {name} did not issue {below_name}; \
             put the leaf first, then each certificate's issuer"
        ));
    }
    if wrong.subject().as_raw() == below.issuer().as_raw() {
        return PairProblem::crt(format!(
            "has at position {position} of {total} another key's certificate of {name} than the one \
             that issued {below_name}: take the chain that came with the leaf"
        ));
    }
    PairProblem::crt(format!(
        "has a stranger at position {position} of {total}: {name} did not issue {below_name}; remove \
         it, or put the issuer {} there",
        facts::printable(below.issuer())
    ))
}

/// One copy of each list of issuers that is held anywhere.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    chains: HashMap<u64, Weak<[CertificateDer<'static>]>>,
    /// Dead entries are swept when the map has grown to this.
    sweep_at: usize,
}

impl Interner {
    pub(crate) fn intern(&self, issuers: Vec<CertificateDer<'static>>) -> Issuers {
        let hash = hash_of(&issuers);
        // The map is whole between any two statements, so a poisoned lock is as good as any.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.chains.get(&hash).and_then(Weak::upgrade)
            && *known == *issuers
        {
            return known;
        }
        if held.chains.len() >= held.sweep_at {
            held.chains.retain(|_, chain| chain.strong_count() > 0);
            held.sweep_at = (held.chains.len() * 2).max(64);
        }
        let issuers: Issuers = issuers.into();
        held.chains.insert(hash, Arc::downgrade(&issuers));
        issuers
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).chains.len()
    }
}

/// Two lists with one hash are told apart by their bytes; the later then takes the place.
fn hash_of(issuers: &[CertificateDer<'_>]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    issuers.iter().for_each(|der| der.as_ref().hash(&mut hasher));
    hasher.finish()
}
