//! Objects, faults and console changes as they are written, and back.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use model::{CertificateId, Dialect, ListenerKey, ObjectRef, Reason, State, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use translate::world::{Console, ConsoleEdit, Key, Object, Objects};

use crate::read::Kind;

/// What the source knows of an object; all of it decides whose claim is the older one.
#[derive(Deserialize, Serialize)]
pub struct Identity {
    /// Empty for cluster-scoped kinds.
    namespace: String,
    name: String,
    created: Timestamp,
    sequence: u64,
}

#[derive(Deserialize, Serialize)]
pub struct SavedObject<T> {
    pub identity: Identity,
    pub body: T,
}

impl Identity {
    pub fn of<T>(object: &Object<T>) -> Self {
        Self {
            namespace: object.reference.namespace.as_deref().unwrap_or_default().to_owned(),
            name: object.reference.name.to_string(),
            created: object.created,
            sequence: object.sequence,
        }
    }
}

impl<'a, T> SavedObject<&'a T> {
    pub fn of(object: &'a Object<T>) -> Self {
        Self { identity: Identity::of(object), body: &object.body }
    }
}

impl<T> SavedObject<T> {
    pub fn restore(self, kind: Kind, objects: &mut Objects<T>) {
        let Identity { namespace, name, created, sequence } = self.identity;
        // Objects come sorted, so that those of one namespace share its text.
        let last = objects.last_key_value().map(|(key, _)| &key.namespace);
        let namespace = match last.filter(|last| ***last == *namespace) {
            Some(shared) => shared.clone(),
            None => namespace.into(),
        };
        let key = Key { namespace, name: name.into() };
        let reference = ObjectRef {
            kind: kind.shared(),
            namespace: kind.is_namespaced().then(|| key.namespace.clone()),
            name: key.name.clone(),
        };
        let object = Object { reference, origin: None, created, sequence, body: self.body };
        objects.insert(key, Arc::new(object));
    }
}

#[derive(Deserialize, Serialize)]
pub struct SavedFault {
    kind: String,
    namespace: Option<String>,
    name: String,
    dialect: Option<Dialect>,
    state: State,
    reason: Reason,
    message: String,
    field: Option<String>,
}

impl SavedFault {
    pub fn of(verdict: &Verdict) -> Self {
        Self {
            kind: verdict.object.kind.to_string(),
            namespace: verdict.object.namespace.as_deref().map(str::to_owned),
            name: verdict.object.name.to_string(),
            dialect: verdict.dialect,
            state: verdict.state,
            reason: verdict.reason,
            message: verdict.message.clone(),
            field: verdict.field.clone(),
        }
    }

    /// `None` for one with a word that another version of Doorward knows: a verdict that is
    /// missing costs less than the World.
    pub fn restore(saved: Value) -> Option<Verdict> {
        let saved: Self = serde_json::from_value(saved).ok()?;
        Some(Verdict {
            object: ObjectRef {
                kind: saved.kind.into(),
                namespace: saved.namespace.map(Into::into),
                name: saved.name.into(),
            },
            dialect: saved.dialect,
            state: saved.state,
            reason: saved.reason,
            message: saved.message,
            field: saved.field,
            origin: None,
        })
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedConsole {
    read_only: BTreeMap<Arc<str>, bool>,
    defaults: BTreeMap<String, SavedEdit>,
    added: BTreeMap<String, Vec<SavedEdit>>,
    removed: BTreeMap<String, Vec<SavedEdit>>,
}

#[derive(Deserialize, Serialize)]
struct SavedEdit {
    id: String,
    generation: u64,
}

impl SavedConsole {
    pub fn of(console: &Console) -> Self {
        Self {
            read_only: console.read_only.clone(),
            defaults: by_text(&console.defaults, SavedEdit::of),
            added: by_text(&console.added, |edits| edits.iter().map(SavedEdit::of).collect()),
            removed: by_text(&console.removed, |edits| edits.iter().map(SavedEdit::of).collect()),
        }
    }

    pub fn restore(self) -> Console {
        let all = |edits: Vec<SavedEdit>| edits.into_iter().map(SavedEdit::restore).collect();
        Console {
            read_only: self.read_only,
            defaults: by_key(self.defaults, SavedEdit::restore),
            added: by_key(self.added, all),
            removed: by_key(self.removed, all),
        }
    }
}

impl SavedEdit {
    fn of(edit: &ConsoleEdit) -> Self {
        Self { id: edit.id.to_string(), generation: edit.generation }
    }

    fn restore(self) -> ConsoleEdit {
        ConsoleEdit { id: CertificateId::store(&self.id), generation: self.generation }
    }
}

fn by_text<A, B>(edits: &BTreeMap<ListenerKey, A>, save: impl Fn(&A) -> B) -> BTreeMap<String, B> {
    edits.iter().map(|(listener, edit)| (listener.to_string(), save(edit))).collect()
}

fn by_key<A, B>(saved: BTreeMap<String, A>, restore: impl Fn(A) -> B) -> BTreeMap<ListenerKey, B> {
    let parsed = saved.into_iter().map(|(listener, edit)| (listener.parse(), restore(edit)));
    parsed.filter_map(|(listener, edit)| Some((listener.ok()?, edit))).collect()
}
