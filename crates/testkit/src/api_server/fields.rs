//! Sets of fields, as `metadata.managedFields` writes them (`FieldsV1`).
//!
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::lists::{Lists, Merging};

/// From the top of an object down to one of its values.
pub(super) type Path = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A field of an object: `f:spec`.
    Field(String),
    /// The item of a list that has these key fields: `k:{"type":"Ready"}`. As JSON text.
    Item(String),
    /// The item of a set that is this value: `v:"finalizer"`. As JSON text.
    Member(String),
}

/// The paths of values that somebody owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(pub(super) BTreeSet<Path>);

impl Fields {
    /// Every value of the object that can be owned.
    pub(super) fn of(object: &Value, lists: &Lists) -> Self {
        let mut fields = Self::default();
        fields.add(object, lists, &mut Vec::new());
        fields.0.retain(is_ownable);
        fields
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this set has a path that is `path`, or above it, or below it.
    pub(super) fn touches(&self, path: &Path) -> bool {
        self.0.iter().any(|own| own.starts_with(path) || path.starts_with(own))
    }

    pub(super) fn parse(written: &Value) -> Self {
        let mut fields = Self::default();
        fields.read(written, &mut Vec::new());
        fields
    }

    pub(super) fn written(&self) -> Value {
        let mut tree = json!({});
        for path in &self.0 {
            let mut node = &mut tree;
            for (depth, step) in path.iter().enumerate() {
                // A set may hold an item and what is in it; only then is the item itself named.
                if depth > 0 && self.0.contains(&path[..depth]) {
                    node["."] = json!({});
                }
                let children = node.as_object_mut().expect("every node is made an object");
                node = children.entry(step.written()).or_insert_with(|| json!({}));
            }
        }
        tree
    }

    fn add(&mut self, value: &Value, lists: &Lists, path: &mut Path) {
        match (value, lists.merging(&dotted(path))) {
            (Value::Object(fields), _) if !fields.is_empty() => {
                for (name, value) in fields {
                    path.push(Step::Field(name.clone()));
                    self.add(value, lists, path);
                    path.pop();
                }
            }
            (Value::Array(items), Merging::ByKey(keys)) if !is_item(path) => {
                for item in items {
                    path.push(Step::item(item, &keys));
                    self.0.insert(path.clone());
                    self.add(item, lists, path);
                    path.pop();
                }
            }
            (Value::Array(items), Merging::AsSet) if !is_item(path) => {
                for item in items {
                    path.push(Step::Member(item.to_string()));
                    self.0.insert(path.clone());
                    path.pop();
                }
            }
            _ => drop(self.0.insert(path.clone())),
        }
    }

    fn read(&mut self, node: &Value, path: &mut Path) {
        let empty = Map::new();
        let children = node.as_object().unwrap_or(&empty);
        if (children.is_empty() || children.contains_key(".")) && !path.is_empty() {
            self.0.insert(path.clone());
        }
        for (step, child) in children {
            if let Some(step) = Step::parse(step) {
                path.push(step);
                self.read(child, path);
                path.pop();
            }
        }
    }
}

impl Step {
    pub(super) fn item(item: &Value, keys: &[String]) -> Self {
        let known_by: Map<_, _> = keys.iter().map(|key| (key.clone(), item[key].clone())).collect();
        Self::Item(Value::Object(known_by).to_string())
    }

    fn written(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Item(keys) => format!("k:{keys}"),
            Self::Member(value) => format!("v:{value}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        Some(match kind {
            "f" => Self::Field(rest.into()),
            "k" => Self::Item(rest.into()),
            "v" => Self::Member(rest.into()),
            _ => return None,
        })
    }
}

/// The value at the path.
pub(super) fn at<'a>(object: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Item(keys) => value.as_array()?.iter().find(|item| is_known_by(item, keys)),
        Step::Member(text) => value.as_array()?.iter().find(|item| is_member(item, text)),
    })
}

/// Takes the value at the path away, and what that leaves empty, unless it is `kept`.
pub(super) fn remove(object: &mut Value, path: &[Step], kept: &dyn Fn(&[Step]) -> bool) {
    remove_below(object, path, 0, kept);
}

fn remove_below(value: &mut Value, path: &[Step], depth: usize, kept: &dyn Fn(&[Step]) -> bool) {
    let Some(step) = path.get(depth) else { return };
    if depth + 1 < path.len() {
        let below = match step {
            Step::Field(name) => value.get_mut(name),
            Step::Item(keys) => value
                .as_array_mut()
                .and_then(|items| items.iter_mut().find(|item| is_known_by(item, keys))),
            Step::Member(_) => None,
        };
        let Some(below) = below else { return };
        remove_below(below, path, depth + 1, kept);
        if !is_hollow(below) || kept(&path[..=depth]) {
            return;
        }
    }
    match (step, value) {
        (Step::Field(name), Value::Object(fields)) => drop(fields.remove(name)),
        (Step::Item(keys), Value::Array(items)) => items.retain(|item| !is_known_by(item, keys)),
        (Step::Member(text), Value::Array(items)) => items.retain(|item| !is_member(item, text)),
        _ => {}
    }
}

/// As the messages of conflicts write it: `.spec.rules`, `.status.conditions[type="Ready"].status`.
pub(super) fn told(path: &[Step]) -> String {
    path.iter()
        .map(|step| match step {
            Step::Field(name) => format!(".{name}"),
            Step::Item(keys) => {
                let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let keys: Vec<_> =
                    keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("[{}]", keys.join(","))
            }
            Step::Member(value) => format!("[={value}]"),
        })
        .collect()
}

/// The names along the path, as [`Lists::merging`] takes them.
pub(super) fn dotted(path: &[Step]) -> String {
    let names: Vec<_> = path
        .iter()
        .filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.join(".")
}

pub(super) fn is_known_by(item: &Value, keys: &str) -> bool {
    let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
    keys.iter().all(|(key, value)| item[key] == *value)
}

fn is_member(item: &Value, text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|member| member == *item)
}

/// What names an object or is the server's own belongs to nobody.
fn is_ownable(path: &Path) -> bool {
    let name = |at: usize| match path.get(at) {
        Some(Step::Field(name)) => name.as_str(),
        _ => "",
    };
    match name(0) {
        "" | "apiVersion" | "kind" => false,
        "metadata" => matches!(
            name(1),
            "labels" | "annotations" | "finalizers" | "ownerReferences" | "generateName"
        ),
        _ => true,
    }
}

fn is_item(path: &[Step]) -> bool {
    !matches!(path.last(), None | Some(Step::Field(_)))
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
