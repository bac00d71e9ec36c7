//! Certificates that Doorward itself has to obtain: the hosts that nothing else covers, and the
//! Secrets that an Ingress names before they exist.

use std::{collections::btree_map::Entry as Slot, sync::Arc};

use model::{CertificateId, CertificateSource, Name, ObjectRef, Reason, Want};

use super::{
    Binder,
    asker::{Asker, Part},
    covered::Covered,
    list::{Entry, List},
    store::{Fault, Hold},
    wishes::{OpenHost, Wishes},
};
use crate::claim::TlsMember;

/// One certificate to obtain.
pub struct Order<'a> {
    pub id: CertificateId,
    pub hosts: &'a [Name],
    pub issuer: &'a Arc<str>,
    /// Who named the issuer.
    pub wanted_by: &'a ObjectRef,
    /// Who is told.
    pub member: &'a TlsMember,
}

impl<'a> Binder<'a> {
    /// One certificate for each open host that no valid certificate of the list covers, if its
    /// Ingress asks for an issuer or there is a default one.
    pub(super) fn order_for_uncovered(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let settings = self.settings;
        let some_ask = wishes.members.iter().any(|member| member.issuer.is_some());
        if settings.default_issuer.is_none() && !some_ask {
            return;
        }
        let mut covered = Covered::by(list, |certificate| self.store.is_valid(certificate));
        for member in &wishes.members {
            let position = member.certificate.as_ref().and_then(|id| list.position(id));
            if position.is_some_and(|position| list.entries[position].certificate.is_none()) {
                covered.extend(&member.hosts);
            }
        }
        for &OpenHost { host, member } in &wishes.open {
            let issuer = member.issuer.as_ref().or(settings.default_issuer.as_ref());
            let Some(issuer) = issuer.filter(|_| !covered.covers(host)) else { continue };
            let id = issued_id(&settings.store_namespace, host);
            let hosts = std::slice::from_ref(host);
            let wanted_by = &member.object;
            self.obtain(list, wishes, Order { id, hosts, issuer, wanted_by, member });
        }
    }

    /// Whether a Secret does not exist yet or was made by an issuer; a Secret that somebody else
    /// wrote is theirs.
    pub(super) fn is_ours_to_obtain(&self, id: &CertificateId) -> bool {
        let hold = self.store.hold(id);
        hold.issued_by.is_some() || hold.fault == Some(Fault::Missing)
    }

    /// Orders the certificate and attaches what is in hand for it.
    pub(super) fn obtain(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>, order: Order<'a>) {
        let asker = Asker::member(order.member, Part::Whole);
        let hold = self.hold(wishes, &order.id);
        let may_order = self.may_order(order.issuer, order.member, order.hosts);
        if !may_order {
            self.report_no_order(wishes, &order, &asker);
        } else if self.is_ours_to_obtain(&order.id) {
            self.want(&order, &hold);
            self.report_order(wishes, &order, &hold, &asker);
        }
        if hold.certificate.is_some() || may_order {
            list.push(Entry::held(order.id, CertificateSource::Issued, &hold, asker));
        }
    }

    fn want(&mut self, order: &Order<'a>, hold: &Hold<'a>) {
        match self.wants.entry(order.id.clone()) {
            Slot::Occupied(mut want) => {
                let names = &mut want.get_mut().names;
                let new = order.hosts.iter().filter(|host| !names.contains(host));
                let new: Vec<Name> = new.cloned().collect();
                names.extend(new);
            }
            Slot::Vacant(slot) => {
                slot.insert(Want {
                    id: order.id.clone(),
                    names: order.hosts.to_vec(),
                    issuer: order.issuer.clone(),
                    wanted_by: order.wanted_by.clone(),
                    key: None,
                    held: hold.own.cloned(),
                    held_from: hold.issued_by.cloned(),
                });
            }
        }
    }

    fn report_order(
        &mut self,
        wishes: &Wishes<'a>,
        Order { id, hosts, issuer, .. }: &Order<'a>,
        hold: &Hold<'a>,
        asker: &Asker<'a>,
    ) {
        let message = match (hold.certificate, hold.fault) {
            (Some(_), None) => return,
            (Some(held), Some(_)) => format!(
                "Secret {id} is gone or unusable and is ordered again from issuer {issuer}; its last good certificate is served on (it ends {})",
                held.not_after
            ),
            (None, _) => {
                let hosts: Vec<&str> = hosts.iter().map(Name::as_str).collect();
                format!(
                    "the certificate for {} is on order from issuer {issuer}; it will come as Secret {id}",
                    hosts.join(", ")
                )
            }
        };
        self.report(wishes, asker.warning(Reason::CertificatePending, message));
    }

    /// Whether the issuer exists and lets the member have all of these names.
    pub(super) fn may_order(&self, issuer: &str, member: &TlsMember, hosts: &[Name]) -> bool {
        let namespace = member.object.namespace.as_deref().unwrap_or_default();
        let issuer = self.issuers.find(issuer);
        issuer.is_some_and(|issuer| hosts.iter().all(|host| issuer.allows(namespace, host)))
    }

    fn report_no_order(&mut self, wishes: &Wishes<'a>, order: &Order<'a>, asker: &Asker<'a>) {
        let name = order.issuer;
        let verdict = match self.issuers.find(name) {
            None => asker.rejected(Reason::IssuerNotFound, self.issuers.absence(name)),
            Some(issuer) => {
                let namespace = order.member.object.namespace.as_deref().unwrap_or_default();
                let refused = order.hosts.iter().filter(|host| !issuer.allows(namespace, host));
                let refused: Vec<&str> = refused.map(Name::as_str).collect();
                let message = format!(
                    "Issuer {name} lets no object of namespace {namespace} have {}, so nothing is ordered: add it to spec.allowedNames of the Issuer, or name another",
                    refused.join(", ")
                );
                asker.rejected(Reason::NameNotAllowed, message)
            }
        };
        self.report(wishes, verdict);
    }
}

/// The Secret that the certificate for one host comes back as.
pub fn issued_id(namespace: &str, host: &Name) -> CertificateId {
    match host.wildcard_parent() {
        Some(parent) => CertificateId::secret(namespace, &format!("issued-wildcard.{parent}")),
        None => CertificateId::secret(namespace, &format!("issued-{host}")),
    }
}
