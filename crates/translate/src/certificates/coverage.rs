//! Warns of hosts that would be answered with a certificate which does not carry their name.
//!
//! It asks the very table that the gateway serves by.

use std::collections::HashSet;

use model::{CertificateList, CertificateTable, Choice, Dialect, Direction, Name, Reason};

use super::{
    Binder,
    faults::{described, names_of},
    list::{Asker, List},
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
        let table = CertificateTable::new(bound);
        // A plain IngressClass opens HTTPS unasked; an AlbConfig writes the listener.
        if bound.bindings.is_empty() && wishes.dialect == Dialect::Alb {
            self.report_empty(wishes);
        }
        let mut seen: HashSet<&Name, foldhash::fast::RandomState> = HashSet::default();
        for member in &wishes.members {
            for (index, host) in member.hosts.iter().enumerate() {
                seen.insert(host);
                if self.is_reported_already(list, member, host) {
                    continue;
                }
                let asker = || Asker::member(member).below(&format!("hosts[{index}]"));
                let cure = || self.cure(wishes, member, host);
                if let Some(message) = answer(&table, host, wishes, cure) {
                    self.report(wishes, asker().warning(Reason::HostNotCovered, message));
                }
            }
        }
        let requests =
            wishes.listener.rules.iter().filter(|rule| rule.direction == Direction::Request);
        for rule in requests {
            for host in &rule.matches.hosts {
                if !seen.insert(host) {
                    continue;
                }
                let cure = || "no spec.tls names it: add it there".to_owned();
                if let Some(message) = answer(&table, host, wishes, cure) {
                    let asker = Asker::of_rule(&rule.origin);
                    self.report(wishes, asker.warning(Reason::HostNotCovered, message));
                }
            }
        }
    }

    /// The host's own certificate is missing or on order, or cannot be ordered, and a verdict
    /// says so.
    fn is_reported_already(&self, list: &List<'a>, member: &TlsMember, host: &Name) -> bool {
        let own = member.secret.clone();
        let own = own.unwrap_or_else(|| issued_id(&self.settings.store_namespace, host));
        match list.position(&own) {
            Some(position) => list.entries[position].certificate.is_none(),
            None if member.secret.is_some() => self.store.hold(&own).certificate.is_none(),
            None => {
                let issuer = member.issuer.as_ref().or(self.settings.default_issuer.as_ref());
                issuer.is_some_and(|issuer| !self.settings.issuers.contains(issuer))
            }
        }
    }

    fn cure(&self, wishes: &Wishes<'a>, member: &TlsMember, host: &Name) -> String {
        match &member.secret {
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

    fn report_empty(&mut self, wishes: &Wishes<'a>) {
        let message = format!(
            "empty https listener default certs: {} has no certificate and refuses every handshake; name certificates in the listener, or add an Ingress with spec.tls",
            wishes.key
        );
        let asker = Asker::declaration(wishes.declared_by, &*wishes.listener.field);
        self.report(wishes, asker.warning(Reason::CertificateNotFound, message));
    }
}

/// What a client that asks for `host` gets, if that does not carry the name.
fn answer(
    table: &CertificateTable,
    host: &Name,
    wishes: &Wishes<'_>,
    cure: impl Fn() -> String,
) -> Option<String> {
    match table.choose_for(host) {
        Choice::Exact(_) | Choice::Wildcard(_) => None,
        Choice::Default(default) => Some(format!(
            "{host} is answered on {} with the Default certificate, which is for {}: {}",
            wishes.key,
            names_of(default),
            cure()
        )),
        Choice::Nothing => Some(format!(
            "{host} is refused on {} with unrecognized_name, as no certificate is there: {}",
            wishes.key,
            cure()
        )),
    }
}
