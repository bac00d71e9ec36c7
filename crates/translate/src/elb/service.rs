//! Services of type `LoadBalancer`: one listener for each port that is HTTP or HTTPS, with all
//! its requests going to that port of the Service.

mod plan;
mod pool;
mod ports;

use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use model::{
    Action, BackendProtocol, Dialect, Direction, ForwardTarget, ObjectRef, Rule, RuleMatch,
};

use super::{
    past::{OF_SERVICE, Past},
    standing::{self, Standing},
};
use crate::{
    claim::{Declaration, ListenerClaim, LoadBalancerClaim},
    dialect::Claims,
    service::{Manner, Resolved, Resolver, ServicePort},
    world::{Key, Object},
};
use plan::{Served, ServicePlan};
use ports::PortPlan;

/// A Service of ours, read and with its backends.
#[derive(Debug)]
pub(crate) struct ElbService {
    plan: ServicePlan,
    standing: Standing,
    /// One for each listener of the plan.
    backends: Vec<Resolved>,
}

impl ElbService {
    /// `None` for a Service that is somebody else's.
    pub fn read(object: &Object<Service>, past: Past<'_>) -> Option<Box<Self>> {
        let is_ours = plan::is_ours(&object.body);
        is_ours.then(|| {
            let (plan, standing) = standing::stand(object, OF_SERVICE, past, ServicePlan::read);
            Box::new(Self { plan, standing, backends: Vec::new() })
        })
    }

    /// Whether it must be read again.
    pub fn is_outdated(&self, past: Past<'_>) -> bool {
        self.standing.is_outdated(&self.plan.subject.object, past)
    }

    /// Looks its backends up, at first and whenever its endpoints changed.
    pub fn resolve(&mut self, key: &Key, resolver: &mut Resolver<'_>) {
        let Some(served) = &self.plan.served else { return };
        let manner = Manner { protocol: BackendProtocol::Http, balancing: served.balancing };
        let backends = served
            .listeners
            .iter()
            .map(|listener| resolver.resolve(key, &ServicePort::Number(listener.port), manner));
        self.backends = backends.collect();
    }
}

/// Adds the claim of one Service, and what there is to say of it.
pub(crate) fn claim_service(
    object: &Object<Service>,
    service: &ElbService,
    past: Past<'_>,
    claims: &mut Claims,
) {
    let reference = &object.reference;
    let plan = &service.plan;
    let subject = &plan.subject;
    claims.objects.push((subject.object.clone(), subject.origin.clone(), subject.dialect));
    claims.verdicts.extend(plan.verdicts.iter().cloned());
    service.standing.settle(subject, OF_SERVICE, past, claims);
    let Some(served) = &plan.served else { return };
    let listeners = served.listeners.iter().zip(&service.backends);
    claims.load_balancers.push(LoadBalancerClaim {
        name: served.balancer.clone(),
        dialect: Dialect::Elb,
        declared_by: Declaration::of(object),
        bind: None,
        members: Arc::new([reference.clone()]),
        listeners: listeners
            .map(|(port, resolved)| listener_claim(reference, served, port, resolved))
            .collect(),
    });
}

fn listener_claim(
    service: &ObjectRef,
    served: &Served,
    port: &PortPlan,
    resolved: &Resolved,
) -> ListenerClaim {
    let settings = &served.settings;
    let backend = resolved.backend.clone();
    let rule = Rule {
        forwarding: None,
        origin: service.clone(),
        direction: Direction::Request,
        matches: RuleMatch::default(),
        filters: settings.filters(),
        action: match served.echo {
            true => Action::Echo,
            false => {
                Action::Forward(vec![ForwardTarget { filters: Arc::new([]), backend, weight: 1 }])
            }
        },
    };
    let tls = || settings.tls(served.client_ca_field.clone(), served.certificates.clone());
    let tls = port.is_https().then(tls);
    settings.listener(port.port, port.protocol, &port.field, tls, vec![Arc::new(rule)])
}
