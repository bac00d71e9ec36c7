//! Which lists merge and by what: a list is one value, unless its kind says otherwise.
//!
//! For built-in kinds the markers `listType` and `listMapKey` of the API types; for custom ones
//! `x-kubernetes-list-type` and `x-kubernetes-list-map-keys` of their schema.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>

use serde_json::Value;

use super::resource::{Definition, Resource};

/// The lists of one kind.
pub(super) struct Lists<'a> {
    resource: &'a Resource,
}

/// How a list takes what is applied to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Merging {
    /// As one value.
    Whole,
    /// As a set of values.
    AsSet,
    /// Item by item, each known by these fields.
    ByKey(Vec<String>),
}

impl<'a> Lists<'a> {
    pub(super) fn of(resource: &'a Resource) -> Self {
        Self { resource }
    }

    /// `path` is the names from the top joined by dots; items of lists add none.
    pub(super) fn merging(&self, path: &str) -> Merging {
        let by = |keys: &[&str]| Merging::ByKey(keys.iter().map(|&key| key.into()).collect());
        match (path, &self.resource.definition) {
            ("metadata.finalizers", _) => Merging::AsSet,
            ("metadata.ownerReferences", _) => by(&["uid"]),
            (path, Definition::Custom { schema, .. }) => custom(schema, path),
            ("status.conditions", _) => by(&["type"]),
            ("spec.ports", _) if self.resource.kind == "Service" => by(&["port", "protocol"]),
            (path, _) => match in_pod(path) {
                "containers" | "volumes" | "containers.env" => by(&["name"]),
                "containers.ports" => by(&["containerPort", "protocol"]),
                "containers.volumeMounts" => by(&["mountPath"]),
                _ => Merging::Whole,
            },
        }
    }
}

/// The path below the spec of a Pod, or of a Pod that another kind describes.
fn in_pod(path: &str) -> &str {
    let path = path.strip_prefix("spec.template.").unwrap_or(path);
    path.strip_prefix("spec.").unwrap_or_default()
}

fn custom(schema: &Value, path: &str) -> Merging {
    let field = path.split('.').fold(schema, |schema, name| {
        let inside = if schema["items"].is_object() { &schema["items"] } else { schema };
        match &inside["properties"][name] {
            Value::Null => &inside["additionalProperties"],
            property => property,
        }
    });
    match field["x-kubernetes-list-type"].as_str() {
        Some("set") => Merging::AsSet,
        Some("map") => {
            let keys = field["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
            Merging::ByKey(keys.filter_map(|key| Some(key.as_str()?.into())).collect())
        }
        _ => Merging::Whole,
    }
}
