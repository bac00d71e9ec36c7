//! Events have two groups and one storage: the core form and that of `events.k8s.io`, which
//! names some of the same fields otherwise.

use serde_json::Value;

use super::{merge, resource::Resource};

/// Core name, then the name in `events.k8s.io/v1`.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// A body as it is stored.
pub(super) fn stored(resource: &Resource, mut body: Value) -> Value {
    if is_other_form(resource) {
        if body["apiVersion"] == "events.k8s.io/v1" {
            body["apiVersion"] = "v1".into();
        }
        rename(&mut body, NAMES.map(|(core, other)| (other, core)));
    }
    body
}

/// A stored object as clients of this kind see it.
pub(super) fn shown(resource: &Resource, mut object: Value) -> Value {
    if is_other_form(resource) {
        object["apiVersion"] = "events.k8s.io/v1".into();
        rename(&mut object, NAMES);
    }
    object
}

fn is_other_form(resource: &Resource) -> bool {
    resource.is_event() && !resource.group.is_empty()
}

fn rename(object: &mut Value, names: [(&str, &str); 7]) {
    let fields = merge::as_object(object);
    for (from, to) in names {
        if let Some(value) = fields.remove(from) {
            fields.insert(to.into(), value);
        }
    }
}
