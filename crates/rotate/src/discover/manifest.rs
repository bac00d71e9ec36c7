//! Static pods: what a manifest has its container run, and what the container's paths are called
//! on the host.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::Program;

/// One program in one manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodProgram {
    pub program: Program,
    /// The pod's.
    pub name: String,
    pub manifest: PathBuf,
    pub container: String,
    /// With the program first.
    pub command: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub mounts: Mounts,
}

/// Paths in a container and on the host. Without any, both are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mounts(Vec<(PathBuf, PathBuf)>);

impl Mounts {
    pub fn new(seen: Vec<(PathBuf, PathBuf)>) -> Self {
        Self(seen)
    }

    pub fn is_mount(&self, path: &Path) -> bool {
        self.0.iter().any(|(inside, _)| inside == path)
    }

    /// By the longest mount that holds the path.
    pub fn on_host(&self, path: &Path) -> PathBuf {
        let held = self.0.iter().filter_map(|(inside, outside)| {
            Some((inside.components().count(), outside, path.strip_prefix(inside).ok()?))
        });
        match held.max_by_key(|(length, ..)| *length) {
            // A file that is mounted by itself has no rest.
            Some((_, outside, rest)) if rest.as_os_str().is_empty() => outside.clone(),
            Some((_, outside, rest)) => outside.join(rest),
            None => path.to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct Pod {
    #[serde(default)]
    metadata: Metadata,
    spec: Spec,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Spec {
    containers: Vec<Container>,
    #[serde(default)]
    volumes: Vec<Volume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: Vec<Variable>,
    #[serde(default)]
    volume_mounts: Vec<VolumeMount>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeMount {
    name: String,
    mount_path: PathBuf,
    sub_path: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Volume {
    name: String,
    host_path: Option<HostPath>,
}

#[derive(Deserialize)]
struct HostPath {
    path: PathBuf,
}

/// The programs of a manifest; what is no pod has none.
pub(super) fn programs(path: &Path, text: &str) -> Vec<PodProgram> {
    let Ok(pod) = serde_saphyr::from_str::<Pod>(text) else { return Vec::new() };
    let Pod { metadata, spec: Spec { containers, volumes } } = pod;
    let on_host = |name: &str| {
        volumes.iter().find(|volume| volume.name == name)?.host_path.as_ref().map(|at| &at.path)
    };
    let program = |container: Container| {
        let command: Vec<_> = container.command.into_iter().chain(container.args).collect();
        let program =
            super::program_of(command.first()?).or_else(|| super::program_of(&container.name))?;
        let mounts = container.volume_mounts.iter().filter_map(|mount| {
            let outside = on_host(&mount.name)?;
            let outside = match &mount.sub_path {
                Some(sub) => outside.join(sub),
                None => outside.clone(),
            };
            Some((mount.mount_path.clone(), outside))
        });
        let variables = container.env.iter();
        Some(PodProgram {
            program,
            name: metadata.name.clone(),
            manifest: path.to_owned(),
            command,
            mounts: Mounts(mounts.collect()),
            environment: variables
                .filter_map(|variable| Some((variable.name.clone(), variable.value.clone()?)))
                .collect(),
            container: container.name,
        })
    };
    containers.into_iter().filter_map(program).collect()
}
