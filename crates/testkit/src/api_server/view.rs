//! The form of an answer, as the `Accept` header asks: objects whole, their metadata alone, or
//! the table that `kubectl get` prints.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    events,
    resource::Resource,
    table::{self, Include},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Whole,
    Metadata,
    Table(Include),
}

impl View {
    /// The first form of the header that there is.
    pub(super) fn asked(accept: &str, include_object: &str) -> Self {
        let mut forms = accept.split(',').map(str::trim);
        let form = forms.find(|form| form.starts_with("application/json")).unwrap_or_default();
        let is = |what: &str| form.split(';').any(|part| part.trim() == what);
        if is("as=Table") {
            Self::Table(Include::parse(include_object))
        } else if is("as=PartialObjectMetadata") || is("as=PartialObjectMetadataList") {
            Self::Metadata
        } else {
            Self::Whole
        }
    }

    /// An answer about one object.
    pub(super) fn object(self, resource: &Resource, object: &Value, now: Timestamp) -> Value {
        match self {
            Self::Whole => events::shown(resource, object.clone()),
            Self::Metadata => metadata(object),
            Self::Table(include) => {
                let meta = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                table::table(resource, &[object], meta, include, now)
            }
        }
    }

    /// An answer that lists; `meta` is the list's own metadata.
    pub(super) fn list(
        self,
        resource: &Resource,
        objects: &[Arc<Value>],
        meta: Value,
        now: Timestamp,
    ) -> Value {
        let objects: Vec<&Value> = objects.iter().map(|object| &**object).collect();
        match self {
            Self::Whole => {
                let items: Vec<_> = objects
                    .into_iter()
                    .map(|object| {
                        let mut item = events::shown(resource, object.clone());
                        // The real server's items of built-in kinds do not repeat what the list
                        // says, and a client must cope.
                        if !resource.is_custom()
                            && let Some(fields) = item.as_object_mut()
                        {
                            fields.remove("apiVersion");
                            fields.remove("kind");
                        }
                        item
                    })
                    .collect();
                json!({
                    "kind": format!("{}List", resource.kind),
                    "apiVersion": resource.api_version(),
                    "metadata": meta,
                    "items": items,
                })
            }
            Self::Metadata => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": meta,
                "items": objects.into_iter().map(metadata).collect::<Vec<_>>(),
            }),
            Self::Table(include) => table::table(resource, &objects, meta, include, now),
        }
    }

    /// The object of a bookmark: a revision and nothing else.
    pub(super) fn bookmark(self, resource: &Resource, revision: u64, ends_initial: bool) -> Value {
        let (kind, api_version) = match self {
            Self::Metadata => ("PartialObjectMetadata".into(), "meta.k8s.io/v1".into()),
            _ => (resource.kind.clone(), resource.api_version()),
        };
        let mut meta = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if ends_initial {
            meta["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        json!({"kind": kind, "apiVersion": api_version, "metadata": meta})
    }
}

pub(super) fn metadata(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}
