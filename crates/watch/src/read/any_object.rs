//! One object of any kind that the World holds.

use std::{collections::btree_map::Entry, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::api::{
    core::v1::{Endpoints, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use model::{ObjectRef, Origin};
use translate::world::{
    Gateway, IngressClassParams, Issuer, Key, Object, Objects, Secret, VirtualService, World,
};

use super::Kind;

#[derive(Clone, Debug)]
pub enum AnyObject {
    AlbConfig(Arc<Object<serde_json::Value>>),
    EndpointSlice(Arc<Object<EndpointSlice>>),
    Endpoints(Arc<Object<Endpoints>>),
    Gateway(Arc<Object<Gateway>>),
    Ingress(Arc<Object<Ingress>>),
    IngressClass(Arc<Object<IngressClass>>),
    IngressClassParams(Arc<Object<IngressClassParams>>),
    Issuer(Arc<Object<Issuer>>),
    Secret(Arc<Object<Secret>>),
    Service(Arc<Object<Service>>),
    VirtualService(Arc<Object<VirtualService>>),
}

/// The sequence of the first object that a source admits.
pub const FIRST_SEQUENCE: u64 = NOT_ADMITTED + 1;
/// The sequence of an object that was read but not yet admitted to the World.
pub(super) const NOT_ADMITTED: u64 = 0;
/// The creation time of an object that states none and is not yet admitted.
pub(super) const NOT_STATED: Timestamp = Timestamp::MAX;

/// Does the same with an object of whichever kind.
macro_rules! with_object {
    ($any:expr, $object:ident => $body:expr) => {
        match $any {
            AnyObject::AlbConfig($object) => $body,
            AnyObject::EndpointSlice($object) => $body,
            AnyObject::Endpoints($object) => $body,
            AnyObject::Gateway($object) => $body,
            AnyObject::Ingress($object) => $body,
            AnyObject::IngressClass($object) => $body,
            AnyObject::IngressClassParams($object) => $body,
            AnyObject::Issuer($object) => $body,
            AnyObject::Secret($object) => $body,
            AnyObject::Service($object) => $body,
            AnyObject::VirtualService($object) => $body,
        }
    };
}

impl AnyObject {
    pub fn kind(&self) -> Kind {
        match self {
            Self::AlbConfig(_) => Kind::AlbConfig,
            Self::EndpointSlice(_) => Kind::EndpointSlice,
            Self::Endpoints(_) => Kind::Endpoints,
            Self::Gateway(_) => Kind::Gateway,
            Self::Ingress(_) => Kind::Ingress,
            Self::IngressClass(_) => Kind::IngressClass,
            Self::IngressClassParams(_) => Kind::IngressClassParams,
            Self::Issuer(_) => Kind::Issuer,
            Self::Secret(_) => Kind::Secret,
            Self::Service(_) => Kind::Service,
            Self::VirtualService(_) => Kind::VirtualService,
        }
    }

    pub fn key(&self) -> Key {
        with_object!(self, object => key_of(object))
    }

    pub fn origin(&self) -> Option<&Origin> {
        with_object!(self, object => object.origin.as_ref())
    }

    pub fn reference(&self) -> &ObjectRef {
        with_object!(self, object => &object.reference)
    }

    /// The object of this name in a World.
    pub fn find(world: &World, kind: Kind, key: &Key) -> Option<Self> {
        match kind {
            Kind::AlbConfig => world.alb_configs.get(key).cloned().map(Self::AlbConfig),
            Kind::EndpointSlice => world.endpoint_slices.get(key).cloned().map(Self::EndpointSlice),
            Kind::Endpoints => world.endpoints.get(key).cloned().map(Self::Endpoints),
            Kind::Gateway => world.gateways.get(key).cloned().map(Self::Gateway),
            Kind::Ingress => world.ingresses.get(key).cloned().map(Self::Ingress),
            Kind::IngressClass => world.ingress_classes.get(key).cloned().map(Self::IngressClass),
            Kind::IngressClassParams => {
                world.ingress_class_params.get(key).cloned().map(Self::IngressClassParams)
            }
            Kind::Issuer => world.issuers.get(key).cloned().map(Self::Issuer),
            Kind::Secret => world.secrets.get(key).cloned().map(Self::Secret),
            Kind::Service => world.services.get(key).cloned().map(Self::Service),
            Kind::VirtualService => {
                world.virtual_services.get(key).cloned().map(Self::VirtualService)
            }
        }
    }

    /// Takes the object of this name out of a World.
    pub fn remove(world: &mut World, kind: Kind, key: &Key) -> bool {
        match kind {
            Kind::AlbConfig => world.alb_configs.remove(key).is_some(),
            Kind::EndpointSlice => world.endpoint_slices.remove(key).is_some(),
            Kind::Endpoints => world.endpoints.remove(key).is_some(),
            Kind::Gateway => world.gateways.remove(key).is_some(),
            Kind::Ingress => world.ingresses.remove(key).is_some(),
            Kind::IngressClass => world.ingress_classes.remove(key).is_some(),
            Kind::IngressClassParams => world.ingress_class_params.remove(key).is_some(),
            Kind::Issuer => world.issuers.remove(key).is_some(),
            Kind::Secret => world.secrets.remove(key).is_some(),
            Kind::Service => world.services.remove(key).is_some(),
            Kind::VirtualService => world.virtual_services.remove(key).is_some(),
        }
    }

    /// The same object, now written at another line. It keeps its pointer only where it stayed.
    pub(crate) fn at(&self, origin: &Origin) -> Self {
        with_object!(self, object => match object.origin.as_ref() == Some(origin) {
            true => self.clone(),
            false => {
                let mut moved = Object::clone(object);
                moved.origin = Some(origin.clone());
                Watched::wrap(Arc::new(moved))
            }
        })
    }

    /// Takes the place of the object of this name, if there is one.
    pub fn replace_in(&self, world: &mut World) {
        with_object!(self, object => {
            Watched::of_mut(world).insert(key_of(object), object.clone());
        })
    }

    /// Gives a newly read object its place in time: that of the object it replaces, else the
    /// next.
    pub fn admit(&mut self, previous: &World, now: Timestamp, next: &mut u64) {
        with_object!(self, object => admit(object, previous, now, next));
    }

    /// Adds the object unless its name is taken; then says where the first one is written.
    pub fn insert_into(&self, world: &mut World) -> Result<(), Taken> {
        with_object!(self, object => {
            match Watched::of_mut(world).entry(key_of(object)) {
                Entry::Vacant(entry) => {
                    entry.insert(object.clone());
                    Ok(())
                }
                Entry::Occupied(entry) => Err(Taken { first: entry.get().origin.clone() }),
            }
        })
    }
}

/// Another object has the name already.
pub struct Taken {
    /// Where that one is written.
    pub first: Option<Origin>,
}

fn key_of<T>(object: &Object<T>) -> Key {
    let namespace = object.reference.namespace.clone().unwrap_or_default();
    Key { namespace, name: object.reference.name.clone() }
}

fn admit<T: Watched>(
    object: &mut Arc<Object<T>>,
    previous: &World,
    now: Timestamp,
    next: &mut u64,
) {
    if object.sequence != NOT_ADMITTED {
        return;
    }
    // Nobody else holds an object before it is admitted.
    let Some(new) = Arc::get_mut(object) else { return };
    let before = T::of(previous).get(&key_of(new));
    new.sequence = before.map_or(*next, |before| before.sequence);
    if before.is_none() {
        *next += 1;
    }
    if new.created == NOT_STATED {
        new.created = before.map_or(now, |before| before.created);
    }
}

/// A type that the World holds objects of.
pub(super) trait Watched: Clone {
    fn of(world: &World) -> &Objects<Self>;
    fn of_mut(world: &mut World) -> &mut Objects<Self>;
    fn wrap(object: Arc<Object<Self>>) -> AnyObject;
}

macro_rules! watched {
    ($($type:ty: $field:ident, $variant:ident;)*) => {$(
        impl Watched for $type {
            fn of(world: &World) -> &Objects<Self> {
                &world.$field
            }

            fn of_mut(world: &mut World) -> &mut Objects<Self> {
                &mut world.$field
            }

            fn wrap(object: Arc<Object<Self>>) -> AnyObject {
                AnyObject::$variant(object)
            }
        }
    )*};
}

watched! {
    serde_json::Value: alb_configs, AlbConfig;
    EndpointSlice: endpoint_slices, EndpointSlice;
    Endpoints: endpoints, Endpoints;
    Gateway: gateways, Gateway;
    Ingress: ingresses, Ingress;
    IngressClass: ingress_classes, IngressClass;
    IngressClassParams: ingress_class_params, IngressClassParams;
    Issuer: issuers, Issuer;
    Secret: secrets, Secret;
    Service: services, Service;
    VirtualService: virtual_services, VirtualService;
}
