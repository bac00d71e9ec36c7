//! Programs of the control plane, the files they read, and when they read them.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{HostName, Process, settings::Settings};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    KubeScheduler,
    CloudControllerManager,
    Kubelet,
    /// The server of k3s: the others are parts of its process.
    K3s,
    /// The server of RKE2, which has the others run as static pods.
    Rke2,
}

impl Program {
    pub const ALL: [Self; 8] = [
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::CloudControllerManager,
        Self::Kubelet,
        Self::K3s,
        Self::Rke2,
    ];

    /// As its binary is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::CloudControllerManager => "cloud-controller-manager",
            Self::Kubelet => "kubelet",
            Self::K3s => "k3s",
            Self::Rke2 => "rke2",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One program on one host, as discovered: whether it runs, what it reads, how it is restarted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    pub host: HostName,
    pub program: Program,
    pub run_by: RunBy,
    /// `None`: it does not run.
    pub process: Option<Process>,
    /// As it heeds them: running, those of its process.
    pub settings: Settings,
    /// Where it listens, as seen from its own host.
    pub endpoints: Vec<Endpoint>,
    pub trusts: Vec<Trust>,
    pub pairs: Vec<Pair>,
    /// Kubeconfigs it reads; all are read once, at start.
    pub kubeconfigs: Vec<PathBuf>,
    /// Where its paths were found: `--config-file /etc/etcd.yml`, `the unit etcd.service`.
    pub found_in: String,
}

/// Who starts the program again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum RunBy {
    Systemd {
        unit: String,
    },
    /// The kubelet, from a manifest.
    StaticPod {
        manifest: PathBuf,
        container: String,
    },
    /// The operator's own commands.
    Commands {
        stop: String,
        start: String,
        is_running: String,
    },
    /// It is a part of another program's process, and stops and starts with that one.
    Within {
        program: Program,
        run_by: Box<RunBy>,
    },
    /// Nobody known: it can be looked at, not stopped and started.
    Unknown,
}

impl RunBy {
    /// A static pod's, which its kubelet goes by.
    pub fn manifest(&self) -> Option<&Path> {
        match self {
            Self::StaticPod { manifest, .. } => Some(manifest),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub port: Port,
    pub address: SocketAddr,
    /// Without TLS (kubeadm's `http://127.0.0.1:2381`).
    pub is_plain: bool,
}

/// Which of a program's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Port {
    /// etcd's client port, the API server's secure port.
    Client,
    Peer,
    Metrics,
}

/// A file of certificates that a program checks others against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    pub purpose: Purpose,
    /// As configured; links are followed when it is read and written.
    pub path: PathBuf,
    pub reread: Reread,
}

/// A certificate and its key that a program presents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    pub purpose: Purpose,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub reread: Reread,
}

/// What a trust file or a pair is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// etcd's client port: whom it trusts, what it presents.
    EtcdServer,
    /// etcd among its members.
    EtcdPeer,
    /// Pairs on disk that people and probes talk to etcd with; no process holds them.
    EtcdClient,
    /// The API server towards etcd.
    ApiserverEtcd,
    /// What the API server presents.
    ApiserverServing,
    /// Whom the API server trusts as clients.
    ApiserverClients,
    /// The API server towards kubelets.
    ApiserverKubelet,
    /// Aggregated API servers: whom they are to trust, and the API server towards them.
    FrontProxy,
    /// The controller manager's signing pair and what it publishes as the root.
    ClusterSigning,
    RootCa,
    /// What a kubelet presents, and towards the API server.
    KubeletServing,
    KubeletClient,
    /// Signs the tokens of service accounts. Never renewed.
    ServiceAccount,
}

/// When a program notices that a file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reread {
    /// By itself: at each handshake, or within a minute.
    Always,
    /// Only when it is started.
    AtStart,
    /// No process reads it.
    Never,
}
