//! What the server does to bodies of the kinds it knows: defaults, `stringData`, and those of its
//! checks that a controller runs into. Far from all of them.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{crd, events, failure::Failure, merge, names, resource::Resource};

/// Brings a body into the form that is stored.
pub(super) fn prepare(resource: &Resource, body: &mut Value) {
    drop_nulls(body);
    match resource.kind.as_str() {
        _ if resource.is_custom() => {}
        "Secret" => {
            if let Value::Object(texts) = body["stringData"].take() {
                for (key, text) in texts {
                    let text = text.as_str().unwrap_or_default();
                    body["data"][key] = BASE64_STANDARD.encode(text).into();
                }
            }
            drop(merge::as_object(body).remove("stringData"));
        }
        "Service" => {
            let ports = body["spec"]["ports"].as_array_mut();
            for port in ports.into_iter().flatten() {
                default(port, "protocol", json!("TCP"));
            }
        }
        _ => {}
    }
}

/// What a new object gets that its body did not say. It is nobody's: an apply that does not
/// repeat it keeps it.
pub(super) fn begin(resource: &Resource, body: &mut Value, now: Timestamp) {
    match resource.kind.as_str() {
        _ if resource.is_custom() => {}
        "Secret" => default(body, "type", json!("Opaque")),
        "Namespace" => {
            let name = names::text(body, "name").to_owned();
            body["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
            body["status"] = json!({"phase": "Active"});
        }
        "Service" => {
            default(&mut body["spec"], "type", json!("ClusterIP"));
            default(&mut body["spec"], "sessionAffinity", json!("None"));
            let ports = body["spec"]["ports"].as_array_mut();
            for port in ports.into_iter().flatten() {
                let number = port["port"].clone();
                default(port, "targetPort", number);
            }
        }
        "CustomResourceDefinition" => crd::establish(body, now),
        _ => {}
    }
}

/// What is always there, empty where nobody filled it.
pub(super) fn complete(resource: &Resource, object: &mut Value) {
    if matches!(resource.kind.as_str(), "Ingress" | "Service") && !resource.is_custom() {
        default(&mut object["status"], "loadBalancer", json!({}));
    }
}

/// The checks that a controller runs into.
pub(super) fn validate(
    resource: &Resource,
    old: Option<&Value>,
    new: &Value,
) -> Result<(), Failure> {
    let invalid = |field: &str, why: &str| {
        Err(Failure::invalid(resource, names::text(new, "name"), field, why))
    };
    match resource.kind.as_str() {
        _ if resource.is_custom() => {}
        "Secret" => {
            for (key, value) in new["data"].as_object().into_iter().flatten() {
                let text = value.as_str();
                if text.is_none_or(|text| BASE64_STANDARD.decode(text).is_err()) {
                    let why = format!("illegal base64 data in Secret data key {key:?}");
                    return Err(Failure::bad_request(why));
                }
            }
            if old.is_some_and(|old| old["type"] != new["type"]) {
                return invalid("type", "Invalid value: field is immutable");
            }
            if new["type"] == "kubernetes.io/tls" {
                for key in ["tls.crt", "tls.key"] {
                    if new["data"][key].is_null() {
                        return invalid(&format!("data[{key}]"), "Required value");
                    }
                }
            }
        }
        _ if resource.is_event() => {
            if let Some((field, why)) = events::objection(resource, old, new) {
                return invalid(&field, &why);
            }
        }
        _ => {}
    }
    Ok(())
}

fn default(object: &mut Value, field: &str, value: Value) {
    let fields = merge::as_object(object);
    if fields.get(field).is_none_or(Value::is_null) {
        fields.insert(field.into(), value);
    }
}

/// A null in an object's body is as good as nothing.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
