//! What RBAC lets a client do, by the Roles and bindings that are among the objects.
//!
//! Only the one ServiceAccount that Doorward runs as is judged; who shows no token may do
//! everything. Left out: users and groups as subjects, aggregated ClusterRoles, and the rule that
//! nobody grants more than they have.
//!
//! Source: "Using RBAC Authorization" in the Kubernetes documentation.

use serde_json::Value;

use super::{objects::Objects, request::Asked};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Whether the ServiceAccount may do this.
pub(super) fn allows(objects: &Objects, asked: &Asked, verb: &str) -> bool {
    let everywhere = bound(objects, "clusterrolebindings", "");
    let there = (!asked.namespace.is_empty())
        .then(|| bound(objects, "rolebindings", &asked.namespace))
        .into_iter()
        .flatten();
    everywhere.chain(there).any(|role| {
        let rules = role["rules"].as_array().into_iter().flatten();
        rules.into_iter().any(|rule| covers(rule, asked, verb))
    })
}

/// The Roles and ClusterRoles that are bound to the ServiceAccount by bindings of one kind.
fn bound<'a>(
    objects: &'a Objects,
    bindings: &str,
    namespace: &'a str,
) -> impl Iterator<Item = &'a Value> {
    let bindings = objects.kind(GROUP, "v1", bindings).into_iter();
    let bindings = bindings.flat_map(move |kind| objects.store.list(kind, namespace));
    bindings.filter(|(_, binding)| is_of_doorward(binding)).filter_map(move |(_, binding)| {
        let role = &binding["roleRef"];
        let plural = if role["kind"] == "Role" { "roles" } else { "clusterroles" };
        let kind = objects.kind(GROUP, "v1", plural)?;
        let key = kind.key(namespace, role["name"].as_str().unwrap_or_default());
        objects.store.get(&key).map(|role| &**role)
    })
}

fn is_of_doorward(binding: &Value) -> bool {
    let subjects = binding["subjects"].as_array().into_iter().flatten();
    subjects.into_iter().any(|subject| {
        subject["kind"] == "ServiceAccount"
            && subject["namespace"] == "doorward-system"
            && subject["name"] == "doorward"
    })
}

fn covers(rule: &Value, asked: &Asked, verb: &str) -> bool {
    let holds = |field: &str, wanted: &str| {
        let listed = rule[field].as_array().into_iter().flatten();
        listed.into_iter().any(|value| value == "*" || value == wanted)
    };
    let is_any_name = rule["resourceNames"].as_array().is_none_or(Vec::is_empty);
    holds("verbs", verb)
        && holds("apiGroups", &asked.resource.group)
        && holds("resources", &asked.rbac_resource())
        && (is_any_name || verb != "create" && holds("resourceNames", &asked.rbac_name()))
}
