//! What a match block says of the server rather than of the request: port, Gateway, and the
//! workload that routes.

use std::{collections::BTreeMap, sync::Arc};

use model::Reason;

use super::gateways::gateway_name;
use crate::{
    dialect::{Fields, Problems},
    settings::Mesh,
    world::Key,
};

/// The server that rules are wanted for, and the workload that it is part of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub gateway: &'a Key,
    pub port: u16,
    pub mesh: &'a Mesh,
}

/// Everything that is written must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::istio) struct Scope {
    pub port: Option<u16>,
    /// Instead of those of the whole object.
    pub gateways: Option<Vec<Key>>,
    pub source_labels: BTreeMap<String, String>,
    pub source_namespace: Option<Arc<str>>,
}

impl Scope {
    pub fn read(block: &mut Fields<'_>, namespace: &str, problems: &mut Problems) -> Self {
        let names = block.texts("gateways", problems);
        let gateways = (!names.is_empty())
            .then(|| names.into_iter().filter_map(|name| gateway_name(name, namespace)).collect());
        Self {
            port: port(block, "port", problems),
            gateways,
            source_labels: labels(block, problems),
            source_namespace: block.text("sourceNamespace", problems).map(Into::into),
        }
    }

    pub fn fits(&self, site: &Site<'_>) -> bool {
        let has_labels = |workload: &BTreeMap<String, String>| {
            self.source_labels.iter().all(|(key, value)| workload.get(key) == Some(value))
        };
        self.port.is_none_or(|port| port == site.port)
            && self.gateways.as_ref().is_none_or(|gateways| gateways.contains(site.gateway))
            && site.mesh.workload.as_ref().is_none_or(has_labels)
            && self
                .source_namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == site.mesh.gateway_namespace)
    }

    /// Whether it fits every server that the object is bound to.
    pub fn is_everywhere(&self) -> bool {
        *self == Self::default()
    }

    /// What both ask for; `None` if `leaf`, of a delegate, leaves the bounds of this one.
    pub fn narrowed_by(&self, leaf: &Self) -> Option<Self> {
        fn agree<T: PartialEq>(root: &Option<T>, leaf: &Option<T>) -> bool {
            root.is_none() || leaf.is_none() || root == leaf
        }
        let are_bounded = match (&self.gateways, &leaf.gateways) {
            (Some(root), Some(leaf)) => leaf.iter().all(|gateway| root.contains(gateway)),
            _ => true,
        };
        let mut source_labels = self.source_labels.clone();
        source_labels.extend(leaf.source_labels.clone());
        let is_within = agree(&self.port, &leaf.port)
            && agree(&self.source_namespace, &leaf.source_namespace)
            && are_bounded
            && self.source_labels.iter().all(|(key, value)| source_labels.get(key) == Some(value));
        is_within.then(|| Self {
            port: leaf.port.or(self.port),
            gateways: leaf.gateways.clone().or_else(|| self.gateways.clone()),
            source_labels,
            source_namespace: leaf.source_namespace.clone().or(self.source_namespace.clone()),
        })
    }
}

/// A port number under `key`.
pub(super) fn port(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<u16> {
    let number = fields.integer(key, problems)?;
    let port = u16::try_from(number).ok().filter(|port| *port != 0);
    if port.is_none() {
        let text = format!("{number} is no port: write a number from 1 to 65535");
        problems.reject(Reason::InvalidField, fields.path_of(key), text);
    }
    port
}

fn labels(block: &mut Fields<'_>, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let Some(map) = block.child("sourceLabels", "map[string]string", problems) else {
        return labels;
    };
    for (key, value) in map.entries() {
        match value.as_str() {
            Some(value) => drop(labels.insert(key.to_owned(), value.to_owned())),
            None => problems.reject(
                Reason::InvalidField,
                map.path_of(key),
                "a label's value is a text: put it in quotes",
            ),
        }
    }
    labels
}
