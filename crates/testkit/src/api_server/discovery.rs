//! What clients ask to find out what there is: groups, versions and kinds.
//!
//! <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api>

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::resource::Resource;

const VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The answer to one of the discovery paths; `None` for any other path, and for a group that is
/// not there.
pub(super) fn answer(kinds: &[Resource], path: &str) -> Option<Value> {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["version"] => Some(json!({
            "major": "1", "minor": "36", "gitVersion": "v1.36.0", "platform": "linux/amd64",
        })),
        ["api"] => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
        ["apis"] => Some(json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": groups(kinds).iter().map(|name| group(kinds, name)).collect::<Vec<_>>(),
        })),
        ["api", "v1"] => resources(kinds, "", "v1"),
        ["apis", name] if groups(kinds).contains(*name) => {
            let mut group = group(kinds, name);
            group["kind"] = "APIGroup".into();
            group["apiVersion"] = "v1".into();
            Some(group)
        }
        ["apis", group, version] => resources(kinds, group, version),
        _ => None,
    }
}

fn groups(kinds: &[Resource]) -> BTreeSet<&str> {
    let named = kinds.iter().map(|kind| kind.group.as_str()).filter(|group| !group.is_empty());
    named.chain(["authorization.k8s.io"]).collect()
}

fn group(kinds: &[Resource], name: &str) -> Value {
    let mut versions: Vec<_> =
        kinds.iter().filter(|kind| kind.group == name).map(|kind| kind.version.as_str()).collect();
    versions.dedup();
    if versions.is_empty() {
        versions.push("v1");
    }
    let versions: Vec<_> = versions
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "preferredVersion": versions[0], "versions": versions})
}

fn resources(kinds: &[Resource], group: &str, version: &str) -> Option<Value> {
    let of_it = kinds.iter().filter(|kind| kind.group == group && kind.version == version);
    let mut listed = Vec::new();
    for kind in of_it {
        listed.push(json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": VERBS, "shortNames": kind.short_names,
            "categories": kind.categories,
        }));
        if kind.has_status {
            listed.push(json!({
                "name": format!("{}/status", kind.plural), "singularName": "",
                "namespaced": kind.namespaced, "kind": kind.kind,
                "verbs": ["get", "patch", "update"],
            }));
        }
    }
    if (group, version) == ("authorization.k8s.io", "v1") {
        listed.push(json!({
            "name": "selfsubjectaccessreviews", "singularName": "selfsubjectaccessreview",
            "namespaced": false, "kind": "SelfSubjectAccessReview", "verbs": ["create"],
        }));
    }
    let group_version =
        if group.is_empty() { version.into() } else { format!("{group}/{version}") };
    (!listed.is_empty()).then(|| {
        json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
            "resources": listed,
        })
    })
}
