//! The addresses behind a Service: its EndpointSlices, or else the older Endpoints object.

use std::collections::HashMap;

use k8s_openapi::api::{
    core::v1::{Endpoints, Service, ServicePort as PortSpec},
    discovery::v1::{EndpointPort, EndpointSlice},
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use model::Endpoint;

use crate::{
    World,
    world::{Key, Object},
};

const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Which slices belong to which Service.
pub(super) struct SlicesByService<'w>(
    HashMap<(&'w str, &'w str), Vec<&'w EndpointSlice>, foldhash::fast::RandomState>,
);

impl<'w> SlicesByService<'w> {
    pub fn of(world: &'w World) -> Self {
        let mut by_service = HashMap::<_, Vec<_>, _>::default();
        for (key, slice) in &world.endpoint_slices {
            if let Some(service) = service_name(&slice.body) {
                by_service.entry((&*key.namespace, service)).or_default().push(&slice.body);
            }
        }
        Self(by_service)
    }

    fn of_service<'a>(&'a self, service: &'a Key) -> &'a [&'w EndpointSlice] {
        self.0.get(&(&*service.namespace, &*service.name)).map_or(&[], Vec::as_slice)
    }
}

/// The Service that a slice names.
pub(super) fn service_of(slice: &Object<EndpointSlice>) -> Option<Key> {
    let namespace = slice.reference.namespace.as_deref().unwrap_or_default();
    service_name(&slice.body).map(|name| Key::new(namespace, name))
}

fn service_name(slice: &EndpointSlice) -> Option<&str> {
    slice.metadata.labels.as_ref()?.get(SERVICE_NAME).map(String::as_str)
}

/// The ready endpoints of one port, sorted and each once.
pub(super) fn endpoints(
    world: &World,
    slices: &SlicesByService<'_>,
    key: &Key,
    service: &Service,
    port: &PortSpec,
) -> Vec<Endpoint> {
    let slices = slices.of_service(key);
    // A manifest with a single port needs no port names to be understood.
    let single = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).count() == 1;
    let wanted = Wanted { port, single };
    let mut found = Vec::new();
    for slice in slices {
        add_slice(slice, &wanted, &mut found);
    }
    if slices.is_empty()
        && let Some(endpoints) = world.endpoints.get(key)
    {
        add_endpoints(&endpoints.body, &wanted, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

struct Wanted<'a> {
    port: &'a PortSpec,
    single: bool,
}

impl Wanted<'_> {
    /// Kubernetes ties a Service port to endpoint ports by name.
    fn is_named(&self, name: Option<&String>, count: usize) -> bool {
        let name = name.map_or("", String::as_str);
        name == self.port.name.as_deref().unwrap_or_default() || (self.single && count == 1)
    }

    /// What a slice without port numbers stands for: the port that the Service targets.
    fn target(&self) -> Option<u16> {
        let number = match &self.port.target_port {
            Some(IntOrString::Int(number)) => *number,
            Some(IntOrString::String(_)) => return None,
            None => self.port.port,
        };
        u16::try_from(number).ok()
    }
}

fn add_slice(slice: &EndpointSlice, wanted: &Wanted<'_>, found: &mut Vec<Endpoint>) {
    let ports: &[EndpointPort] = slice.ports.as_deref().unwrap_or_default();
    let numbers: Vec<u16> = ports
        .iter()
        .filter(|port| wanted.is_named(port.name.as_ref(), ports.len()))
        .filter_map(|port| match port.port {
            Some(number) => u16::try_from(number).ok(),
            None => wanted.target(),
        })
        .collect();
    for endpoint in &slice.endpoints {
        // The API's rule: an unknown readiness counts as ready.
        if endpoint.conditions.as_ref().and_then(|c| c.ready) == Some(false) {
            continue;
        }
        for address in &endpoint.addresses {
            found.extend(numbers.iter().map(|port| at(address, *port)));
        }
    }
}

fn add_endpoints(endpoints: &Endpoints, wanted: &Wanted<'_>, found: &mut Vec<Endpoint>) {
    for subset in endpoints.subsets.iter().flatten() {
        let ports = subset.ports.as_deref().unwrap_or_default();
        for port in ports.iter().filter(|port| wanted.is_named(port.name.as_ref(), ports.len())) {
            let Ok(number) = u16::try_from(port.port) else { continue };
            let addresses = subset.addresses.iter().flatten();
            found.extend(addresses.map(|address| at(&address.ip, number)));
        }
    }
}

fn at(host: &str, port: u16) -> Endpoint {
    Endpoint { host: host.into(), port }
}
