//! What one Ingress says of the listeners it goes to, besides its rules.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::Ingress;
use model::{Dialect, ObjectRef, Protocol, Reason, Verdict};

use crate::{
    claim::{DefaultClaim, TlsMember},
    dialect::Problem,
    elb::{
        balancer::{self, Balancer},
        certificates, keys,
        past::{OF_INGRESS, Past},
        settings::{ListenerSettings, warn_on_shared},
        standing::{self, Reading, Standing},
    },
    route::{Annotations, Plan, Reader},
    world::{Key, Object},
};

const NO_BALANCER: &str = "the Ingress names no load balancer: write kubernetes.io/elb.id or kubernetes.io/elb.ip, or let kubernetes.io/elb.autocreate make one";

/// What CCE has on dedicated load balancers alone.
const DEDICATED_ONLY: &[&str] =
    &["listen-ports", "pool-protocol", "ingress-order", "rule-priority-enabled"];

/// An Ingress of ours, without its rules.
#[derive(Debug)]
pub(crate) struct ElbIngress {
    /// `None` where nothing of it can be served.
    pub(super) wish: Option<Wish>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) standing: Standing,
}

/// What it wants of its listeners, should it be the first there.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub balancer: Arc<str>,
    pub settings: ListenerSettings,
    pub client_ca_field: String,
    pub certificates: Certificates,
    /// `ingress-order`, where one is written.
    pub order: Option<u16>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Certificates {
    /// The server certificate, in force only from the first Ingress of a listener.
    pub server: Option<DefaultClaim>,
    /// For their own names, from every Ingress.
    pub others: Vec<Arc<TlsMember>>,
}

impl ElbIngress {
    /// Together with its rules, which stand or fall by the same annotations.
    pub fn read(key: &Key, object: &Object<Ingress>, past: Past<'_>) -> (Plan, Self) {
        let (draft, standing) =
            standing::stand(object, OF_INGRESS, past, |object| Draft::read(key, object));
        let Draft { plan, wish, verdicts, .. } = draft;
        (plan, Self { wish, verdicts, standing })
    }

    /// Whether it must be read again.
    pub fn is_outdated(&self, object: &ObjectRef, past: Past<'_>) -> bool {
        self.standing.is_outdated(object, past)
    }
}

/// An Ingress as it is written, or as it was last good.
struct Draft {
    plan: Plan,
    wish: Option<Wish>,
    verdicts: Vec<Verdict>,
    /// With what is refused of the plan.
    refused: Vec<Problem>,
}

impl Reading for Draft {
    fn refused(&self) -> &[Problem] {
        &self.refused
    }

    fn is_served(&self) -> bool {
        self.wish.is_some()
    }
}

impl Draft {
    fn read(key: &Key, object: &Object<Ingress>) -> Self {
        let plan = Plan::read(Dialect::Elb, key, object);
        let written = object.body.metadata.annotations.as_ref();
        let annotations = Annotations::of(written, Dialect::Elb);
        let mut reader = Reader::new(&annotations);
        keys::check(&mut reader, keys::On::Ingress);
        let listeners = &plan.placement.listeners;
        let has_https = listeners.iter().any(|(_, protocol)| *protocol == Protocol::Https);
        let certificates = server_and_others(&mut reader, &plan, has_https);
        let address = reader.text("ip");
        let subject = &plan.subject;
        let balancer = balancer::read(&mut reader, &subject.object, address, NO_BALANCER);
        check_slow_start(&mut reader);
        let client_ca_field = reader.field("client-ca-cert-id");
        let wish = balancer.map(|Balancer { name: balancer, class }| {
            warn_on_shared(&mut reader, class, DEDICATED_ONLY);
            Wish {
                balancer,
                settings: ListenerSettings::read(&mut reader, class, has_https),
                client_ca_field,
                certificates,
                order: reader.text("ingress-order").map(|_| plan.placement.order),
            }
        });
        let mut problems = reader.finish();
        let wish = wish.filter(|_| !problems.has_rejection() && !listeners.is_empty());
        let refused = problems.rejections().chain(&plan.refused).cloned().collect();
        if wish.is_some() {
            problems.soften();
        }
        let verdicts = problems.into_verdicts(subject);
        Self { plan, wish, verdicts, refused }
    }
}

/// By annotation the first is the server certificate; by `spec.tls` the entry without hosts. The
/// annotation beats `spec.tls`.
fn server_and_others(reader: &mut Reader<'_>, plan: &Plan, has_https: bool) -> Certificates {
    const KEY: &str = "tls-certificate-ids";
    let ids = certificates::ids(reader, KEY);
    if !has_https {
        return Certificates::default();
    }
    let mut ids = ids.into_iter();
    if let Some(first) = ids.next() {
        let field = reader.field(KEY);
        if plan.tls.has_block {
            let text = "spec.tls has no effect beside kubernetes.io/elb.tls-certificate-ids: keep one of them";
            reader.problems.warn(Reason::NotHonoured, "spec.tls", text);
        }
        let others = ids.map(|id| certificates::member(&plan.subject, field.clone(), id)).collect();
        return Certificates { server: Some(DefaultClaim { id: first, field }), others };
    }
    let entries = &plan.tls.entries;
    let without_hosts = entries.iter().find(|entry| entry.hosts.is_empty());
    if without_hosts.is_none() && !entries.is_empty() {
        let text = "every entry of spec.tls has hosts, so that the first is the server certificate too: add one without hosts";
        reader.problems.warn(Reason::InvalidField, "spec.tls", text);
    }
    // A Secret that is still to be issued cannot be missing.
    let first = entries.first().filter(|entry| entry.issuer.is_none());
    let server = without_hosts.or(first).and_then(|entry| {
        let id = entry.certificate.clone()?;
        Some(DefaultClaim { id, field: format!("{}.secretName", entry.field) })
    });
    let others = entries.iter().filter(|entry| !entry.hosts.is_empty() || server.is_none());
    Certificates { others: others.cloned().collect(), server }
}

fn check_slow_start(reader: &mut Reader<'_>) {
    if reader.number("slowstart", 30..=1200).is_some() {
        let text = "a new endpoint gets its full share at once: remove it if nothing depends on it";
        reader.not_honoured("slowstart", text);
    }
}
