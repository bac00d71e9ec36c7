//! Which Gateways a VirtualService names, and who may see it.

use std::sync::Arc;

use model::Reason;

use crate::{
    dialect::{Fields, Problems},
    world::Key,
};

/// All sidecars of the mesh; none of our business.
const MESH: &str = "mesh";

/// `name`, `NAMESPACE/name`, `./name`, or the older `name.NAMESPACE.svc.cluster.local`. `None` for
/// the mesh.
pub(super) fn gateway_name(written: &str, namespace: &str) -> Option<Key> {
    if written == MESH {
        return None;
    }
    Some(match written.split_once('/') {
        Some((".", name)) => Key::new(namespace, name),
        Some((other, name)) => Key::new(other, name),
        None => match written.split('.').collect::<Vec<_>>().as_slice() {
            [name, other, ..] => Key::new(other, name),
            _ => Key::new(namespace, written),
        },
    })
}

/// `spec.gateways` without the mesh, each with its field.
pub(super) fn read(
    spec: &mut Fields<'_>,
    namespace: &str,
    problems: &mut Problems,
) -> Vec<(Key, String)> {
    let path = spec.path_of("gateways");
    let names = spec.texts("gateways", problems).into_iter().enumerate();
    names
        .filter_map(|(index, name)| {
            Some((gateway_name(name, namespace)?, format!("{path}[{index}]")))
        })
        .collect()
}

/// `exportTo`: the namespaces that may use the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Exports {
    #[default]
    All,
    Only(Vec<Arc<str>>),
}

impl Exports {
    pub fn read(spec: &mut Fields<'_>, own: &str, problems: &mut Problems) -> Self {
        let written = spec.texts("exportTo", problems);
        let mut namespaces: Vec<Arc<str>> = Vec::with_capacity(written.len());
        let mut all = false;
        for text in &written {
            let namespace = match *text {
                "*" if written.len() == 1 => {
                    all = true;
                    continue;
                }
                "." => own,
                // Istio's word for nobody.
                "~" => continue,
                text => text,
            };
            if *text == "*" || namespaces.iter().any(|known| **known == *namespace) {
                let text = format!(
                    "{text:?} stands beside what says it already: write \"*\" alone, \".\", or each namespace once"
                );
                problems.reject(Reason::InvalidField, spec.path_of("exportTo"), text);
                break;
            }
            namespaces.push(namespace.into());
        }
        if all || written.is_empty() { Self::All } else { Self::Only(namespaces) }
    }

    pub fn reaches(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(namespaces) => namespaces.iter().any(|known| **known == *namespace),
        }
    }
}
