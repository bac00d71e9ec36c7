//! One request to write, and what it does to the parts of an object that are not its body's to
//! say: identity, status, generation, owners.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    apply::Apply,
    lists::Lists,
    managed::{Id, Managers, Operation, Update},
    merge, names,
    resource::Resource,
};

/// One request to write: which object, by whom, and when.
pub(super) struct Write<'a> {
    pub(super) resource: &'a Resource,
    pub(super) namespace: &'a str,
    /// `""` in a request to create.
    pub(super) name: &'a str,
    /// Whether it is to `…/status`.
    pub(super) status: bool,
    pub(super) manager: &'a str,
    pub(super) dry_run: bool,
    pub(super) now: Timestamp,
}

impl Write<'_> {
    fn id(&self, operation: Operation) -> Id {
        let subresource = if self.status { "status" } else { "" };
        Id { name: self.manager.into(), operation, subresource: subresource.into() }
    }

    pub(super) fn apply(&self, force: bool) -> Apply {
        Apply {
            by: self.id(Operation::Apply),
            api_version: self.resource.api_version(),
            force,
            now: self.now,
        }
    }

    /// Of an applied object what this request may touch: the status alone, or all but it.
    pub(super) fn part_of(&self, mut body: Value) -> Value {
        let fields = merge::as_object(&mut body);
        if self.status {
            fields.retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "status"));
        } else if self.resource.has_status {
            fields.remove("status");
        }
        body
    }

    /// `body` with what is the server's own as `old` has it.
    pub(super) fn identified(&self, old: &Value, mut body: Value) -> Value {
        body["apiVersion"] = old["apiVersion"].clone();
        body["kind"] = old["kind"].clone();
        let metadata = merge::as_object(&mut body["metadata"]);
        for field in names::OWN {
            match old["metadata"].get(field) {
                Some(value) => drop(metadata.insert(field.into(), value.clone())),
                None => drop(metadata.remove(field)),
            }
        }
        body
    }

    /// One more where what is wanted differs: the spec, or of a custom kind all but metadata
    /// and status.
    pub(super) fn count_generation(&self, old: Option<&Value>, new: &mut Value) {
        if !self.resource.has_generation {
            return;
        }
        let Some(old) = old else {
            new["metadata"]["generation"] = 1.into();
            return;
        };
        let wanted = |object: &Value| {
            let mut object = object.clone();
            let fields = merge::as_object(&mut object);
            fields.remove("metadata");
            if self.resource.has_status {
                fields.remove("status");
            }
            object
        };
        if wanted(old) != wanted(new) {
            let generation = old["metadata"]["generation"].as_u64().unwrap_or(1);
            new["metadata"]["generation"] = (generation + 1).into();
        }
    }

    /// Notes who owns what: as an apply says it, else whoever changed it.
    pub(super) fn track(&self, old: Option<&Value>, new: &mut Value, applied: Option<Managers>) {
        let managers = applied.unwrap_or_else(|| {
            let update = Update {
                old,
                new,
                by: &self.id(Operation::Update),
                api_version: &self.resource.api_version(),
                now: self.now,
            };
            let mut managers = Managers::of(old.unwrap_or(&Value::Null));
            managers.follow(&update, &Lists::of(self.resource));
            managers
        });
        new["metadata"]["managedFields"] = managers.written();
    }
}

pub(super) fn replace_status(object: &mut Value, status: Value) {
    match status {
        Value::Null => drop(merge::as_object(object).remove("status")),
        status => object["status"] = status,
    }
}
