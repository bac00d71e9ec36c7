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
    /// Instead of those of the whole object; none: those.
    pub gateways: Vec<Key>,
    pub source_labels: BTreeMap<String, String>,
    pub source_namespace: Option<Arc<str>>,
}

impl Scope {
    pub fn read(block: &mut Fields<'_>, namespace: &str, problems: &mut Problems) -> Self {
        let gateways = block.texts("gateways", problems);
        let gateways = gateways.into_iter().filter_map(|name| gateway_name(name, namespace));
        Self {
            port: port(block, "port", problems),
            gateways: gateways.collect(),
            source_labels: labels(block, problems),
            source_namespace: block.text("sourceNamespace", problems).map(Into::into),
        }
    }

    pub fn fits(&self, site: &Site<'_>) -> bool {
        let has_labels = |workload: &BTreeMap<String, String>| {
            self.source_labels.iter().all(|(key, value)| workload.get(key) == Some(value))
        };
        self.port.is_none_or(|port| port == site.port)
            && (self.gateways.is_empty() || self.gateways.contains(site.gateway))
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
        let agrees = |ours: &Option<Arc<str>>, theirs: &Option<Arc<str>>| {
            ours.is_none() || theirs.is_none() || ours == theirs
        };
        let stays_within = (self.port.is_none() || leaf.port.is_none() || self.port == leaf.port)
            && (self.gateways.is_empty()
                || leaf.gateways.iter().all(|gateway| self.gateways.contains(gateway)))
            && agrees(&self.source_namespace, &leaf.source_namespace)
            && self
                .source_labels
                .iter()
                .all(|(key, value)| leaf.source_labels.get(key).is_none_or(|other| other == value));
        let or = |leaf: &[Key], root: &[Key]| if leaf.is_empty() { root } else { leaf }.to_vec();
        stays_within.then(|| Self {
            port: leaf.port.or(self.port),
            gateways: or(&leaf.gateways, &self.gateways),
            source_labels: self
                .source_labels
                .clone()
                .into_iter()
                .chain(leaf.source_labels.clone())
                .collect(),
            source_namespace: leaf
                .source_namespace
                .clone()
                .or_else(|| self.source_namespace.clone()),
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
