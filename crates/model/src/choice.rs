//! Which certificate a listener answers with, for a server name. Pure and shared: the
//! gateway serves by it, `check` and the ledger explain by it.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use crate::{Certificate, CertificateList, KeyAlgorithm, Name, name::parent_of};

/// The names of one listener, each with its certificates.
#[derive(Debug, Default)]
pub struct CertificateTable {
    exact: Names,
    /// Keyed by what follows `*.`.
    wildcard: Names,
    /// What may answer for any name at all; of each kind of key the best.
    assigned: Vec<Candidate>,
    default: Option<Arc<Certificate>>,
}

type Names = HashMap<Box<str>, Vec<Candidate>, foldhash::fast::RandomState>;

/// One certificate for a name; a name has at most one of each kind of key.
#[derive(Debug)]
struct Candidate {
    certificate: Arc<Certificate>,
    expired: bool,
}

/// What was chosen, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    Exact(&'a Arc<Certificate>),
    Wildcard(&'a Arc<Certificate>),
    /// None of its names matches, but it is assigned to all that the server is asked for.
    Assigned(&'a Arc<Certificate>),
    /// Nothing matched, or no name was sent; the Default stands in.
    Default(&'a Arc<Certificate>),
    /// Nothing matched and there is no Default: refuse with `unrecognized_name`.
    Nothing,
}

impl<'a> Choice<'a> {
    pub fn certificate(self) -> Option<&'a Arc<Certificate>> {
        match self {
            Self::Exact(found)
            | Self::Wildcard(found)
            | Self::Assigned(found)
            | Self::Default(found) => Some(found),
            Self::Nothing => None,
        }
    }
}

impl CertificateTable {
    pub fn new(list: &CertificateList) -> Self {
        let mut table = Self { default: list.default_certificate().cloned(), ..Self::default() };
        // Most certificates have one exact name; room for them at once spares copies of growing.
        table.exact.reserve(list.bindings.len());
        for binding in &list.bindings {
            let Some(certificate) = &binding.certificate else { continue };
            for name in &certificate.names {
                let (names, key) = match name.wildcard_parent() {
                    Some(parent) => (&mut table.wildcard, parent),
                    None => (&mut table.exact, name.as_str()),
                };
                offer(
                    names.entry(key.into()).or_insert_with(|| Vec::with_capacity(1)),
                    Candidate { certificate: certificate.clone(), expired: binding.is_expired() },
                );
            }
        }
        table
    }

    /// The table of one [`Server`](crate::Server), whose certificates answer for whatever it is
    /// asked for. The names they carry only tell which of several goes first, and none of them
    /// is the Default.
    pub fn of_server(list: &CertificateList) -> Self {
        let mut table = Self { default: None, ..Self::new(list) };
        for binding in &list.bindings {
            if let Some(certificate) = &binding.certificate {
                let certificate = certificate.clone();
                let candidate = Candidate { certificate, expired: binding.is_expired() };
                offer(&mut table.assigned, candidate);
            }
        }
        table
    }

    /// Chooses for `server_name` (lower case; `None` when the client sent none). `usable` tells
    /// whether the client can verify signatures of that certificate's key.
    ///
    /// In this order: usable before not, unexpired before expired, exact name before wildcard and
    /// that before a server's certificate for other names, ECDSA or Ed25519 before RSA, and then the one that expires last (docs/certificates.md).
    /// Only where no name matches does the Default answer.
    pub fn choose(
        &self,
        server_name: Option<&str>,
        usable: impl Fn(&Certificate) -> bool,
    ) -> Choice<'_> {
        let exact = server_name.and_then(|host| self.exact.get(host));
        let wildcard = server_name.and_then(parent_of).and_then(|parent| self.wildcard.get(parent));
        let candidates = fitting(exact, Fit::Exact)
            .chain(fitting(wildcard, Fit::Wildcard))
            .chain(fitting(Some(&self.assigned), Fit::Assigned));
        let best = candidates.min_by_key(|(candidate, fit)| {
            (!usable(&candidate.certificate), candidate.expired, *fit, candidate.rank())
        });
        match (best, &self.default) {
            (Some((found, Fit::Exact)), _) => Choice::Exact(&found.certificate),
            (Some((found, Fit::Wildcard)), _) => Choice::Wildcard(&found.certificate),
            (Some((found, Fit::Assigned)), _) => Choice::Assigned(&found.certificate),
            (None, Some(default)) => Choice::Default(default),
            (None, None) => Choice::Nothing,
        }
    }

    /// As [`CertificateTable::choose`] for a client that takes every kind of key.
    pub fn choose_for(&self, host: &Name) -> Choice<'_> {
        self.choose(Some(host.as_str()), |_| true)
    }
}

/// How a candidate came into question, the better first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    Wildcard,
    Assigned,
}

fn fitting(found: Option<&Vec<Candidate>>, fit: Fit) -> impl Iterator<Item = (&Candidate, Fit)> {
    found.into_iter().flatten().map(move |candidate| (candidate, fit))
}

impl Candidate {
    /// Smaller is better; the fingerprint only makes ties stable.
    fn rank(&self) -> impl Ord + use<> {
        let certificate = &self.certificate;
        (
            certificate.key_algorithm.is_rsa(),
            Reverse(certificate.not_after),
            certificate.fingerprint,
        )
    }
}

/// Keeps the better of two certificates with the same kind of key, so that a name's list stays
/// as short as there are kinds, however many certificates carry it.
fn offer(candidates: &mut Vec<Candidate>, new: Candidate) {
    let kind = |candidate: &Candidate| match candidate.certificate.key_algorithm {
        KeyAlgorithm::Rsa { .. } => KeyAlgorithm::Rsa { bits: 0 },
        other => other,
    };
    match candidates.iter_mut().find(|held| kind(held) == kind(&new)) {
        Some(held) if (new.expired, new.rank()) < (held.expired, held.rank()) => *held = new,
        Some(_) => {}
        None => candidates.push(new),
    }
}

#[cfg(test)]
mod tests;
