//! Warns of hosts that would be answered with a certificate which does not carry their name.

use std::collections::HashSet;

use model::{CertificateList, Dialect, Direction, Name, Reason};

use super::{
    Binder,
    asker::{Asker, Part},
    covered::Covered,
    faults::{described, names_of},
    list::List,
    managed::issued_id,
    wishes::Wishes,
};
use crate::claim::TlsMember;

impl<'a> Binder<'a> {
    pub(super) fn warn_of_hosts_not_covered(
        &mut self,
        list: &List<'a>,
        bound: &CertificateList,
        wishes: &Wishes<'a>,
    ) {
        // A plain IngressClass opens HTTPS unasked; all others write the listener.
        if bound.bindings.is_empty() && wishes.dialect != Dialect::Ingress {
            self.report_empty(wishes);
        }
        let covered = Covered::by(list, |_| true);
        for member in &wishes.members {
            for (index, host) in member.hosts.iter().enumerate() {
                if covered.covers(host) || self.is_reported_already(list, member, host) {
                    continue;
                }
                let cure = self.cure(wishes, member, host);
                let asker = Asker::member(member, Part::Host(index));
                self.report_not_covered(bound, wishes, host, (asker, &cure));
            }
        }
        self.warn_of_rules_not_covered(&covered, bound, wishes);
    }

    /// For a server whose certificates answer for all of its hosts.
    pub(super) fn warn_of_names_not_carried(&mut self, list: &List<'a>, wishes: &Wishes<'a>) {
        let is_held = list.entries.iter().any(|entry| entry.certificate.is_some());
        let Some(member) = wishes.members.first().filter(|_| is_held) else { return };
        let covered = Covered::by(list, |_| true);
        for (index, host) in member.hosts.iter().enumerate() {
            if covered.covers(host) || self.is_reported_already(list, member, host) {
                continue;
            }
            let message = format!(
                "{host} is answered on {} with a certificate that does not carry the name, and clients that check names refuse it: {}",
                wishes.key,
                self.cure(wishes, member, host)
            );
            let asker = Asker::member(member, Part::Host(index));
            self.report(wishes, asker.warning(Reason::HostNotCovered, message));
        }
    }

    /// Hosts that stand in rules alone.
    fn warn_of_rules_not_covered(
        &mut self,
        covered: &Covered<'a>,
        bound: &CertificateList,
        wishes: &Wishes<'a>,
    ) {
        let mut tls_hosts: Option<HashSet<&Name>> = None;
        for rule in &wishes.listener.rules {
            if rule.direction != Direction::Request {
                continue;
            }
            for host in rule.matches.hosts.iter().filter(|host| !covered.covers(host)) {
                let tls_hosts = tls_hosts.get_or_insert_with(|| {
                    wishes.members.iter().flat_map(|member| &member.hosts).collect()
                });
                if !tls_hosts.contains(host) {
                    let cure = match wishes.dialect {
                        Dialect::Elb => {
                            "name one that covers it in kubernetes.io/elb.tls-certificate-ids or spec.tls"
                        }
                        _ => "no spec.tls names it: add it there",
                    };
                    let to_whom = (Asker::of_rule(&rule.origin), cure);
                    self.report_not_covered(bound, wishes, host, to_whom);
                }
            }
        }
    }

    /// The host's own certificate is missing or on order, or cannot be ordered, and a verdict
    /// says so.
    fn is_reported_already(&self, list: &List<'a>, member: &TlsMember, host: &Name) -> bool {
        let own = member.certificate.clone();
        let own = own.unwrap_or_else(|| {
            let hosts = if member.as_one { &*member.hosts } else { std::slice::from_ref(host) };
            issued_id(&self.settings.store_namespace, hosts)
        });
        match list.position(&own) {
            Some(position) => list.entries[position].certificate.is_none(),
            None if member.certificate.is_some() => self.store.hold(&own).certificate.is_none(),
            None => {
                let issuer = member.issuer.as_ref().or(self.settings.default_issuer.as_ref());
                issuer.is_some_and(|issuer| {
                    !self.may_order(issuer, member, std::slice::from_ref(host))
                })
            }
        }
    }

    fn cure(&self, wishes: &Wishes<'a>, member: &TlsMember, host: &Name) -> String {
        match &member.certificate {
            Some(id) if self.wants.get(id).is_some_and(|want| want.names.contains(host)) => {
                format!("{} is on order once more, with all hosts", described(id))
            }
            Some(id) => {
                let names =
                    self.store.hold(id).certificate.map_or_else(String::new, |c| names_of(c));
                format!("{} carries {names}: put a certificate for {host} into it", described(id))
            }
            None if wishes.fixed.is_some() => format!(
                "{} lists the listener's certificates, so none is looked for: add one that covers it there, or name a Secret here",
                wishes.declared_by.object
            ),
            None => format!(
                "none certificate found for host: {host}; upload one that covers it, name a Secret here, or ask for an issuer"
            ),
        }
    }

    /// Says what a client that asks for `host` gets: no certificate carries the name.
    fn report_not_covered(
        &mut self,
        bound: &CertificateList,
        wishes: &Wishes<'a>,
        host: &Name,
        (asker, cure): (Asker<'a>, &str),
    ) {
        let message = match bound.default_certificate() {
            Some(default) => format!(
                "{host} is answered on {} with the Default certificate, which is for {}: {cure}",
                wishes.key,
                names_of(default)
            ),
            None => format!(
                "{host} is refused on {} with unrecognized_name, as no certificate is there: {cure}",
                wishes.key
            ),
        };
        self.report(wishes, asker.warning(Reason::HostNotCovered, message));
    }

    fn report_empty(&mut self, wishes: &Wishes<'a>) {
        let message = format!(
            "empty https listener default certs: {} has no certificate and refuses every handshake; {}",
            wishes.key,
            match wishes.dialect {
                Dialect::Elb => "upload the one that is named, or name another",
                _ => "name certificates in the listener, or add an Ingress with spec.tls",
            }
        );
        self.report(wishes, wishes.listener_asker().warning(Reason::CertificateNotFound, message));
    }
}
