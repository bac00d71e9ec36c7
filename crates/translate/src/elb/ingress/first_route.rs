//! The first-route rule: several Ingresses share a listener, and the one that was created first
//! decides what a listener has only one of.

use std::collections::BTreeMap;

use model::{Protocol, Reason, Verdict};

use super::{Shared, read::Wish};
use crate::{
    claim::{CertificateClaim, OnDelete, Sharer},
    dialect::Problem,
    route::{ELB_PREFIX, field},
};

/// One listener and the Ingresses on it, the first first.
pub(super) struct Crowd<'g, 'a> {
    pub port: u16,
    pub protocol: Protocol,
    pub first: &'g Shared<'a>,
    pub others: Vec<&'g Shared<'a>>,
}

impl Crowd<'_, '_> {
    /// The server certificate is the first Ingress'; the certificates for their own names are
    /// everybody's.
    pub fn certificates(&self) -> CertificateClaim {
        let all = std::iter::once(&self.first).chain(&self.others);
        let members = all.flat_map(|one| one.wish.certificates.others.iter().cloned());
        CertificateClaim {
            on_delete: OnDelete::KeepLastGood,
            fixed: None,
            default: self.first.wish.certificates.server.clone(),
            members: members.collect(),
        }
    }

    pub fn sharers(&self) -> Vec<Sharer> {
        let sharer = |one: &&Shared<'_>| {
            let plan = one.member.plan;
            Sharer {
                object: plan.subject.object.clone(),
                origin: plan.subject.origin.clone(),
                field: plan.placement.field.clone(),
            }
        };
        self.others.iter().map(sharer).collect()
    }

    /// Tells every other Ingress what of it is not in force, whose is, and whose comes next.
    pub fn verdicts(&self, balancer: &str) -> Vec<Verdict> {
        let Some(next) = self.others.first() else { return Vec::new() };
        let verdicts = self.others.iter().filter_map(|other| {
            let lost = lost(self.first.wish, other.wish, self.protocol);
            let name = lost.first()?;
            let subject = &other.member.plan.subject;
            let (first, next) = (self.first.object(), next.object());
            let next = match *next == subject.object {
                true => "this one".to_owned(),
                false => next.to_string(),
            };
            let text = format!(
                "{balancer}:{} follows {first}, which was created first; not in force from here: {}. Were {first} gone, {next} would come next: write the same in both",
                self.port,
                lost.join(", ")
            );
            let field = field(ELB_PREFIX, name.split(' ').next().unwrap_or_default());
            Some(subject.verdict(Problem::warning(Reason::ListenerConflict, field, text)))
        });
        verdicts.collect()
    }

    /// Two Ingresses with one place: who was created first comes first all the same.
    pub fn doubled_orders(&self) -> Vec<Verdict> {
        let mut seen: BTreeMap<u16, &Shared<'_>> = BTreeMap::new();
        let all = std::iter::once(&self.first).chain(&self.others);
        let written = all.filter(|one| one.wish.order.is_some());
        let verdicts = written.filter_map(|one| {
            let order = one.wish.order?;
            let Some(first) = seen.get(&order) else {
                seen.insert(order, one);
                return None;
            };
            let text = format!(
                "ingress-order {order} is also {}'s on port {}, which was created first and comes first: give one of the two another number",
                first.object(),
                self.port
            );
            let field = field(ELB_PREFIX, "ingress-order");
            let problem = Problem::warning(Reason::InvalidAnnotation, field, text);
            Some(one.member.plan.subject.verdict(problem))
        });
        verdicts.collect()
    }

    /// Who asks for another protocol on the same port loses it there.
    pub fn refusal(&self, balancer: &str, loser: &Shared<'_>, wanted: Protocol) -> Verdict {
        let plan = loser.member.plan;
        let text = format!(
            "{balancer}:{} is {} for {}, which was created first, and cannot be {wanted} for this Ingress: take another port",
            self.port,
            self.protocol,
            self.first.object()
        );
        let field = plan.placement.field.clone();
        let problem = match plan.placement.listeners.len() {
            1 => Problem::rejection(Reason::ListenerConflict, field, text),
            _ => Problem::warning(Reason::ListenerConflict, field, text),
        };
        plan.subject.verdict(problem)
    }
}

/// The annotations of `own` that come to something else than what is in force.
fn lost(first: &Wish, own: &Wish, protocol: Protocol) -> Vec<String> {
    let mut lost: Vec<String> = Vec::new();
    if protocol == Protocol::Https {
        let in_force = first.certificates.server.as_ref().map(|server| &server.id);
        let server = own.certificates.server.as_ref().map(|server| &server.id);
        if let Some(id) = server.filter(|id| in_force != Some(*id)) {
            lost.push(format!("tls-certificate-ids (server certificate {id})"));
        }
    }
    let (a, b) = (&first.settings, &own.settings);
    let is_tls = protocol == Protocol::Https;
    let mut differs = |name: &str, counts: bool, differs: bool| {
        lost.extend((counts && differs).then(|| name.to_owned()));
    };
    differs("tls-ciphers-policy", is_tls, a.policy() != b.policy());
    differs("http2-enable", is_tls, a.http2 != b.http2);
    differs("client-ca-cert-id", is_tls, a.client_ca != b.client_ca);
    differs("keepalive_timeout", true, a.idle_timeout != b.idle_timeout);
    differs("client_timeout", true, a.client_timeout != b.client_timeout);
    differs("member_timeout", true, a.request_timeout != b.request_timeout);
    differs("acl-id", true, a.access != b.access);
    differs("x-forwarded-host", true, a.forwarded.host != b.forwarded.host);
    differs("x-forwarded-port", true, a.forwarded.port != b.forwarded.port);
    differs("x-forwarded-for-port", true, a.client_port != b.client_port);
    differs("gzip-enabled", true, a.gzip != b.gzip);
    lost
}
