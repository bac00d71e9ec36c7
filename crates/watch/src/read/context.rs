//! What reading needs besides the objects, shared by all of one source.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};
use translate::world::Key;

use super::Kind;

#[derive(Debug)]
pub struct Context {
    /// The namespace in which Secrets may carry ids of the certificate store.
    pub store_namespace: Arc<str>,
    pub(crate) pairs: x509::Reader,
    namespaces: Namespaces,
}

impl Context {
    pub fn new(store_namespace: Arc<str>) -> Self {
        Self { store_namespace, pairs: Default::default(), namespaces: Default::default() }
    }

    /// Namespace and name, if the object has a name.
    pub(crate) fn key_of(&self, kind: Kind, map: &Map<String, Value>) -> Option<Key> {
        let metadata = map.get("metadata")?;
        let name = metadata.get("name")?.as_str().filter(|name| !name.is_empty())?;
        let namespace = match kind.is_namespaced() {
            true => metadata.get("namespace").and_then(Value::as_str).unwrap_or("default"),
            false => "",
        };
        Some(Key { namespace: self.namespaces.shared(namespace), name: name.into() })
    }
}

/// One text for all objects of a namespace.
#[derive(Debug, Default)]
struct Namespaces(Mutex<HashSet<Arc<str>>>);

impl Namespaces {
    fn shared(&self, namespace: &str) -> Arc<str> {
        // A set has no state between statements that a panic could leave half done.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = known.get(namespace) {
            return shared.clone();
        }
        let shared: Arc<str> = namespace.into();
        known.insert(shared.clone());
        shared
    }
}
