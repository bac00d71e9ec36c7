//! Who owns which field: `metadata.managedFields`, kept at every write.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    fields::{self, Fields},
    lists::Lists,
};

/// All owners of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Managers(pub(super) Vec<Manager>);

/// One owner, as `managedFields` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manager {
    pub(super) id: Id,
    pub(super) api_version: String,
    pub(super) fields: Fields,
    pub(super) time: String,
}

/// By what owners are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) name: String,
    pub(super) operation: Operation,
    /// `""` or `status`.
    pub(super) subresource: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Apply,
    Update,
}

impl Managers {
    pub(super) fn of(object: &Value) -> Self {
        let entries = object["metadata"]["managedFields"].as_array();
        Self(entries.into_iter().flatten().map(Manager::parse).collect())
    }

    pub(super) fn find(&self, id: &Id) -> Option<&Manager> {
        self.0.iter().find(|manager| manager.id == *id)
    }

    /// Sets what one of them owns. Its time moves only when that changes.
    pub(super) fn set(&mut self, id: &Id, api_version: &str, fields: Fields, now: Timestamp) {
        match self.0.iter_mut().find(|manager| manager.id == *id) {
            Some(manager) if manager.fields == fields => {}
            Some(manager) => {
                manager.fields = fields;
                manager.api_version = api_version.into();
                manager.time = written(now);
            }
            None => self.0.push(Manager {
                id: id.clone(),
                api_version: api_version.into(),
                fields,
                time: written(now),
            }),
        }
        self.0.retain(|manager| !manager.fields.is_empty());
    }

    /// What a write that is no apply means: who changes a value owns it from then on.
    pub(super) fn follow(&mut self, change: &Update, lists: &Lists) {
        let before = change.old.map(|old| Fields::of(old, lists)).unwrap_or_default();
        let after = Fields::of(change.new, lists);
        let is_kept = |path: &fields::Path| {
            change.old.is_some_and(|old| fields::at(old, path) == fields::at(change.new, path))
        };
        let changed: Vec<_> = after.0.iter().filter(|&path| !is_kept(path)).cloned().collect();
        let gone: Vec<_> = before.0.difference(&after.0).collect();
        for manager in &mut self.0 {
            let is_own = manager.id == *change.by;
            manager
                .fields
                .0
                .retain(|path| !gone.contains(&path) && (is_own || !changed.contains(path)));
        }
        let mut own =
            self.find(change.by).map(|manager| manager.fields.clone()).unwrap_or_default();
        own.0.extend(changed);
        self.set(change.by, change.api_version, own, change.now);
    }

    pub(super) fn written(&self) -> Value {
        self.0.iter().map(Manager::written).collect()
    }
}

/// A write that is no apply, as [`Managers::follow`] is told of it.
pub(super) struct Update<'a> {
    pub(super) old: Option<&'a Value>,
    pub(super) new: &'a Value,
    pub(super) by: &'a Id,
    pub(super) api_version: &'a str,
    pub(super) now: Timestamp,
}

impl Manager {
    fn parse(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        Self {
            id: Id {
                name: text("manager"),
                operation: match entry["operation"] == "Apply" {
                    true => Operation::Apply,
                    false => Operation::Update,
                },
                subresource: text("subresource"),
            },
            api_version: text("apiVersion"),
            fields: Fields::parse(&entry["fieldsV1"]),
            time: text("time"),
        }
    }

    fn written(&self) -> Value {
        let mut entry = json!({
            "manager": self.id.name,
            "operation": match self.id.operation {
                Operation::Apply => "Apply",
                Operation::Update => "Update",
            },
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.written(),
        });
        if !self.id.subresource.is_empty() {
            entry["subresource"] = self.id.subresource.as_str().into();
        }
        entry
    }
}

/// To the second, as the server writes times.
pub(super) fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
