//! What stands behind the destinations of one VirtualService. Made anew when a Service or its
//! endpoints change; the object need not be read again for it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use k8s_openapi::api::core::v1::ServicePort as PortSpec;
use model::{
    Backend, BackendProtocol, Balancing, ForwardTarget, Mirror, ObjectRef, Reason, Verdict,
};

use super::{
    VirtualServicePlan,
    destination::{Destination, DestinationHost, Share},
    mirror::Copies,
};
use crate::{
    dialect::Problem,
    service::{Manner, Resolver, ServicePort},
    world::Key,
};

#[derive(Debug, Default)]
pub(in crate::istio) struct Backing {
    /// One for each destination of the plan.
    destinations: Vec<Backed>,
    /// On Services and ports that do not exist.
    pub verdicts: Vec<Verdict>,
}

#[derive(Debug)]
enum Backed {
    One(Arc<Backend>),
    /// No port is written and the Service has several: that of the listener.
    ByListener {
        ports: BTreeMap<u16, Arc<Backend>>,
        none: Arc<Backend>,
    },
}

impl Backing {
    pub fn resolve(plan: &VirtualServicePlan, resolver: &mut Resolver<'_>) -> Self {
        let mut backing = Self::default();
        for destination in &plan.destinations {
            let (backed, missing) = resolve(destination, resolver);
            backing.destinations.push(backed);
            backing.verdicts.extend(missing.map(|text| {
                let field = destination.field.clone();
                plan.subject.verdict(Problem::warning(Reason::ServiceNotFound, field, &*text))
            }));
        }
        backing
    }

    pub fn is_outdated(&self, plan: &VirtualServicePlan, changed: &HashSet<Key>) -> bool {
        let is_outdated = |destination: &Destination| match &destination.host {
            DestinationHost::Service(key) => changed.contains(key),
            DestinationHost::Elsewhere(_) => false,
        };
        !changed.is_empty() && plan.destinations.iter().any(is_outdated)
    }

    /// On destinations that the listener's port would have to choose a port of, and does not.
    pub fn undecided(&self, plan: &VirtualServicePlan, listener_port: u16) -> Vec<Verdict> {
        let of_one = |(destination, backed): (&Destination, &Backed)| {
            let Backed::ByListener { ports, none } = backed else { return None };
            if ports.contains_key(&listener_port) {
                return None;
            }
            let numbers: Vec<String> = ports.keys().map(ToString::to_string).collect();
            let text = format!(
                "{} has several ports and none is {listener_port}, the listener's; its requests get 503: write port: {{number: …}} with {}",
                none.service,
                numbers.join(" or ")
            );
            let field = destination.field.clone();
            Some(plan.subject.verdict(Problem::warning(Reason::ServiceNotFound, field, text)))
        };
        plan.destinations.iter().zip(&self.destinations).filter_map(of_one).collect()
    }

    pub fn targets(&self, shares: &[Share], listener_port: u16) -> Vec<ForwardTarget> {
        let target = |share: &Share| ForwardTarget {
            backend: self.backend(share.destination, listener_port),
            weight: share.weight,
            filters: share.filters.clone(),
        };
        shares.iter().map(target).collect()
    }

    pub(super) fn mirrors(&self, copies: &[Copies], listener_port: u16) -> Vec<Mirror> {
        let mirror = |copies: &Copies| Mirror {
            backend: self.backend(copies.destination, listener_port),
            share: copies.share,
        };
        copies.iter().map(mirror).collect()
    }

    fn backend(&self, destination: usize, listener_port: u16) -> Arc<Backend> {
        match &self.destinations[destination] {
            Backed::One(backend) => backend.clone(),
            Backed::ByListener { ports, none } => ports.get(&listener_port).unwrap_or(none).clone(),
        }
    }
}

/// The backend, and what is missing.
fn resolve(destination: &Destination, resolver: &mut Resolver<'_>) -> (Backed, Option<Arc<str>>) {
    let service = match &destination.host {
        DestinationHost::Service(service) => service,
        DestinationHost::Elsewhere(host) => {
            let text = format!(
                "{host} is no Service of this cluster; its requests get 503: write NAME.NAMESPACE.svc.cluster.local, or make it a Service of type ExternalName"
            );
            let object = ObjectRef::cluster("Host", host);
            return (Backed::One(nothing(object, destination.port)), Some(text.into()));
        }
    };
    let ports = resolver.ports_of(service);
    let mut of_port = |number: u16| {
        let written = ports.iter().find(|port| port.port == i32::from(number));
        let protocol = written.map_or(BackendProtocol::Http, protocol);
        let manner = Manner { protocol, balancing: Balancing::InTurn };
        resolver.resolve(service, &ServicePort::Number(number), manner)
    };
    let number = |port: &PortSpec| u16::try_from(port.port).ok();
    let only = match ports {
        [] => Some(80),
        [only] => number(only),
        _ => None,
    };
    if let Some(port) = destination.port.or(only) {
        let resolved = of_port(port);
        return (Backed::One(resolved.backend), resolved.missing);
    }
    let ports = ports.iter().filter_map(number);
    let ports = ports.map(|number| (number, of_port(number).backend)).collect();
    let object = ObjectRef::namespaced("Service", &service.namespace, &service.name);
    (Backed::ByListener { ports, none: nothing(object, None) }, None)
}

/// Answers 503.
fn nothing(service: ObjectRef, port: Option<u16>) -> Arc<Backend> {
    Arc::new(Backend {
        service,
        port: port.map_or("?".into(), |port| port.to_string().into()),
        protocol: BackendProtocol::Http,
        balancing: Balancing::InTurn,
        endpoints: Vec::new(),
    })
}

/// By `appProtocol`, or else by what the port's name begins with, as Istio chooses a protocol.
fn protocol(port: &PortSpec) -> BackendProtocol {
    let name = port.name.as_deref().unwrap_or_default();
    let by_name = name.split_once('-').map_or(name, |(protocol, _)| protocol);
    match port.app_protocol.as_deref().unwrap_or(by_name) {
        "grpc" | "http2" | "kubernetes.io/h2c" => BackendProtocol::Grpc,
        _ => BackendProtocol::Http,
    }
}
