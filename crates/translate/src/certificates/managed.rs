//! Certificates that Doorward itself has to obtain: the hosts that nothing else covers, and the
//! Secrets that an Ingress names before they exist.

use std::{
    collections::{HashSet, btree_map::Entry as Slot},
    sync::Arc,
};

use model::{CertificateId, CertificateSource, Name, Reason, Want};

use super::{
    Binder,
    list::{Asker, Entry, List},
    store::Fault,
    wishes::Wishes,
};
use crate::claim::TlsMember;

impl<'a> Binder<'a> {
    /// One certificate for each open host that no valid certificate of the list covers, if its
    /// Ingress asks for an issuer or there is a default one.
    pub(super) fn order_for_uncovered(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let settings = self.settings;
        let orders = wishes.members.iter().any(|member| member.issuer.is_some());
        if settings.default_issuer.is_none() && !orders {
            return;
        }
        let mut covered = Covered::by(list, |certificate| self.store.is_valid(certificate));
        for member in &wishes.members {
            let position = member.secret.as_ref().and_then(|id| list.position(id));
            if position.is_some_and(|position| list.entries[position].certificate.is_none()) {
                member.hosts.iter().for_each(|host| covered.add(host));
            }
        }
        for (host, member, _) in wishes.open_hosts() {
            let issuer = member.issuer.as_ref().or(settings.default_issuer.as_ref());
            let Some(issuer) = issuer.filter(|_| !covered.covers(host)) else { continue };
            let id = issued_id(&settings.store_namespace, host);
            self.obtain(list, wishes, id, std::slice::from_ref(host), issuer, member);
        }
    }

    /// Whether a Secret does not exist yet or was made by an issuer; a Secret that somebody else
    /// wrote is theirs.
    pub(super) fn is_ours_to_obtain(&self, id: &CertificateId) -> bool {
        let hold = self.store.hold(id);
        hold.issued_by.is_some() || hold.fault == Some(Fault::Missing)
    }

    /// Orders the certificate and attaches what is in hand for it.
    pub(super) fn obtain(
        &mut self,
        list: &mut List<'a>,
        wishes: &Wishes<'a>,
        id: CertificateId,
        hosts: &[Name],
        issuer: &Arc<str>,
        member: &'a TlsMember,
    ) {
        let asker = Asker::member(member);
        let hold = self.store.hold(&id);
        let is_known = self.settings.issuers.contains(issuer);
        if !is_known {
            self.report_unknown_issuer(wishes, issuer, &asker);
        } else if self.is_ours_to_obtain(&id) {
            self.want(&id, hosts, issuer, member);
        }
        match (hold.certificate, hold.fault) {
            (Some(_), None) => {}
            (Some(held), Some(_)) if is_known => {
                let message = format!(
                    "Secret {id} is gone or unusable and is ordered again from issuer {issuer}; its last good certificate is served on (it ends {})",
                    held.not_after
                );
                self.report(wishes, asker.warning(Reason::CertificatePending, message));
            }
            (None, _) if is_known => {
                let hosts: Vec<&str> = hosts.iter().map(Name::as_str).collect();
                let message = format!(
                    "the certificate for {} is on order from issuer {issuer}; it will come as Secret {id}",
                    hosts.join(", ")
                );
                self.report(wishes, asker.warning(Reason::CertificatePending, message));
            }
            _ => {}
        }
        if hold.certificate.is_some() || is_known {
            list.push(Entry::held(id, CertificateSource::Issued, &hold, asker));
        }
    }

    fn want(&mut self, id: &CertificateId, hosts: &[Name], issuer: &Arc<str>, member: &TlsMember) {
        match self.wants.entry(id.clone()) {
            Slot::Occupied(mut want) => {
                let names = &mut want.get_mut().names;
                let new: Vec<Name> =
                    hosts.iter().filter(|host| !names.contains(host)).cloned().collect();
                names.extend(new);
            }
            Slot::Vacant(slot) => {
                slot.insert(Want {
                    id: id.clone(),
                    names: hosts.to_vec(),
                    issuer: issuer.clone(),
                    wanted_by: member.object.clone(),
                    held: self.store.hold(id).own.cloned(),
                });
            }
        }
    }

    fn report_unknown_issuer(&mut self, wishes: &Wishes<'a>, issuer: &str, asker: &Asker<'a>) {
        let known: Vec<&str> = self.settings.issuers.iter().map(AsRef::as_ref).collect();
        let message = format!(
            "issuer {issuer} does not exist, so nothing is ordered: use one of {}, or create it",
            known.join(", ")
        );
        self.report(wishes, asker.rejected(Reason::IssuerNotFound, message));
    }
}

/// The Secret that the certificate for one host comes back as.
pub fn issued_id(namespace: &str, host: &Name) -> CertificateId {
    match host.wildcard_parent() {
        Some(parent) => CertificateId::secret(namespace, &format!("issued-wildcard.{parent}")),
        None => CertificateId::secret(namespace, &format!("issued-{host}")),
    }
}

/// The names that some certificates of a list carry.
#[derive(Default)]
pub struct Covered<'a> {
    literal: HashSet<&'a str, foldhash::fast::RandomState>,
    under: HashSet<&'a str, foldhash::fast::RandomState>,
}

impl<'a> Covered<'a> {
    pub fn by(list: &List<'a>, counts: impl Fn(&model::Certificate) -> bool) -> Self {
        let mut covered = Self::default();
        let certificates = list.entries.iter().filter_map(|entry| entry.certificate);
        for certificate in certificates.filter(|certificate| counts(certificate)) {
            certificate.names.iter().for_each(|name| covered.add(name));
        }
        covered
    }

    fn add(&mut self, name: &'a Name) {
        self.literal.insert(name.as_str());
        self.under.extend(name.wildcard_parent());
    }

    pub fn covers(&self, host: &Name) -> bool {
        let by_wildcard = || {
            let parent = host.as_str().split_once('.').map(|(_, parent)| parent);
            !host.is_wildcard() && parent.is_some_and(|parent| self.under.contains(parent))
        };
        self.literal.contains(host.as_str()) || by_wildcard()
    }
}
