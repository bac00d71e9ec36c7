//! From a Service port to the endpoints behind it, resolved once however many rules use it.

mod endpoints;
mod resolve;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use k8s_openapi::api::{
    core::v1::{Endpoints, Service, ServicePort as PortSpec},
    discovery::v1::EndpointSlice,
};
use model::{Backend, BackendProtocol, Balancing};

pub(crate) use resolve::ServicePort;

use crate::{
    World,
    dialect::Tracked,
    world::{Key, Object},
};
use endpoints::SlicesByService;

/// Every backend in use, and the objects it was made of.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    services: Tracked<Service, ()>,
    slices: Tracked<EndpointSlice, ()>,
    endpoints: Tracked<Endpoints, ()>,
    known: HashMap<Key, Vec<Known>, foldhash::fast::RandomState>,
}

#[derive(Debug)]
struct Known {
    port: ServicePort,
    manner: Manner,
    /// The Service or its endpoints changed since.
    stale: bool,
    resolved: Resolved,
}

/// How the endpoints of a backend are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub protocol: BackendProtocol,
    pub balancing: Balancing,
}

/// A backend is always there, if need be without endpoints, which answers 503.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub backend: Arc<Backend>,
    /// The Service or its port does not exist; names the cure.
    pub missing: Option<Arc<str>>,
}

impl Backends {
    /// Looks at what changed. Returns the Services whose backends must be asked for again.
    pub fn follow(&mut self, world: &World) -> HashSet<Key> {
        let mut changed = HashSet::new();
        self.services.follow(
            &world.services,
            |_| (),
            |service| {
                changed.insert(key_of(service));
            },
        );
        self.endpoints.follow(
            &world.endpoints,
            |_| (),
            |endpoints| {
                changed.insert(key_of(endpoints));
            },
        );
        self.slices.follow(
            &world.endpoint_slices,
            |_| (),
            |slice| {
                changed.extend(endpoints::service_of(slice));
            },
        );
        for service in &changed {
            for known in self.known.get_mut(service).into_iter().flatten() {
                known.stale = true;
            }
        }
        changed
    }

    /// Forgets backends that no rule holds any more.
    pub fn forget_unused(&mut self) {
        self.known.retain(|_, ports| {
            ports.retain(|known| Arc::strong_count(&known.resolved.backend) > 1);
            !ports.is_empty()
        });
    }

    pub fn resolver<'w>(&'w mut self, world: &'w World) -> Resolver<'w> {
        Resolver { backends: self, world, slices: None }
    }
}

/// Resolves Service ports within one run.
pub(crate) struct Resolver<'w> {
    backends: &'w mut Backends,
    world: &'w World,
    /// Built when the first backend has to be looked up.
    slices: Option<SlicesByService<'w>>,
}

impl<'w> Resolver<'w> {
    /// None for a Service that does not exist.
    pub fn ports_of(&self, service: &Key) -> &'w [PortSpec] {
        let spec = self.world.services.get(service).and_then(|found| found.body.spec.as_ref());
        spec.and_then(|spec| spec.ports.as_deref()).unwrap_or_default()
    }

    pub fn resolve(&mut self, service: &Key, port: &ServicePort, manner: Manner) -> Resolved {
        let known = self.backends.known.get(service).into_iter().flatten();
        let known = known.filter(|known| known.port == *port && known.manner == manner);
        let before = known.map(|known| (known.stale, &known.resolved)).next();
        if let Some((false, resolved)) = before {
            return resolved.clone();
        }
        let slices = self.slices.get_or_insert_with(|| SlicesByService::of(self.world));
        let resolved = resolve::resolve(self.world, slices, service, port, manner);
        let ports = match self.backends.known.get_mut(service) {
            Some(ports) => ports,
            None => self.backends.known.entry(service.clone()).or_default(),
        };
        let position = ports.iter().position(|k| k.port == *port && k.manner == manner);
        match position {
            // An equal backend keeps its pointer, so that rules made of it stay as they are.
            Some(position) => {
                let known = &mut ports[position];
                known.stale = false;
                if known.resolved != resolved {
                    known.resolved = resolved;
                }
                known.resolved.clone()
            }
            None => {
                let (port, resolved_too) = (port.clone(), resolved.clone());
                ports.push(Known { port, manner, stale: false, resolved });
                resolved_too
            }
        }
    }
}

fn key_of<T>(object: &Object<T>) -> Key {
    Key {
        namespace: object.reference.namespace.clone().unwrap_or_else(|| "".into()),
        name: object.reference.name.clone(),
    }
}

#[cfg(test)]
mod tests;
