//! CustomResourceDefinitions: what each makes appear, and the status that says it did.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    resource::{Definition, Resource},
    table::Column,
};

/// The kinds a CRD defines, one a served version.
pub(super) fn resources(definition: &Value) -> Vec<Resource> {
    let spec = &definition["spec"];
    let names = &spec["names"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&names["kind"]);
    let singular = names["singular"].as_str().map_or_else(|| kind.to_lowercase(), Into::into);
    let versions = spec["versions"].as_array().into_iter().flatten();
    versions
        .filter(|version| version["served"] == true)
        .map(|version| Resource {
            group: text(&spec["group"]),
            version: text(&version["name"]),
            plural: text(&names["plural"]),
            singular: singular.clone(),
            kind: kind.clone(),
            short_names: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            namespaced: spec["scope"] == "Namespaced",
            has_status: version["subresources"]["status"].is_object(),
            has_generation: true,
            definition: Definition::Custom {
                columns: Column::custom(&version["additionalPrinterColumns"]),
                schema: version["schema"]["openAPIV3Schema"].clone(),
            },
        })
        .collect()
}

/// Fills in what the server itself says of a CRD. Ours is established at once.
pub(super) fn establish(definition: &mut Value, now: Timestamp) {
    let names = definition["spec"]["names"].clone();
    let stored: Vec<_> = definition["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version["storage"] == true)
        .map(|version| version["name"].clone())
        .collect();
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        })
    };
    if definition["status"]["conditions"].is_null() {
        definition["status"] = json!({
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
        });
    }
    definition["status"]["acceptedNames"] = names;
    definition["status"]["storedVersions"] = stored.into();
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.into())).collect()
}
