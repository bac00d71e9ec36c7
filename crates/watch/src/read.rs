//! One object to what the World holds of it, whether it was written in a file or comes from an
//! API server.
//!
//! The sources find objects, and decide when a World is published; how an object is understood
//! is decided here, once for all of them.

mod any_object;
mod context;
mod kind;
mod secret;
mod store_ids;
mod typed;
mod world;

use k8s_openapi::api::{
    core::v1::{Endpoints, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use model::{ObjectRef, Origin, Reason, Verdict};
use serde_json::{Map, Value};
use translate::world::{Gateway, IngressClassParams, Issuer, Key, VirtualService};

pub use any_object::{AnyObject, FIRST_SEQUENCE, Taken};
pub use context::Context;
pub use kind::{Kind, Recognised};
pub use secret::{CERTIFICATE_ID, ISSUED_AS, ISSUED_BY};
pub(crate) use secret::{Place, TLS, stapled, validated};
pub use store_ids::settle_store_ids;
pub use world::{Difference, differ};

use typed::Head;

/// An object that is named but not yet read.
#[derive(Debug)]
pub struct Unread {
    head: Head,
    digest: u64,
    map: Map<String, Value>,
}

/// What reading an object came to.
#[derive(Debug)]
pub struct Read {
    /// A verdict where it cannot be used; then its last good state stays.
    pub object: Result<AnyObject, Verdict>,
    /// Fields that it could do without.
    pub warnings: Vec<Verdict>,
}

impl Unread {
    /// `None` if the object has no name. Objects of an API server have no origin.
    pub fn new(
        kind: Kind,
        mut map: Map<String, Value>,
        origin: Option<&Origin>,
        context: &Context,
    ) -> Option<Self> {
        let key = context.key_of(kind, &map)?;
        let digest = typed::slim(&mut map);
        let created = typed::created(&map);
        let head = Head { kind, key, created, origin: origin.cloned() };
        Some(Self { head, digest, map })
    }

    pub fn key(&self) -> &Key {
        &self.head.key
    }

    pub fn reference(&self) -> ObjectRef {
        self.head.reference()
    }

    /// Of everything that matters: an equal one need not be read again.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    pub fn read(self, context: &Context) -> Read {
        let Self { head, map, .. } = self;
        let mut warnings = Vec::new();
        let read = match head.kind {
            Kind::AlbConfig => Ok(head.object(Value::Object(map))),
            Kind::EndpointSlice => typed::read::<EndpointSlice>(&head, map, &mut warnings),
            Kind::Endpoints => typed::read::<Endpoints>(&head, map, &mut warnings),
            Kind::Gateway => Ok(head.object(Gateway(Value::Object(map)))),
            Kind::Ingress => typed::read::<Ingress>(&head, map, &mut warnings),
            Kind::IngressClass => typed::read::<IngressClass>(&head, map, &mut warnings),
            Kind::IngressClassParams => Ok(head.object(IngressClassParams(Value::Object(map)))),
            Kind::Issuer => Ok(head.object(Issuer(Value::Object(map)))),
            Kind::Secret => secret::read(map, &head.key, context, &mut warnings)
                .map(|secret| head.object(secret)),
            Kind::Service => typed::read::<Service>(&head, map, &mut warnings),
            Kind::VirtualService => Ok(head.object(VirtualService(Value::Object(map)))),
        };
        let object = read.map_err(|wrong| {
            Verdict::rejected(head.reference(), Reason::InvalidField, wrong.message)
                .at(wrong.field)
                .from_origin(head.origin.clone())
        });
        let warnings = warnings.into_iter().map(|warning| {
            Verdict::warning(head.reference(), warning.reason, warning.message)
                .at(warning.field)
                .from_origin(head.origin.clone())
        });
        Read { object, warnings: warnings.collect() }
    }
}

#[cfg(test)]
mod tests;
