//! Server-side apply: what a manager applies it owns, and what it applies no more goes.
//!
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/>

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    failure::Failure,
    fields::{self, Fields, Path, Step},
    lists::{Lists, Merging},
    managed::{Id, Managers, Operation},
    merge::{as_array, as_object},
};

/// One apply request.
pub(super) struct Apply {
    pub(super) by: Id,
    pub(super) api_version: String,
    /// Takes fields from other managers instead of refusing.
    pub(super) force: bool,
    pub(super) now: Timestamp,
}

impl Apply {
    /// The object after it, with its owners. `live` has only what this request may touch.
    pub(super) fn to(
        &self,
        live: &Value,
        applied: &Value,
        lists: &Lists,
    ) -> Result<(Value, Managers), Failure> {
        let mut managers = Managers::of(live);
        let owned = Fields::of(applied, lists);
        let mut object = live.clone();
        combine(&mut object, applied, lists, "");

        let lost: Vec<_> =
            owned.0.iter().filter(|p| fields::at(live, p) != fields::at(&object, p)).collect();
        let conflicts = self.conflicts(&managers, &lost);
        if !conflicts.is_empty() && !self.force {
            return Err(refusal(&conflicts));
        }
        for manager in managers.0.iter_mut().filter(|manager| manager.id != self.by) {
            manager.fields.0.retain(|path| !lost.iter().any(|lost| touch(lost, path)));
        }

        let before =
            managers.find(&self.by).map(|manager| manager.fields.clone()).unwrap_or_default();
        let is_anothers = |path: &[Step]| {
            let mut others = managers.0.iter().filter(|manager| manager.id != self.by);
            others.any(|manager| manager.fields.0.contains(path))
        };
        for path in before.0.difference(&owned.0) {
            // A map that was empty and now has content is still wanted.
            let is_wanted = owned.0.iter().any(|own| own.starts_with(path));
            if !is_anothers(path) && !is_wanted {
                let kept = |path: &[Step]| owned.0.contains(path) || is_anothers(path);
                fields::remove(&mut object, path, &kept);
            }
        }
        managers.set(&self.by, &self.api_version, owned, self.now);
        Ok((object, managers))
    }

    fn conflicts(&self, managers: &Managers, lost: &[&Path]) -> Vec<Conflict> {
        let others = managers.0.iter().filter(|manager| manager.id != self.by);
        others
            .flat_map(|manager| {
                let taken = lost.iter().filter(|path| manager.fields.touches(path));
                taken.map(|path| {
                    let id = &manager.id;
                    let mut with = format!("\"{}\"", id.name);
                    if !id.subresource.is_empty() {
                        with += &format!(" with subresource \"{}\"", id.subresource);
                    }
                    if id.operation == Operation::Update {
                        with += &format!(" using {}", manager.api_version);
                    }
                    Conflict { with, field: fields::told(path) }
                })
            })
            .collect()
    }
}

struct Conflict {
    with: String,
    field: String,
}

fn refusal(conflicts: &[Conflict]) -> Failure {
    let many = if conflicts.len() == 1 { "conflict" } else { "conflicts" };
    let listed: Vec<_> =
        conflicts.iter().map(|c| format!("conflict with {}: {}", c.with, c.field)).collect();
    let message = format!("Apply failed with {} {many}: {}", conflicts.len(), listed.join("\n"));
    let causes = conflicts.iter().map(|conflict| {
        json!({
            "reason": "FieldManagerConflict",
            "message": format!("conflict with {}", conflict.with),
            "field": conflict.field,
        })
    });
    Failure::new(StatusCode::CONFLICT, message).caused_by(causes.collect())
}

/// Lays what is applied over what is there.
fn combine(target: &mut Value, applied: &Value, lists: &Lists, path: &str) {
    match (applied, lists.merging(path)) {
        (Value::Object(applied), _) => {
            let target = as_object(target);
            for (name, value) in applied {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                combine(target.entry(name).or_insert(Value::Null), value, lists, &below);
            }
        }
        (Value::Array(items), Merging::ByKey(keys)) => {
            let target = as_array(target);
            for item in items {
                let step = Step::item(item, &keys);
                match target.iter_mut().find(|there| Step::item(there, &keys) == step) {
                    Some(there) => combine(there, item, lists, path),
                    None => target.push(item.clone()),
                }
            }
        }
        (Value::Array(items), Merging::AsSet) => {
            let target = as_array(target);
            for item in items {
                if !target.contains(item) {
                    target.push(item.clone());
                }
            }
        }
        _ => *target = applied.clone(),
    }
}

fn touch(a: &Path, b: &Path) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
