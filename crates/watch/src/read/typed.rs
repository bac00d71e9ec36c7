//! Values to Kubernetes types, with the path of what does not fit.

use std::{hash::BuildHasher, sync::Arc};

use foldhash::fast::FixedState;
use jiff::Timestamp;
use model::{ObjectRef, Origin, Reason};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use translate::world::{Key, Object};

use super::{
    Kind,
    any_object::{AnyObject, NOT_ADMITTED, NOT_STATED, Watched},
};

/// What is known of an object before its body is read.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
    pub(crate) created: Option<Timestamp>,
    pub(crate) origin: Option<Origin>,
}

/// An object's field that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongField {
    pub(crate) field: String,
    pub(crate) message: String,
}

/// A field that the object could do without.
pub(crate) struct Warning {
    pub(crate) reason: Reason,
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Head {
    pub(crate) fn reference(&self) -> ObjectRef {
        let namespace = self.kind.is_namespaced().then(|| self.key.namespace.clone());
        ObjectRef { kind: self.kind.shared(), namespace, name: self.key.name.clone() }
    }

    /// The object as it is before it is admitted.
    pub(crate) fn object<T: Watched>(&self, body: T) -> AnyObject {
        T::wrap(Arc::new(Object {
            reference: self.reference(),
            origin: self.origin.clone(),
            created: self.created.unwrap_or(NOT_STATED),
            sequence: NOT_ADMITTED,
            body,
        }))
    }
}

/// Reads a body of type `T`; fields of a file that `T` does not have become warnings. An API
/// server has dropped what nobody knows, so its other fields are those of a newer version.
pub(crate) fn read<T: DeserializeOwned + Watched>(
    head: &Head,
    map: Map<String, Value>,
    warnings: &mut Vec<Warning>,
) -> Result<AnyObject, WrongField> {
    let body: T = deserialize(map, |field| {
        if head.origin.is_none() {
            return;
        }
        let kind = head.kind.as_str();
        warnings.push(Warning {
            reason: Reason::UnknownKey,
            message: format!("{field} is no field of {kind} and does nothing: check its spelling"),
            field,
        });
    })?;
    Ok(head.object(body))
}

/// Deserialises a value and tells the path of what does not fit, and of what is not known.
pub(crate) fn deserialize<T: DeserializeOwned>(
    map: Map<String, Value>,
    mut unknown: impl FnMut(String),
) -> Result<T, WrongField> {
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(Value::Object(map), &mut track);
    let read = serde_ignored::deserialize(tracked, |path| unknown(field_path(&path.to_string())));
    read.map_err(|error: serde_json::Error| {
        let field = track.path().to_string();
        let wrong: String = error.to_string().chars().take(200).collect();
        WrongField { message: format!("{field}: {wrong}"), field }
    })
}

/// `spec.?.tls.?.0.secretname` to `spec.tls[0].secretname`.
fn field_path(path: &str) -> String {
    let mut text = String::new();
    for part in path.split('.').filter(|part| *part != "?") {
        match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.extend(["[", part, "]"]),
            false if text.is_empty() => text.push_str(part),
            false => text.extend([".", part]),
        }
    }
    text
}

/// Drops what only servers and `kubectl apply` write, which is often most of an object, and
/// returns a digest of the rest: it stays the same while nothing changes but the status.
pub(crate) fn slim(map: &mut Map<String, Value>) -> u64 {
    map.remove("status");
    if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
        for of_server in ["managedFields", "resourceVersion", "generation"] {
            metadata.remove(of_server);
        }
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            annotations.retain(|key, _| !NOISE.contains(&key.as_str()));
        }
    }
    FixedState::default().hash_one(&*map)
}

/// Annotations that say nothing of the object: its last text, when its addresses last changed, and
/// the heartbeat of elections that are held on Endpoints.
const NOISE: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "control-plane.alpha.kubernetes.io/leader",
];

/// `metadata.creationTimestamp`, if it states one.
pub(crate) fn created(map: &Map<String, Value>) -> Option<Timestamp> {
    map.get("metadata")?.get("creationTimestamp")?.as_str()?.parse().ok()
}
