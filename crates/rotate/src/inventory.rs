//! Which machines make up the cluster, and how to reach them: the file that the operator writes.
//! Only `hosts` is needed; what else it says stands above what is discovered.

mod endpoint;
mod file;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use crate::Program;
pub use endpoint::socket_of;
pub use file::{Base, InventoryError};

/// A host as the inventory calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostName(pub String);

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    pub name: String,
    pub ssh: SshSettings,
    pub layout: Layout,
    /// In the order of the file.
    pub hosts: Vec<Host>,
}

/// How the user's own ssh is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshSettings {
    pub user: Option<String>,
    pub port: Option<u16>,
    /// `-F`.
    pub config: Option<PathBuf>,
    /// `-i`.
    pub identity_file: Option<PathBuf>,
    /// `-o`, each `Name=value`.
    pub options: Vec<String>,
}

impl Inventory {
    pub fn host(&self, name: &HostName) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name == *name)
    }
}

/// One machine, or one member of several on the same machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: HostName,
    /// What ssh connects to.
    pub address: String,
    pub port: Option<u16>,
    pub roles: BTreeSet<Role>,
    /// Where locks, journals and backups are kept on the host.
    pub state_dir: PathBuf,
    /// The cluster's overrides with the host's own on top.
    pub overrides: BTreeMap<Program, Override>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Etcd,
    ControlPlane,
}

/// Who set the cluster up, as far as it decides where files lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    #[default]
    Auto,
    Ack,
    Kubeadm,
    Etcdadm,
    Kubespray,
    K3s,
    Rke2,
    Custom,
}

/// What the operator says of one program instead of what would be discovered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Override {
    /// Where files that are named by role lie (`ca.pem` and the like of the layout).
    pub cert_dir: Option<PathBuf>,
    /// Paths by the program's own flag without dashes in front: `trusted-ca-file`.
    pub files: BTreeMap<String, PathBuf>,
    /// Shell commands; all three or none.
    pub stop: Option<String>,
    pub start: Option<String>,
    /// Exit code 0: it runs. The first word of its output, if a number, is the pid.
    pub is_running: Option<String>,
    /// `https://10.0.0.1:2379`.
    pub endpoint: Option<String>,
    pub peer_endpoint: Option<String>,
}
