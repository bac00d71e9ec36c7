//! Remembers something about each object of one kind, for as long as the source hands the same
//! `Arc`. A walk over an unchanged kind compares pointers and nothing else.

use std::sync::Arc;

use crate::world::{Key, Object, Objects};

/// Sorted by key, as [`Objects`] is.
#[derive(Debug)]
pub(crate) struct Tracked<T, V> {
    pub entries: Vec<Entry<T, V>>,
}

#[derive(Debug)]
pub(crate) struct Entry<T, V> {
    pub key: Key,
    pub object: Arc<Object<T>>,
    pub value: V,
}

impl<T, V> Default for Tracked<T, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T, V> Tracked<T, V> {
    /// Follows `objects`: what is unchanged keeps its value, the rest gets a fresh one.
    /// `changed` sees every object that was there before or is there now, but not in both.
    pub fn follow(
        &mut self,
        objects: &Objects<T>,
        mut fresh: impl FnMut(&Object<T>) -> V,
        mut changed: impl FnMut(&Object<T>),
    ) {
        if self.is_same_as(objects) {
            return;
        }
        let mut old = std::mem::take(&mut self.entries).into_iter().peekable();
        self.entries.reserve(objects.len());
        for (key, object) in objects {
            if let Some(entry) = old.next_if(|entry| Arc::ptr_eq(&entry.object, object)) {
                self.entries.push(entry);
                continue;
            }
            while let Some(gone) = old.next_if(|entry| entry.key <= *key) {
                changed(&gone.object);
            }
            changed(object);
            let entry = Entry { key: key.clone(), object: object.clone(), value: fresh(object) };
            self.entries.push(entry);
        }
        for gone in old {
            changed(&gone.object);
        }
    }

    fn is_same_as(&self, objects: &Objects<T>) -> bool {
        self.entries.len() == objects.len()
            && self
                .entries
                .iter()
                .zip(objects.values())
                .all(|(entry, object)| Arc::ptr_eq(&entry.object, object))
    }
}
