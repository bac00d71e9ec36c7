//! What has been asked, so that a test can say what must not be.

use std::collections::BTreeMap;

use super::ApiServer;

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

/// What has been asked.
impl ApiServer {
    /// Every request about objects since the start or [`ApiServer::forget_requests`].
    pub fn requests(&self) -> Vec<Logged> {
        self.shared.state().log.clone()
    }

    /// How many there were of this verb about this resource: `("patch", "ingresses/status")`.
    pub fn count(&self, verb: &str, resource: &str) -> usize {
        let state = self.shared.state();
        state.log.iter().filter(|asked| asked.verb == verb && asked.resource == resource).count()
    }

    /// How many there were, by verb and resource.
    pub fn counts(&self) -> BTreeMap<(&'static str, String), usize> {
        let mut counts = BTreeMap::new();
        for asked in &self.shared.state().log {
            *counts.entry((asked.verb, asked.resource.clone())).or_default() += 1;
        }
        counts
    }

    pub fn forget_requests(&self) {
        self.shared.state().log.clear();
    }
}
