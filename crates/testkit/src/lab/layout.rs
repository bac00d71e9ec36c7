//! Whose layout the masters have, and what of the lab follows from it.

use std::{env, io, net::Ipv4Addr, path::PathBuf};

use super::{
    Machine, Shape,
    authority::{Authority, Pair},
    etcd::{self, Credentials},
    files::{self, EtcdFiles, File},
    k3s::{self, K3sFiles},
    kubeadm::{self, KubeadmFiles},
    kubernetes::{KubernetesFiles, api_server_unit},
};
use crate::peers;

/// Who set the masters up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// etcd and the API server as units.
    #[default]
    Ack,
    /// All of the control plane as static pods of a kubelet; API servers always among them.
    Kubeadm,
    /// The same, with the members of etcd on machines of their own and the rest on one more.
    KubeadmExternal,
    /// All of it in the one process of k3s, for which [`k3s`] stands in.
    K3s,
}

pub(super) const ETCD: &str = "etcd";
pub(super) const CONTROL_PLANE: &str = "control-plane";

impl Layout {
    /// How many there are beside the members of etcd.
    pub(super) fn machines_beside(self) -> u8 {
        match self {
            Self::Ack | Self::Kubeadm | Self::K3s => 0,
            Self::KubeadmExternal => 1,
        }
    }
}

/// What was laid on the masters.
pub(super) enum Laid {
    Ack {
        etcd: Box<EtcdFiles>,
        kubernetes: Box<KubernetesFiles>,
        shape: Shape,
        members: Vec<Ipv4Addr>,
    },
    Kubeadm(Box<KubeadmFiles>),
    K3s(Box<K3sFiles>),
}

impl Laid {
    pub fn new(shape: Shape, machines: &[Ipv4Addr]) -> Self {
        let (members, beside) = machines.split_at(shape.masters.into());
        match shape.layout {
            Layout::Ack => Self::Ack {
                etcd: EtcdFiles::new(members, shape.ages).into(),
                kubernetes: KubernetesFiles::new().into(),
                shape,
                members: members.to_vec(),
            },
            Layout::Kubeadm | Layout::KubeadmExternal => {
                Self::Kubeadm(KubeadmFiles::new(members, beside, shape.ages, shape.timing).into())
            }
            Layout::K3s => Self::K3s(K3sFiles::new(members, shape.ages, shape.timing).into()),
        }
    }

    /// As the inventory calls them.
    pub fn roles(&self, index: usize) -> &'static [&'static str] {
        match self {
            Self::Kubeadm(files) => files.roles(index),
            Self::Ack { .. } | Self::K3s(_) => &[ETCD, CONTROL_PLANE],
        }
    }

    /// Those that the machines are to have, with their paths here.
    pub fn programs(&self) -> io::Result<Vec<(&'static str, PathBuf)>> {
        let etcd = match self {
            Self::K3s(_) => k3s::MEMBER,
            _ => "etcd",
        };
        let mut programs = vec![(etcd, peers::program("etcd").expect("it was asked for"))];
        let stand_ins = match self {
            Self::Ack { shape, .. } if shape.has_api_servers => &["kube-apiserver"][..],
            Self::Ack { .. } => &[],
            Self::Kubeadm(_) => &kubeadm::STAND_INS,
            Self::K3s(_) => &[k3s::SERVER],
        };
        let this = env::current_exe()?;
        programs.extend(stand_ins.iter().map(|&name| (name, this.clone())));
        Ok(programs)
    }

    pub fn on_master(&self, index: usize) -> Vec<File> {
        match self {
            Self::Ack { etcd, kubernetes, shape, members } => {
                let mut files = etcd.on_a_master();
                files.push(files::etcd_unit(members, index, shape.timing));
                files.extend(kubernetes.on_master(members[index]));
                if shape.has_api_servers {
                    files.push(api_server_unit(members, members[index]));
                }
                files
            }
            Self::Kubeadm(files) => files.on_master(index),
            Self::K3s(files) => files.on_master(index),
        }
    }

    /// A script for what files cannot say.
    pub fn prepare(&self) -> &'static str {
        match self {
            Self::Ack { .. } => "chown -R etcd:etcd /var/lib/etcd",
            Self::Kubeadm(_) => kubeadm::PREPARE,
            Self::K3s(_) => k3s::PREPARE,
        }
    }

    /// What starts etcd, and what starts the API server once etcd is healthy.
    pub fn starts(&self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Ack { shape, .. } => {
                let api_server = shape.has_api_servers.then_some("systemctl start kube-apiserver");
                ("systemctl start etcd", api_server)
            }
            // It starts everything.
            Self::Kubeadm(_) => ("systemctl start kubelet", Some("true")),
            Self::K3s(_) => ("systemctl start k3s", Some("true")),
        }
    }

    pub fn authority(&self) -> &Authority {
        match self {
            Self::Ack { etcd, .. } => &etcd.authority,
            Self::Kubeadm(files) => &files.etcd,
            Self::K3s(files) => files.authority(),
        }
    }

    pub fn peer_authority(&self) -> &Authority {
        match self {
            Self::Ack { etcd, .. } => &etcd.peer_authority,
            Self::Kubeadm(files) => &files.etcd,
            Self::K3s(files) => files.peer_authority(),
        }
    }

    pub fn client(&self) -> &Pair {
        match self {
            Self::Ack { etcd, .. } => &etcd.client,
            Self::Kubeadm(files) => &files.client,
            Self::K3s(files) => &files.client,
        }
    }

    /// What a master keeps for etcd's clients.
    pub fn credentials(&self, machine: &Machine) -> Credentials {
        let folder = machine.path("/etc/kubernetes/pki/etcd");
        match self {
            Self::Ack { .. } => etcd::files(folder),
            Self::Kubeadm(_) => {
                let names = ["ca.crt", "healthcheck-client.crt", "healthcheck-client.key"];
                etcd::named(folder, names)
            }
            // Its files go and come with each renewal.
            Self::K3s(files) => {
                let (roots, client) = (files.authority().pem.clone(), &files.client);
                let (certificate, key) = (client.certificate.clone(), client.key.clone());
                Box::new(move || etcd::credentials(roots.as_bytes(), &certificate, &key))
            }
        }
    }
}
