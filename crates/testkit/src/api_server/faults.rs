//! What goes wrong on purpose, and what has been asked so far.

use std::time::Duration;

use http::StatusCode;

use super::{failure::Failure, request::Asked};

/// Whom this server says its clients are, in refusals.
const USER: &str = "system:serviceaccount:doorward-system:doorward";

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) delay: Duration,
    pub(super) denied: Vec<Rule>,
    /// How many more requests fail, and with what.
    pub(super) failing: Option<(usize, StatusCode)>,
    pub(super) conflicts: usize,
    /// With 410 at once, instead of an ERROR in the stream.
    pub(super) refuses_expired_watches: bool,
}

/// What RBAC does not allow. `*` is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) verb: String,
    /// As RBAC names it: `ingresses/status`.
    pub(super) resource: String,
    /// `None` for any scope, `""` for the whole cluster.
    pub(super) namespace: Option<String>,
}

/// One request about objects, as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// As RBAC names it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`,
    /// `deletecollection`.
    pub verb: &'static str,
    /// As RBAC names it: `secrets`, `ingresses/status`.
    pub resource: String,
    /// `""` for all namespaces, and for kinds without.
    pub namespace: String,
    /// `""` for all objects.
    pub name: String,
    /// Of `?fieldManager=`, else of the user agent.
    pub manager: String,
}

impl Faults {
    /// Why this request is refused, if it is. Counts down what was to fail.
    pub(super) fn refuse(&mut self, asked: &Asked) -> Option<Failure> {
        if let Some((left, status)) = self.failing {
            self.failing = (left > 1).then_some((left - 1, status));
            let why = status.canonical_reason().unwrap_or("refused on purpose");
            return Some(Failure::new(status, why));
        }
        if self.denies(asked.verb, &asked.rbac_resource(), &asked.namespace) {
            return Some(forbidden(asked));
        }
        if self.conflicts > 0 && matches!(asked.verb, "update" | "patch") {
            self.conflicts -= 1;
            let why = "the object has been modified; please apply your changes to the latest \
                       version and try again";
            return Some(Failure::conflict(&asked.resource, &asked.name, why));
        }
        None
    }

    pub(super) fn denies(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        self.denied.iter().any(|rule| {
            (rule.verb == "*" || rule.verb == verb)
                && (rule.resource == "*" || rule.resource == resource)
                && rule.namespace.as_deref().is_none_or(|denied| denied == namespace)
        })
    }
}

/// As RBAC writes it.
fn forbidden(asked: &Asked) -> Failure {
    let what = asked.resource.qualified();
    let named = match asked.name.as_str() {
        "" => what,
        name => format!("{what} \"{name}\""),
    };
    let scope = match asked.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let (verb, resource, group) = (asked.verb, asked.rbac_resource(), &asked.resource.group);
    let message = format!(
        "{named} is forbidden: User \"{USER}\" cannot {verb} resource \"{resource}\" in API group \
         \"{group}\" {scope}"
    );
    Failure::new(StatusCode::FORBIDDEN, message).about(&asked.resource, &asked.name)
}
