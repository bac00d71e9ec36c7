//! The objects and their history, under one counter: what etcd is to the real server.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use serde_json::Value;

use super::resource::{Key, Resource};

/// Every object as it is, and every change there was.
pub(super) struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    history: Vec<Change>,
    revision: u64,
    /// What came before this revision is too old to ask for.
    compacted: u64,
}

/// One write. A deletion has no `after`; its `before` carries the revision of the deletion, as
/// watchers are to see it.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) revision: u64,
    pub(super) key: Key,
    pub(super) before: Option<Arc<Value>>,
    pub(super) after: Option<Arc<Value>>,
}

impl Store {
    pub(super) fn new() -> Self {
        // Clients read 0 as "any", so the first revision is not it.
        Self { objects: BTreeMap::new(), history: Vec::new(), revision: 1, compacted: 0 }
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// The objects of a kind, by namespace and name; of one namespace where it is named.
    pub(super) fn list(
        &self,
        resource: &Resource,
        namespace: &str,
    ) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.list_after(resource, namespace, None)
    }

    /// As [`Store::list`], of what comes after this key.
    pub(super) fn list_after(
        &self,
        resource: &Resource,
        namespace: &str,
        after: Option<Key>,
    ) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        let first = resource.key(namespace, "");
        let start = after.map_or(Bound::Included(first.clone()), Bound::Excluded);
        let of_one = resource.namespaced && !namespace.is_empty();
        self.objects.range((start, Bound::Unbounded)).take_while(move |(key, _)| {
            (&key.group, &key.plural) == (&first.group, &first.plural)
                && (!of_one || key.namespace == first.namespace)
        })
    }

    /// Every object there is.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.objects.iter()
    }

    /// Writes the object, under the next revision.
    pub(super) fn write(&mut self, key: Key, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), object.clone());
        let after = Some(object.clone());
        self.history.push(Change { revision: self.revision, key, before, after });
        object
    }

    /// Takes the object away, and gives it as it was last.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let mut last = Value::clone(&*self.objects.remove(key)?);
        self.revision += 1;
        last["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let last = Arc::new(last);
        let before = Some(last.clone());
        self.history.push(Change {
            revision: self.revision,
            key: key.clone(),
            before,
            after: None,
        });
        Some(last)
    }

    /// What changed after `revision`. An open watch is told all of it, whatever was compacted.
    pub(super) fn since(&self, revision: u64) -> &[Change] {
        let first = self.history.partition_point(|change| change.revision <= revision);
        &self.history[first..]
    }

    /// Whether a list or a watch may begin at `revision`.
    pub(super) fn knows(&self, revision: u64) -> bool {
        revision >= self.compacted
    }

    /// Makes every revision so far too old to begin at. One of its own comes after them, so that
    /// even who has seen everything is too late.
    pub(super) fn compact(&mut self) {
        self.revision += 1;
        self.compacted = self.revision;
    }
}
