//! Which namespaces an asker may take Secrets from.

use std::{collections::BTreeMap, sync::Arc};

/// Of one connection, settled when it was accepted. Nothing that a client says in a request
/// changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The asker's own.
    pub namespace: Arc<str>,
    /// Further ones, in the order in which host names are looked up.
    pub granted: Vec<Arc<str>>,
}

impl Reach {
    pub fn covers(&self, namespace: &str) -> bool {
        self.namespaces().any(|own| **own == *namespace)
    }

    pub fn namespaces(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.namespace).chain(&self.granted)
    }
}

/// Namespace of the asker to the further namespaces that it may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(pub BTreeMap<Arc<str>, Vec<Arc<str>>>);

impl Grants {
    pub fn reach_of(&self, namespace: &Arc<str>) -> Reach {
        let granted = self.0.get(namespace).cloned().unwrap_or_default();
        Reach { namespace: namespace.clone(), granted }
    }
}
