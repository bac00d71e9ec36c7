//! Certificates of the store that match the TLS hosts which no Secret covers.
//!
//! Every valid match is attached; ids sort as text, as on ALB. A certificate outside its
//! validity is attached only where a host has no better one.

use std::collections::HashMap;

use model::{CertificateSource, Name, Reason};

use super::{
    Binder,
    asker::{Asker, Part},
    faults::names_of,
    list::{Entry, List},
    store::{Hold, Stored},
    wishes::{OpenHost, Wishes},
};
use crate::claim::TlsMember;

/// Matches, each with the member that it was found for.
type Found<'a> = Vec<(Stored<'a>, &'a TlsMember)>;

impl<'a> Binder<'a> {
    pub(super) fn discover(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        if wishes.open.is_empty() {
            return;
        }
        let mut found = Found::with_capacity(wishes.open.len());
        let mut departed = Found::new();
        let mut under: HashMap<&str, bool, foldhash::fast::RandomState> = HashMap::default();
        for &OpenHost { host, member } in &wishes.open {
            let names = self.store.names();
            let literal = self.add_valid(&mut found, names.carrying(host), member);
            let parent = wildcard_parent(host);
            let by_wildcard = parent.is_some_and(|parent| {
                *under.entry(parent).or_insert_with(|| {
                    self.add_valid(&mut found, names.wildcards_under(parent), member)
                })
            });
            if literal || by_wildcard {
                continue;
            }
            let last_copies = names.departed.iter().filter(|stored| {
                stored.certificate.covers(host) && self.store.is_valid(stored.certificate)
            });
            let known = departed.len();
            departed.extend(last_copies.map(|stored| (*stored, member)));
            if departed.len() > known {
                continue;
            }
            let wildcards = parent.map_or(&[][..], |parent| names.wildcards_under(parent));
            let best = names.carrying(host).iter().chain(wildcards).max_by_key(|stored| {
                let certificate = stored.certificate;
                (!certificate.is_not_yet_valid(self.now), certificate.not_after, stored.id)
            });
            found.extend(best.map(|stored| (*stored, member)));
        }
        self.attach_found(list, wishes, found);
        self.attach_departed(list, wishes, departed);
    }

    /// Adds the valid ones; whether there was any.
    fn add_valid(
        &self,
        found: &mut Found<'a>,
        matches: &[Stored<'a>],
        member: &'a TlsMember,
    ) -> bool {
        let valid = matches.iter().filter(|stored| self.store.is_valid(stored.certificate));
        let known = found.len();
        found.extend(valid.map(|stored| (*stored, member)));
        found.len() > known
    }

    fn attach_found(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>, found: Found<'a>) {
        for (stored, member) in sorted(found) {
            let asker = Asker::member(member, Part::Whole);
            if stored.fault.is_some() {
                let hold = self.store.hold(stored.id);
                self.report_fault(wishes, stored.id, &hold, &asker);
            }
            attach(list, stored, asker);
        }
    }

    /// Certificates that were deleted from the store while they served: their hosts have no
    /// other.
    fn attach_departed(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>, departed: Found<'a>) {
        for (stored, member) in sorted(departed) {
            let message = format!(
                "certificate {} ({}) is no longer in the store and nothing else there matches: its last good copy is served until {}; upload it or a successor",
                stored.id,
                names_of(stored.certificate),
                stored.certificate.not_after
            );
            let asker = Asker::member(member, Part::Whole);
            self.report(wishes, asker.warning(Reason::CertificateNotFound, message));
            attach(list, stored, asker);
        }
    }
}

/// By id, each once, with the member that came first.
fn sorted(mut found: Found<'_>) -> Found<'_> {
    found.sort_by(|(a, _), (b, _)| a.id.cmp(b.id));
    found.dedup_by(|(later, _), (first, _)| later.id == first.id);
    found
}

fn attach<'a>(list: &mut List<'a>, stored: Stored<'a>, asker: Asker<'a>) {
    let Stored { id, certificate, fault } = stored;
    let hold = Hold { certificate: Some(certificate), fault, ..Hold::default() };
    list.push(Entry::held(id.clone(), CertificateSource::Discovered, &hold, asker));
}

fn wildcard_parent(host: &Name) -> Option<&str> {
    if host.is_wildcard() { None } else { host.as_str().split_once('.').map(|(_, parent)| parent) }
}
