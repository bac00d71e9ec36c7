//! Objects as they come over the wire. Reading one never fails: an object that makes no sense
//! must not cost the page or the watch that it comes with.

use std::{borrow::Cow, fmt};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::DynamicResourceScope, discovery::ApiResource};
use report::LiveObject;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use translate::world::Key;

/// The field manager of everything that Doorward applies.
const FIELD_MANAGER: &str = "doorward";

/// A whole object, its status apart.
#[derive(Clone)]
pub(super) struct Raw {
    meta: ObjectMeta,
    pub(super) map: Map<String, Value>,
    status: Value,
    is_ours: bool,
}

/// Only the name of an object: nothing else is asked of the API server.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    meta: ObjectMeta,
}

impl Raw {
    /// What a report compares with. Another digest is another revision.
    pub(super) fn live(&self, digest: u64) -> LiveObject {
        LiveObject {
            uid: self.meta.uid.as_deref().unwrap_or_default().into(),
            revision: digest,
            status: self.status.clone(),
            is_ours: self.is_ours,
        }
    }

    /// The addresses of a Service: those of its load balancer, and those set by hand.
    pub(super) fn addresses(&self) -> Option<Value> {
        let status = self.status.get("loadBalancer").and_then(|status| status.get("ingress"));
        let mut addresses = status.and_then(Value::as_array).cloned().unwrap_or_default();
        let spec = self.map.get("spec").and_then(|spec| spec.get("externalIPs"));
        for address in spec.and_then(Value::as_array).into_iter().flatten() {
            if !addresses.iter().any(|known| known.get("ip") == Some(address)) {
                addresses.push(serde_json::json!({ "ip": address }));
            }
        }
        (!addresses.is_empty()).then(|| serde_json::json!({ "ingress": addresses }))
    }
}

/// What both know of themselves.
macro_rules! named {
    ($type:ty) => {
        impl $type {
            pub(super) fn key(&self) -> Option<Key> {
                let namespace = self.meta.namespace.as_deref().unwrap_or_default();
                Some(Key::new(namespace, self.meta.name.as_deref()?))
            }

            pub(super) fn resource_version(&self) -> &str {
                self.meta.resource_version.as_deref().unwrap_or_default()
            }
        }
    };
}

named!(Raw);
named!(Mark);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = map_of(deserializer)?;
        // Items of a list come without them.
        map.remove("apiVersion");
        map.remove("kind");
        let status = map.remove("status").unwrap_or_default();
        let managers = map.get_mut("metadata").and_then(|meta| meta.get_mut("managedFields"));
        let is_ours = managers.map(Value::take).is_some_and(|managers| owns_status(&managers));
        Ok(Self { meta: meta_of(&map), map, status, is_ours })
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { meta: meta_of(&map_of(deserializer)?) })
    }
}

fn map_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Object(map) => map,
        _ => Map::new(),
    })
}

/// No more of the metadata than kube's watcher needs.
fn meta_of(map: &Map<String, Value>) -> ObjectMeta {
    let text = |key: &str| map.get("metadata")?.get(key)?.as_str().map(str::to_owned);
    ObjectMeta {
        name: text("name"),
        namespace: text("namespace"),
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        ..ObjectMeta::default()
    }
}

fn owns_status(managers: &Value) -> bool {
    managers.as_array().into_iter().flatten().any(|entry| {
        let owned = entry.get("fieldsV1").and_then(|fields| fields.get("f:status"));
        owned.is_some() && entry.get("manager").and_then(Value::as_str) == Some(FIELD_MANAGER)
    })
}

/// The content may be a Secret's.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("meta", &self.meta).finish_non_exhaustive()
    }
}

macro_rules! dynamic_resource {
    ($type:ty, metadata_only: $metadata_only:literal) => {
        impl Resource for $type {
            type DynamicType = ApiResource;
            type Scope = DynamicResourceScope;

            fn kind(resource: &ApiResource) -> Cow<'_, str> {
                (&*resource.kind).into()
            }

            fn group(resource: &ApiResource) -> Cow<'_, str> {
                (&*resource.group).into()
            }

            fn version(resource: &ApiResource) -> Cow<'_, str> {
                (&*resource.version).into()
            }

            fn plural(resource: &ApiResource) -> Cow<'_, str> {
                (&*resource.plural).into()
            }

            fn metadata_api() -> bool {
                $metadata_only
            }

            fn meta(&self) -> &ObjectMeta {
                &self.meta
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.meta
            }
        }
    };
}

dynamic_resource!(Raw, metadata_only: false);
dynamic_resource!(Mark, metadata_only: true);
