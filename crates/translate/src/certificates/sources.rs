//! The certificates that somebody names: in the listener's object, in an Ingress, by the console.

use std::{collections::HashMap, sync::Arc};

use model::{CertificateId, CertificateSource, Reason};

use super::{
    Binder,
    asker::{Asker, Part},
    faults::described,
    list::{Entry, List},
    managed::Order,
    wishes::Wishes,
};
use crate::claim::TlsMember;

impl<'a> Binder<'a> {
    /// The list written in the listener's object, in written order.
    pub(super) fn attach_fixed(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let Some(fixed) = wishes.fixed else { return };
        let source = fixed.source.unwrap_or(CertificateSource::AlbConfig);
        for (index, id) in fixed.ids.iter().enumerate() {
            let part = if wishes.refused { Part::Certificates } else { Part::Certificate(index) };
            let asker = Asker::declaration(wishes.declared_by, wishes.field, part);
            self.attach_named(list, wishes, id, source, asker);
        }
    }

    /// `defaultCertificate`, which may stand beside any other source.
    pub(super) fn attach_default_certificate(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let Some(default) = wishes.default else { return };
        let source = match default.id.as_secret() {
            Some(_) => CertificateSource::Secret,
            None if wishes.by_annotation() => CertificateSource::Annotation,
            None => CertificateSource::AlbConfig,
        };
        let asker = Asker::declaration(wishes.declared_by, &default.field, Part::Whole);
        self.attach_named(list, wishes, &default.id, source, asker);
        if wishes.fixed.is_none() && list.position(&default.id).is_none() {
            self.keep_last_default(list, wishes, asker);
        }
    }

    /// What annotations and `spec.tls` name, in group order. A Secret that is not there is ordered if an
    /// Ingress that uses it names an issuer.
    pub(super) fn attach_named_by_members(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let orders = orders(&wishes.members);
        for member in &wishes.members {
            let Some(id) = &member.certificate else { continue };
            let order = orders.get(id).filter(|_| self.is_ours_to_obtain(id));
            match order {
                Some((issuer, by)) => {
                    // Who names no issuer waits for the Secret and adds no host to it.
                    let asks = if member.issuer.is_some() { member } else { by };
                    let (id, hosts, wanted_by) = (id.clone(), &*asks.hosts, &asks.object);
                    self.obtain(list, wishes, Order { id, hosts, issuer, wanted_by, member });
                }
                None => {
                    let (source, part) = match id.as_secret() {
                        Some(_) => (CertificateSource::Secret, Part::SecretName),
                        None => (CertificateSource::Annotation, Part::Whole),
                    };
                    let asker = Asker::member(member, part);
                    match self.hold(wishes, id).certificate {
                        Some(held) if held.names.is_empty() && part == Part::Whole => {
                            self.report_nameless(wishes, id, &asker);
                        }
                        _ => self.attach_named(list, wishes, id, source, asker),
                    }
                }
            }
        }
    }

    /// No client can ask for it, as the vendor's controller finds too.
    fn report_nameless(&mut self, wishes: &Wishes<'a>, id: &CertificateId, asker: &Asker<'a>) {
        let message = format!(
            "{} carries no DNS name and is left out, as no client can ask for it: make it the server certificate, or take it out",
            described(id)
        );
        self.report(wishes, asker.warning(Reason::SecretInvalid, message));
    }

    /// What the operator changed in this very reconcile; the next one restores what the objects
    /// say.
    pub(super) fn apply_console(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let console = &self.world.console;
        let generation = self.world.generation;
        if let Some(removed) = console.removed.get(wishes.key) {
            let gone = |entry: &Entry<'_>| {
                removed.iter().any(|edit| edit.is_fresh(generation) && edit.id == entry.id)
            };
            list.retain(|entry| !gone(entry));
        }
        let added = console.added.get(wishes.key).into_iter().flatten();
        for edit in added.chain(console.defaults.get(wishes.key)) {
            if edit.is_fresh(generation) && list.position(&edit.id).is_none() {
                let asker = wishes.listener_asker();
                self.attach_named(list, wishes, &edit.id, CertificateSource::Console, asker);
            }
        }
    }

    fn attach_named(
        &mut self,
        list: &mut List<'a>,
        wishes: &Wishes<'a>,
        id: &CertificateId,
        source: CertificateSource,
        asker: Asker<'a>,
    ) {
        let hold = self.hold(wishes, id);
        self.report_fault(wishes, id, &hold, &asker);
        if hold.certificate.is_some() {
            let source = if hold.issued_by.is_some() && source == CertificateSource::Secret {
                CertificateSource::Issued
            } else {
                source
            };
            list.push(Entry::held(id.clone(), source, &hold, asker));
        }
    }
}

/// The Secrets that may have to be obtained, each with the first Ingress that names an issuer.
fn orders<'a>(
    members: &[&'a TlsMember],
) -> HashMap<&'a CertificateId, (&'a Arc<str>, &'a TlsMember)> {
    let mut orders = HashMap::new();
    for member in members.iter().filter(|member| !member.hosts.is_empty()) {
        if let (Some(id), Some(issuer)) = (&member.certificate, &member.issuer) {
            orders.entry(id).or_insert((issuer, *member));
        }
    }
    orders
}
