//! The little of `/openapi/v3` that `kubectl` reads before it sends: that every kind's PATCH takes
//! `fieldValidation`, so that the server is left to check the fields. There are no schemas.

use serde_json::{Map, Value, json};

use super::resource::Resource;

pub(super) fn answer(kinds: &[Resource], path: &str) -> Option<Value> {
    let path = path.trim_end_matches('/').strip_prefix("/openapi/v3")?;
    if path.is_empty() {
        let paths: Map<_, _> = kinds
            .iter()
            .map(|kind| {
                let prefix = prefix(kind);
                let place = json!({"serverRelativeURL": format!("/openapi/v3/{prefix}")});
                (prefix, place)
            })
            .collect();
        return Some(json!({"paths": paths}));
    }
    let wanted = path.strip_prefix('/')?;
    let paths: Map<_, _> = kinds
        .iter()
        .filter(|kind| prefix(kind) == wanted)
        .map(|kind| {
            let namespace = if kind.namespaced { "namespaces/{namespace}/" } else { "" };
            (format!("/{wanted}/{namespace}{}/{{name}}", kind.plural), operations(kind))
        })
        .collect();
    let document = || {
        json!({
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "v1.36.0"},
            "paths": paths,
        })
    };
    (!paths.is_empty()).then(document)
}

fn prefix(kind: &Resource) -> String {
    match kind.group.as_str() {
        "" => format!("api/{}", kind.version),
        group => format!("apis/{group}/{}", kind.version),
    }
}

fn operations(kind: &Resource) -> Value {
    json!({"patch": {
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {
            "group": kind.group, "version": kind.version, "kind": kind.kind,
        },
    }})
}
