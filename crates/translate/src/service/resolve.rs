//! One Service port of one rule: which port of the Service it means, and what stands behind it.

use std::{fmt, sync::Arc};

use k8s_openapi::api::core::v1::{Service, ServicePort as PortSpec};
use model::{Backend, Endpoint, ObjectRef};

use super::{
    Manner, Resolved,
    endpoints::{self, SlicesByService},
};
use crate::{World, world::Key};

/// A Service's port as a rule writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ServicePort {
    Number(u16),
    Name(Arc<str>),
}

impl fmt::Display for ServicePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl ServicePort {
    fn is(&self, port: &PortSpec) -> bool {
        match self {
            Self::Number(number) => port.port == i32::from(*number),
            Self::Name(name) => port.name.as_deref() == Some(name),
        }
    }
}

pub(super) fn resolve(
    world: &World,
    slices: &SlicesByService<'_>,
    key: &Key,
    port: &ServicePort,
    manner: Manner,
) -> Resolved {
    let (endpoints, missing) = match look_up(world, slices, key, port) {
        Ok(endpoints) => (endpoints, None),
        Err(missing) => (Vec::new(), Some(missing.into())),
    };
    let service = ObjectRef {
        kind: "Service".into(),
        namespace: Some(key.namespace.clone()),
        name: key.name.clone(),
    };
    let Manner { protocol, balancing } = manner;
    let port = port.to_string().into();
    let backend = Backend { service, port, protocol, balancing, endpoints };
    Resolved { backend: Arc::new(backend), missing }
}

fn look_up(
    world: &World,
    slices: &SlicesByService<'_>,
    key: &Key,
    port: &ServicePort,
) -> Result<Vec<Endpoint>, String> {
    let Key { namespace, name } = key;
    let Some(service) = world.services.get(key) else {
        return Err(format!(
            "Service {namespace}/{name} not found; its requests get 503: create it, or correct the name"
        ));
    };
    let spec = service.body.spec.as_ref();
    let written = spec.iter().flat_map(|spec| spec.ports.iter().flatten()).find(|p| port.is(p));
    let external = spec
        .filter(|spec| spec.type_.as_deref() == Some("ExternalName"))
        .and_then(|spec| spec.external_name.as_deref());
    if let Some(host) = external {
        return external_port(port, written).map(|port| vec![Endpoint { host: host.into(), port }]).ok_or_else(
            || format!("Service {namespace}/{name} is an ExternalName without a port {port}: write the port's number"),
        );
    }
    match written {
        Some(written) => Ok(endpoints::endpoints(world, slices, key, &service.body, written)),
        None => Err(format!(
            "Service {namespace}/{name} has no port {port}; its requests get 503: use {}",
            ports_of(&service.body)
        )),
    }
}

/// An ExternalName Service need not list its ports; a number then stands for itself.
fn external_port(port: &ServicePort, written: Option<&PortSpec>) -> Option<u16> {
    match (written, port) {
        (Some(written), _) => u16::try_from(written.port).ok(),
        (None, ServicePort::Number(number)) => Some(*number),
        (None, ServicePort::Name(_)) => None,
    }
}

fn ports_of(service: &Service) -> String {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let ports: Vec<String> = ports
        .map(|port| match &port.name {
            Some(name) => format!("{} ({name})", port.port),
            None => port.port.to_string(),
        })
        .collect();
    match ports.as_slice() {
        [] => "a port after adding it to spec.ports".to_owned(),
        ports => ports.join(" or "),
    }
}
