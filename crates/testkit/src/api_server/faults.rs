//! What goes wrong on purpose.

use std::{sync::atomic::Ordering, time::Duration};

use http::StatusCode;

use super::{ApiServer, failure::Failure, request::Asked};

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

/// What goes wrong, from now on.
impl ApiServer {
    /// Resets every connection, those there are and those to come, until [`ApiServer::back`].
    pub fn away(&self) {
        self.shared.is_away.store(true, Ordering::SeqCst);
        self.shared.cut_connections.send_modify(|count| *count += 1);
    }

    pub fn back(&self) {
        self.shared.is_away.store(false, Ordering::SeqCst);
    }

    /// Thinks this long about each request before it does anything. Open watches go on.
    pub fn slow(&self, delay: Duration) {
        self.shared.state().faults.delay = delay;
    }

    /// Refuses with 403 as RBAC does. `resource` is as RBAC names it (`ingresses/status`), and
    /// either may be `*`. Open watches go on, as they do on the real server.
    pub fn deny(&self, verb: &str, resource: &str) {
        self.deny_where(verb, resource, None);
    }

    /// As [`ApiServer::deny`] in one namespace only; `""` denies what is asked of the whole cluster.
    pub fn deny_in(&self, verb: &str, resource: &str, namespace: &str) {
        self.deny_where(verb, resource, Some(namespace));
    }

    /// Takes back every refusal of this verb and resource.
    pub fn allow(&self, verb: &str, resource: &str) {
        let mut state = self.shared.state();
        state.faults.denied.retain(|rule| rule.verb != verb || rule.resource != resource);
    }

    fn deny_where(&self, verb: &str, resource: &str, namespace: Option<&str>) {
        let namespace = namespace.map(Into::into);
        let rule = Rule { verb: verb.into(), resource: resource.into(), namespace };
        self.shared.state().faults.denied.push(rule);
    }

    /// Makes every resourceVersion seen so far too old (410) to begin at. Open watches go on.
    pub fn compact(&self) {
        self.shared.state().objects.store.compact();
    }

    /// Whether a watch that comes too late is refused with status 410, instead of an ERROR event
    /// in a stream that began well, which is what the real server does mostly.
    pub fn refuse_expired_watches(&self, refuse: bool) {
        self.shared.state().faults.refuses_expired_watches = refuse;
    }

    /// Ends every open watch in the middle of its stream.
    pub fn break_watches(&self) {
        self.shared.cut_watches.send_modify(|count| *count += 1);
    }

    /// Sends a bookmark at once to every open watch that wants them.
    pub fn bookmark(&self) {
        self.shared.bookmark.send_modify(|count| *count += 1);
    }

    /// Answers the next `count` requests about objects with this status, doing nothing.
    pub fn fail_next(&self, count: usize, status: StatusCode) {
        self.shared.state().faults.failing = (count > 0).then_some((count, status));
    }

    /// Answers the next `count` updates and patches with a conflict, as if somebody else had been
    /// quicker.
    pub fn conflict_next(&self, count: usize) {
        self.shared.state().faults.conflicts = count;
    }
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
            return Some(forbidden(asked, asked.verb));
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
pub(super) fn forbidden(asked: &Asked, verb: &str) -> Failure {
    let what = asked.resource.qualified();
    let named = match asked.name.as_str() {
        "" => what,
        name => format!("{what} \"{name}\""),
    };
    let scope = match asked.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let (resource, group) = (asked.rbac_resource(), &asked.resource.group);
    let message = format!(
        "{named} is forbidden: User \"{USER}\" cannot {verb} resource \"{resource}\" in API group \
         \"{group}\" {scope}"
    );
    Failure::new(StatusCode::FORBIDDEN, message).about(&asked.resource, &asked.name)
}
