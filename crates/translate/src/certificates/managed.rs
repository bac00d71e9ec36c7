//! Certificates that Doorward itself has to obtain: the hosts that nothing else covers, and the
//! Secrets that an Ingress names before they exist.

use std::{collections::btree_map::Entry as Slot, sync::Arc};

use model::{
    CertificateId, CertificateSource, KeyChoice, KeyKind, Name, ObjectRef, Reason, Verdict, Want,
};

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
#[derive(Clone)]
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
        for member in
            wishes.members.iter().filter(|member| member.as_one && member.certificate.is_none())
        {
            let issuer = member.issuer.as_ref().or(settings.default_issuer.as_ref());
            let is_covered = member.hosts.iter().all(|host| covered.covers(host));
            let Some(issuer) = issuer.filter(|_| !is_covered) else { continue };
            let id = issued_id(&settings.store_namespace, &member.hosts);
            let (hosts, wanted_by) = (&*member.hosts, &member.object);
            self.obtain(list, wishes, Order { id, hosts, issuer, wanted_by, member });
            covered.extend(hosts);
        }
        for &OpenHost { host, member } in &wishes.open {
            let issuer = member.issuer.as_ref().or(settings.default_issuer.as_ref());
            let Some(issuer) = issuer.filter(|_| !covered.covers(host)) else { continue };
            let hosts = std::slice::from_ref(host);
            let id = issued_id(&settings.store_namespace, hosts);
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

    /// Orders the certificate, with every kind of key that the issuer makes, and attaches what is
    /// in hand for it.
    pub(super) fn obtain(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>, order: Order<'a>) {
        for (id, key) in self.keys_of(&order) {
            self.obtain_one(list, wishes, Order { id, ..order.clone() }, key);
        }
    }

    /// The certificates that an order is for, each with the kind of its key.
    pub(super) fn keys_of(&self, order: &Order<'a>) -> Vec<(CertificateId, Option<KeyKind>)> {
        let keys = self.issuers.find(order.issuer).map_or(KeyChoice::Usual, |issuer| issuer.keys);
        let key = match keys {
            KeyChoice::Usual => None,
            KeyChoice::Rsa => Some(KeyKind::Rsa2048),
            KeyChoice::Ecdsa | KeyChoice::Both => Some(KeyKind::EcdsaP256),
        };
        let mut all = Vec::with_capacity(2);
        if keys == KeyChoice::Both
            && let Some((namespace, name)) = order.id.as_secret()
        {
            let id = CertificateId::secret(namespace, &format!("{name}-rsa"));
            all.push((id, Some(KeyKind::Rsa2048)));
        }
        all.push((order.id.clone(), key));
        all
    }

    fn obtain_one(
        &mut self,
        list: &mut List<'a>,
        wishes: &Wishes<'a>,
        order: Order<'a>,
        key: Option<KeyKind>,
    ) {
        let asker = Asker::member(order.member, Part::Whole);
        let hold = self.hold(wishes, &order.id);
        let may_order = self.may_order(order.issuer, order.member, order.hosts);
        if !may_order {
            let refusal = self.refusal(&order, &asker);
            self.report(wishes, refusal);
        } else if self.is_ours_to_obtain(&order.id) {
            self.want(&order, key, &hold);
            if let Some(delay) = self.delay(&order, &hold, &asker) {
                self.report(wishes, delay);
            }
        }
        if hold.certificate.is_none() {
            self.attach_former(list, &order, &asker);
        }
        if hold.certificate.is_some() || may_order {
            list.push(Entry::held(order.id, CertificateSource::Issued, &hold, asker));
        }
    }

    /// What was issued under another name, for other sets of the same hosts, serves them until
    /// the new certificate is there.
    fn attach_former(&mut self, list: &mut List<'a>, order: &Order<'a>, asker: &Asker<'a>) {
        let namespace = &self.settings.store_namespace;
        for host in order.hosts {
            let Some((id, hold)) = self.store.issued_for(host, namespace) else { continue };
            if list.position(&id).is_none() {
                list.push(Entry::held(id, CertificateSource::Issued, &hold, *asker));
            }
        }
    }

    pub(super) fn want(&mut self, order: &Order<'a>, key: Option<KeyKind>, hold: &Hold<'a>) {
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
                    key,
                    held: hold.own.cloned(),
                    held_from: hold.issued_by.cloned(),
                });
            }
        }
    }

    /// What to say of an order as long as what it is for is not there.
    pub(super) fn delay(
        &self,
        Order { id, hosts, issuer, .. }: &Order<'a>,
        hold: &Hold<'a>,
        asker: &Asker<'a>,
    ) -> Option<Verdict> {
        let message = match (hold.certificate, hold.fault) {
            (Some(_), None) => return None,
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
        Some(asker.warning(Reason::CertificatePending, message))
    }

    /// Whether the issuer exists and lets the member have all of these names.
    pub(super) fn may_order(&self, issuer: &str, member: &TlsMember, hosts: &[Name]) -> bool {
        let namespace = member.object.namespace.as_deref().unwrap_or_default();
        let issuer = self.issuers.find(issuer);
        issuer.is_some_and(|issuer| hosts.iter().all(|host| issuer.allows(namespace, host)))
    }

    /// Why nothing is ordered.
    pub(super) fn refusal(&self, order: &Order<'a>, asker: &Asker<'a>) -> Verdict {
        let name = order.issuer;
        match self.issuers.find(name) {
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
        }
    }
}

/// The Secret that the certificate for these hosts comes back as; sorted, at least one.
pub fn issued_id(namespace: &str, hosts: &[Name]) -> CertificateId {
    let first = hosts.first().map_or("", Name::as_str);
    let mut name = match first.strip_prefix("*.") {
        Some(parent) => format!("issued-wildcard.{parent}"),
        None => format!("issued-{first}"),
    };
    if hosts.len() > 1 || name.len() > LONGEST {
        name.truncate(LONGEST - 17);
        let end = name.trim_end_matches(['.', '-']).len();
        name.truncate(end);
        name.push_str(&format!("-{:016x}", digest(hosts)));
    }
    CertificateId::secret(namespace, &name)
}

/// Of a name in Kubernetes, less what tells two keys for one name apart.
const LONGEST: usize = 253 - "-rsa".len();

/// FNV-1a: the same in every version and on every machine.
fn digest(hosts: &[Name]) -> u64 {
    let bytes = hosts.iter().flat_map(|host| host.as_str().bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
