//! Whether two Worlds differ.

use std::sync::Arc;

use translate::world::{Objects, World};

/// Whether objects differ, and whether anything does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Objects that people write: all but endpoints, which come and go with pods.
    pub written: bool,
    pub objects: bool,
    pub any: bool,
}

/// Compares objects and faults, not what the console changed.
pub fn differ(a: &World, b: &World) -> Difference {
    let written = !(same(&a.ingress_classes, &b.ingress_classes)
        && same(&a.alb_configs, &b.alb_configs)
        && same(&a.ingresses, &b.ingresses)
        && same(&a.services, &b.services)
        && same(&a.gateways, &b.gateways)
        && same(&a.virtual_services, &b.virtual_services)
        && same(&a.issuers, &b.issuers)
        && same(&a.ingress_class_params, &b.ingress_class_params)
        && same(&a.secrets, &b.secrets));
    let objects = written
        || !(same(&a.endpoint_slices, &b.endpoint_slices) && same(&a.endpoints, &b.endpoints));
    Difference { written, objects, any: objects || a.faults != b.faults }
}

/// Pointers are compared: an object that did not change keeps its own.
fn same<T>(a: &Objects<T>, b: &Objects<T>) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|((a_key, a), (b_key, b))| Arc::ptr_eq(a, b) && a_key == b_key)
}
