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

/// What is wrong with a stored Event that a client of this kind writes: the field, and why.
pub(super) fn objection(
    resource: &Resource,
    old: Option<&Value>,
    new: &Value,
) -> Option<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, about) =
        (text(&new["metadata"]["namespace"]), text(&new["involvedObject"]["namespace"]));
    // An Event about an object of the whole cluster lives in a namespace of the system.
    let fits = match about.as_str() {
        "" => matches!(namespace.as_str(), "default" | "kube-system"),
        about => about == namespace,
    };
    if !fits {
        let why = format!("Invalid value: \"{about}\": does not match event.namespace");
        return Some(("involvedObject.namespace".into(), why));
    }
    if !is_other_form(resource) {
        return None;
    }
    let Some(old) = old else {
        let needed =
            ["eventTime", "reportingComponent", "reportingInstance", "action", "reason", "type"];
        let missing = needed.into_iter().find(|&field| text(&new[field]).is_empty())?;
        return Some((missing.into(), "Required value".into()));
    };
    let fixed = |event: &Value| {
        let fields = event.as_object().into_iter().flatten();
        let fixed = fields.filter(|(name, _)| !matches!(name.as_str(), "series" | "metadata"));
        fixed.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    (fixed(old) != fixed(new)).then(|| {
        ("event".into(), "Invalid value: only the series may change: field is immutable".into())
    })
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
