//! What listeners of AWS's own load balancers should carry: the certificates there that objects
//! name, and those that AWS made for them.

use std::{collections::BTreeSet, sync::Arc};

use model::{
    Arn, AttachedCertificate, Attachment, Certificate, CertificateId, Dialect, Issuer, IssuerKind,
    Name, ObjectRef, Reason, Verdict,
};

use super::{
    Binder,
    asker::{Asker, Part},
    faults::described,
    managed::{Order, issued_id},
};
use crate::{
    aws::{attach_field, misplaced},
    claim::{AttachmentClaim, AttachmentMember, AttachmentWish, TlsMember},
};

/// What gathers while the members of one listener are gone through.
struct Gathering<'a> {
    listener: &'a Arn,
    certificates: Vec<AttachedCertificate>,
    pending: Vec<Name>,
}

impl<'a> Binder<'a> {
    /// What one listener should carry; `None` where nobody wants anything there.
    pub fn attach(&mut self, claim: &'a AttachmentClaim) -> Option<Attachment> {
        let objects: BTreeSet<&ObjectRef> =
            claim.members.iter().map(|member| &member.tls.object).collect();
        let issuer = self.account(claim);
        if let Err(text) = &issuer {
            for object in &objects {
                self.tell(object, Reason::IssuerNotFound, text.clone());
            }
        }
        let listener = &claim.listener;
        let mut gathering = Gathering { listener, certificates: Vec::new(), pending: Vec::new() };
        for AttachmentMember { tls, wish, .. } in &claim.members {
            match wish {
                AttachmentWish::Named(arn) => gathering.push(arn.clone(), None, tls),
                AttachmentWish::Issued => self.gather(tls, &mut gathering),
                AttachmentWish::Impossible => gathering.pending.extend_from_slice(&tls.hosts),
            }
        }
        let Gathering { certificates, mut pending, .. } = gathering;
        pending.sort();
        pending.dedup();
        let wanted_by: Vec<ObjectRef> = objects.into_iter().cloned().collect();
        (!wanted_by.is_empty()).then(|| Attachment {
            listener: listener.clone(),
            issuer: issuer.ok(),
            certificates,
            pending,
            wanted_by,
        })
    }

    /// The Issuer whose account the listener is in: one that an object names, else the only one of
    /// its region.
    fn account(&self, claim: &AttachmentClaim) -> Result<Arc<str>, String> {
        let region = claim.listener.region();
        let is_there = |issuer: &Issuer| region_of(issuer).is_none_or(|own| own == region);
        let named = claim.members.iter().filter_map(|member| member.tls.issuer.as_deref());
        let named: Vec<&Arc<Issuer>> = named
            .filter_map(|name| self.issuers.find(name))
            .filter(|issuer| issuer.kind == IssuerKind::Acm)
            .collect();
        if let Some(issuer) = named.iter().find(|issuer| is_there(issuer)) {
            return Ok(issuer.name.clone());
        }
        if let Some(issuer) = named.first() {
            return Err(format!(
                "nothing is attached to {}: Issuer {} is of region {}; name one of region {region} by doorward.dev/issuer",
                claim.listener,
                issuer.name,
                region_of(issuer).unwrap_or_default()
            ));
        }
        let all = self.issuers.all();
        let mut fitting =
            all.iter().filter(|issuer| issuer.kind == IssuerKind::Acm && is_there(issuer));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only.name.clone()),
            (Some(one), Some(other)) => Err(format!(
                "nothing is attached to {}: Issuers {} and {} are both of its region; name one by doorward.dev/issuer",
                claim.listener, one.name, other.name
            )),
            (None, _) => Err(format!(
                "nothing is attached to {}: no Issuer has spec.acm with region {region}, whose credentials the calls could be made with; create one",
                claim.listener
            )),
        }
    }

    /// Certificates that no ARN names: Secrets, and what is issued for hosts.
    fn gather(&mut self, member: &'a TlsMember, gathering: &mut Gathering<'a>) {
        let settings = self.settings;
        let hosts = &*member.hosts;
        let issuer = member.issuer.as_ref().or(settings.default_issuer.as_ref());
        let order = |id: CertificateId, hosts: &'a [Name], issuer| Order {
            id,
            hosts,
            issuer,
            wanted_by: &member.object,
            member,
        };
        match (&member.certificate, issuer) {
            (Some(id), Some(issuer)) if self.may_be_ordered(id, member) => {
                self.gather_ordered(order(id.clone(), hosts, issuer), gathering);
            }
            (Some(id), _) => {
                if self.store.hold(id).own.is_none() {
                    let text = format!(
                        "{} is not attached, as it is not there or cannot be read: put a certificate into it, or name an Issuer with spec.acm by doorward.dev/issuer",
                        described(id)
                    );
                    self.tell(&member.object, Reason::AttachmentFailed, text);
                }
                self.gather_one(id, member, hosts, gathering);
            }
            (None, None) => {
                let text = format!(
                    "nothing is attached for {}: name a certificate by alb.ingress.kubernetes.io/certificate-arn, or an Issuer with spec.acm by doorward.dev/issuer",
                    list(hosts)
                );
                self.tell(&member.object, Reason::AttachmentFailed, text);
                gathering.pending.extend_from_slice(hosts);
            }
            (None, Some(issuer)) if member.as_one => {
                let id = issued_id(&settings.store_namespace, hosts);
                self.gather_ordered(order(id, hosts, issuer), gathering);
            }
            (None, Some(issuer)) => {
                for host in hosts {
                    if !gathering.covers(host) {
                        let hosts = std::slice::from_ref(host);
                        let id = issued_id(&settings.store_namespace, hosts);
                        self.gather_ordered(order(id, hosts, issuer), gathering);
                    }
                }
            }
        }
    }

    fn may_be_ordered(&self, id: &CertificateId, member: &TlsMember) -> bool {
        member.issuer.is_some() && !member.hosts.is_empty() && self.is_ours_to_obtain(id)
    }

    /// As on a listener of our own: with every kind of key that the issuer makes.
    fn gather_ordered(&mut self, order: Order<'a>, gathering: &mut Gathering<'a>) {
        let asker = Asker::member(order.member, Part::Whole);
        for (id, key) in self.keys_of(&order) {
            let order = Order { id, ..order.clone() };
            let hold = self.store.hold(&order.id);
            let verdict = match self.may_order(order.issuer, order.member, order.hosts) {
                false => Some(self.refusal(&order, &asker)),
                true if self.is_ours_to_obtain(&order.id) => {
                    self.want(&order, key, &hold);
                    self.delay(&order, &hold, &asker)
                }
                true => None,
            };
            self.verdicts.extend(verdict.map(|verdict| verdict.in_dialect(Dialect::Aws)));
            self.gather_one(&order.id, order.member, order.hosts, gathering);
        }
    }

    /// What is in hand for an id, if AWS has it.
    fn gather_one(
        &mut self,
        id: &CertificateId,
        member: &'a TlsMember,
        hosts: &[Name],
        gathering: &mut Gathering<'a>,
    ) {
        let hold = self.store.hold(id);
        let Some(held) = hold.own else {
            gathering.pending.extend_from_slice(hosts);
            return;
        };
        let arn = hold.issued_as.and_then(|name| Arn::parse(name));
        let misplaced = arn.as_ref().and_then(|arn| misplaced(arn, gathering.listener));
        let text = match (arn, misplaced) {
            (Some(arn), None) => return gathering.push(arn, Some(held.clone()), member),
            (Some(_), Some(text)) => text,
            (None, _) => {
                let from = hold.issued_by.and_then(|name| self.issuers.find(name));
                let cure = match from.filter(|issuer| issuer.kind == IssuerKind::Acm) {
                    Some(_) => format!("have it written again by `doorward order renew {id}`"),
                    None => "have it made by an Issuer with spec.acm, or name an ARN by alb.ingress.kubernetes.io/certificate-arn".into(),
                };
                format!(
                    "{} is not attached, as it names no ARN in AWS Certificate Manager: {cure}",
                    described(id)
                )
            }
        };
        self.tell(&member.object, Reason::AttachmentFailed, text);
        gathering.pending.extend_from_slice(hosts);
    }

    fn tell(&mut self, object: &ObjectRef, reason: Reason, text: String) {
        let verdict = Verdict::warning(object.clone(), reason, text);
        self.verdicts.push(verdict.at(attach_field()).in_dialect(Dialect::Aws));
    }
}

impl Gathering<'_> {
    fn push(&mut self, arn: Arn, held: Option<Arc<Certificate>>, member: &TlsMember) {
        if self.certificates.iter().all(|known| known.arn != arn) {
            let wanted_by = member.object.clone();
            self.certificates.push(AttachedCertificate { arn, held, wanted_by });
        }
    }

    fn covers(&self, host: &Name) -> bool {
        let held = self.certificates.iter().filter_map(|known| known.held.as_ref());
        { held }.any(|held| held.covers(host)) || self.pending.contains(host)
    }
}

/// `None`: what the environment says.
fn region_of(issuer: &Issuer) -> Option<&str> {
    issuer.settings.get("region")?.as_str()
}

fn list(hosts: &[Name]) -> String {
    hosts.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}
