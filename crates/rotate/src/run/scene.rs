//! The cluster as it was found before the first act: what runs where, and each file that a run may
//! change with all its attributes. Later looks compare with it; rollback returns to it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RunError, RunFolder};
use crate::{
    Component, Facts, FileSeen, HostFacts, HostName, Inventory, Program,
    facts::{Attributes, Content},
    health::Health,
    life::Life,
    site::Member,
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scene {
    pub hosts: BTreeMap<HostName, SceneHost>,
    /// None: it did not answer with a quorum, so no gate asks it to until the end.
    pub etcd: Option<SceneEtcd>,
    /// None: nobody told of it, so nothing is compared in the end.
    pub life: Option<Life>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneHost {
    pub state_dir: PathBuf,
    pub components: Vec<Component>,
    /// Kubeconfigs of people: who they speak as may do what no program may.
    pub idle_kubeconfigs: Vec<PathBuf>,
    /// By path as configured.
    pub files: BTreeMap<PathBuf, Found>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneEtcd {
    pub cluster: u64,
    pub revision: i64,
    pub members: Vec<Member>,
    /// Hosts whose member did not answer; nothing more is asked of them than before.
    pub down: Vec<HostName>,
}

/// A file as it was found. Its bytes are kept apart, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    pub links: Vec<(PathBuf, PathBuf)>,
    pub target: PathBuf,
    pub attributes: Attributes,
    /// None: there was no file.
    pub digest: Option<String>,
}

impl Scene {
    /// Files without content are those that are not there.
    pub fn of(facts: &Facts, health: &Health, inventory: &Inventory) -> Self {
        let host = |(name, seen): (&HostName, &HostFacts)| {
            let named = inventory.hosts.iter().find(|host| host.name == *name);
            let state_dir = named.map(|host| host.state_dir.clone()).unwrap_or_default();
            let files = seen.files.iter().map(|(path, file)| (path.clone(), Found::of(file)));
            let scene = SceneHost {
                state_dir,
                components: seen.components.clone(),
                idle_kubeconfigs: seen.idle_kubeconfigs.clone(),
                files: files.collect(),
            };
            (name.clone(), scene)
        };
        let reached = facts.hosts.iter().filter(|(_, seen)| seen.unreached.is_none());
        Self {
            hosts: reached.map(host).collect(),
            etcd: SceneEtcd::of(health),
            life: health.life.clone(),
        }
    }

    /// The facts that keys are made of, as they were: the same after a kill as before it.
    pub fn facts(&self, folder: &RunFolder, now: Timestamp) -> Result<Facts, RunError> {
        let mut facts = Facts { now, hosts: BTreeMap::new() };
        for (name, scene) in &self.hosts {
            let mut host =
                HostFacts { components: scene.components.clone(), ..HostFacts::default() };
            for (path, found) in &scene.files {
                let content = found.digest.as_deref().map(|digest| folder.content(digest));
                let file = FileSeen {
                    path: path.clone(),
                    links: found.links.clone(),
                    target: found.target.clone(),
                    attributes: found.attributes.clone(),
                    content: content.transpose()?,
                    problem: None,
                };
                host.files.insert(path.clone(), file);
            }
            facts.hosts.insert(name.clone(), host);
        }
        Ok(facts)
    }

    pub fn component(&self, host: &HostName, program: Program) -> Option<&Component> {
        let components = &self.hosts.get(host)?.components;
        components.iter().find(|component| component.program == program)
    }

    /// Hosts on which the program is known, in order of name.
    pub fn hosts_of(&self, program: Program) -> Vec<&HostName> {
        let has = |host: &&HostName| self.component(host, program).is_some();
        self.hosts.keys().filter(has).collect()
    }

    pub fn found(&self, host: &HostName, path: &Path) -> Option<&Found> {
        self.hosts.get(host)?.files.get(path)
    }
}

impl SceneEtcd {
    fn of(health: &Health) -> Option<Self> {
        let (_, first) = health.answering().next()?;
        let down = health.members.iter().filter(|(_, member)| member.is_err());
        Some(Self {
            cluster: first.status.cluster,
            revision: first.status.revision,
            members: first.members.clone(),
            down: down.map(|(host, _)| host.clone()).collect(),
        })
    }
}

impl Found {
    pub fn of(file: &FileSeen) -> Self {
        Self {
            links: file.links.clone(),
            target: file.target.clone(),
            attributes: file.attributes.clone(),
            digest: file.content.as_ref().map(Content::digest),
        }
    }
}
