//! Certificates of the store that match the TLS hosts which no Secret covers.
//!
//! Every valid match is attached; ids sort as text, as on ALB. A certificate outside its
//! validity is attached only where a host has no better one.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::{CertificateId, CertificateSource, Name, Reason};

use super::{
    Binder,
    faults::names_of,
    list::{Asker, Entry, List},
    store::Stored,
    wishes::Wishes,
};
use crate::claim::TlsMember;

type Found<'a> = BTreeMap<&'a CertificateId, (Stored<'a>, Asker<'a>)>;

impl<'a> Wishes<'a> {
    /// Hosts that want a certificate and name none, each with who asked first, in group order.
    ///
    /// A host that any Secret entry of the listener names is that Secret's; the text decides.
    pub fn open_hosts(&self) -> Vec<(&'a Name, &'a TlsMember, usize)> {
        let with_secret = self.members.iter().filter(|member| member.secret.is_some());
        let mut taken: HashSet<&Name, foldhash::fast::RandomState> =
            with_secret.flat_map(|member| &member.hosts).collect();
        let mut open = Vec::new();
        for member in self.members.iter().filter(|member| member.secret.is_none()) {
            for (index, host) in member.hosts.iter().enumerate() {
                if taken.insert(host) {
                    open.push((host, *member, index));
                }
            }
        }
        open
    }
}

impl<'a> Binder<'a> {
    pub(super) fn discover(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let mut found = Found::new();
        let mut departed = Vec::new();
        let mut under: HashMap<&str, bool, foldhash::fast::RandomState> = HashMap::default();
        for (host, member, _) in wishes.open_hosts() {
            let names = self.store.names();
            let asker = || Asker::member(member);
            let literal = self.add_valid(&mut found, names.carrying(host), &asker);
            let parent = wildcard_parent(host);
            let by_wildcard = parent.is_some_and(|parent| {
                *under.entry(parent).or_insert_with(|| {
                    self.add_valid(&mut found, names.wildcards_under(parent), &asker)
                })
            });
            if literal || by_wildcard {
                continue;
            }
            let last_copies = names.departed.iter().filter(|stored| {
                stored.certificate.covers(host) && self.store.is_valid(stored.certificate)
            });
            let known = departed.len();
            departed.extend(last_copies.map(|stored| (*stored, asker())));
            if departed.len() > known {
                continue;
            }
            let outside = names
                .carrying(host)
                .iter()
                .chain(parent.map_or(&[][..], |parent| names.wildcards_under(parent)));
            let best = outside.max_by_key(|stored| {
                let certificate = stored.certificate;
                (!certificate.is_not_yet_valid(self.now), certificate.not_after, stored.id)
            });
            if let Some(best) = best {
                found.entry(best.id).or_insert_with(|| (*best, asker()));
            }
        }
        for (id, (stored, asker)) in found {
            let hold = self.store.hold(id);
            self.report_fault(wishes, id, &hold, &asker);
            list.push(Entry {
                id: stored.id.clone(),
                source: CertificateSource::Discovered,
                certificate: Some(stored.certificate),
                held_over: hold.fault.is_some(),
                askers: vec![asker],
            });
        }
        for (stored, asker) in departed {
            self.attach_departed(list, wishes, stored, asker);
        }
    }

    /// Adds the valid ones; whether there was any.
    fn add_valid(
        &self,
        found: &mut Found<'a>,
        matches: &[Stored<'a>],
        asker: &impl Fn() -> Asker<'a>,
    ) -> bool {
        let mut any = false;
        for stored in matches.iter().filter(|stored| self.store.is_valid(stored.certificate)) {
            found.entry(stored.id).or_insert_with(|| (*stored, asker()));
            any = true;
        }
        any
    }

    /// A certificate that was deleted from the store while it served: its host has no other.
    fn attach_departed(
        &mut self,
        list: &mut List<'a>,
        wishes: &Wishes<'a>,
        stored: Stored<'a>,
        asker: Asker<'a>,
    ) {
        let message = format!(
            "certificate {} ({}) is no longer in the store and nothing else there matches: its last good copy is served until {}; upload it or a successor",
            stored.id,
            names_of(stored.certificate),
            stored.certificate.not_after
        );
        self.report(wishes, asker.warning(Reason::CertificateNotFound, message));
        list.push(Entry {
            id: stored.id.clone(),
            source: CertificateSource::Discovered,
            certificate: Some(stored.certificate),
            held_over: true,
            askers: vec![asker],
        });
    }
}

fn wildcard_parent(host: &Name) -> Option<&str> {
    if host.is_wildcard() { None } else { host.as_str().split_once('.').map(|(_, parent)| parent) }
}
