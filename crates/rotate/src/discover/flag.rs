//! Which flags name files, what for, and when each is read. The tables of who rereads what follow
//! the sources of etcd (`transport/listener.go`) and of Kubernetes (`dynamiccertificates`).

use crate::{
    Program, Purpose,
    Reread::{self, Always, AtStart},
};

/// Flags of a certificate and of its key.
pub(super) type PairFlags = (&'static str, &'static str, Purpose, Reread);
pub(super) type TrustFlag = (&'static str, Purpose, Reread);

pub(super) fn pairs(program: Program) -> &'static [PairFlags] {
    use Purpose::*;
    match program {
        Program::Etcd => &[
            ("cert-file", "key-file", EtcdServer, Always),
            ("client-cert-file", "client-key-file", EtcdClient, Always),
            ("peer-cert-file", "peer-key-file", EtcdPeer, Always),
            ("peer-client-cert-file", "peer-client-key-file", EtcdPeer, Always),
        ],
        Program::KubeApiserver => &[
            ("tls-cert-file", "tls-private-key-file", ApiserverServing, Always),
            ("kubelet-client-certificate", "kubelet-client-key", ApiserverKubelet, Always),
            ("etcd-certfile", "etcd-keyfile", ApiserverEtcd, Always),
            ("proxy-client-cert-file", "proxy-client-key-file", FrontProxy, Always),
        ],
        Program::KubeControllerManager => {
            &[("cluster-signing-cert-file", "cluster-signing-key-file", ClusterSigning, Always)]
        }
        Program::Kubelet => &[("tls-cert-file", "tls-private-key-file", KubeletServing, AtStart)],
        Program::KubeScheduler | Program::CloudControllerManager | Program::K3s | Program::Rke2 => {
            &[]
        }
    }
}

/// Keys of service accounts count here, since they are files that others are checked against.
pub(super) fn trusts(program: Program) -> &'static [TrustFlag] {
    use Purpose::*;
    match program {
        Program::Etcd => {
            &[("trusted-ca-file", EtcdServer, AtStart), ("peer-trusted-ca-file", EtcdPeer, AtStart)]
        }
        Program::KubeApiserver => &[
            ("client-ca-file", ApiserverClients, Always),
            ("etcd-cafile", ApiserverEtcd, AtStart),
            ("kubelet-certificate-authority", ApiserverKubelet, AtStart),
            ("requestheader-client-ca-file", FrontProxy, Always),
            ("service-account-key-file", ServiceAccount, AtStart),
            ("service-account-signing-key-file", ServiceAccount, AtStart),
        ],
        Program::KubeControllerManager => &[
            ("root-ca-file", RootCa, AtStart),
            ("client-ca-file", ApiserverClients, AtStart),
            ("requestheader-client-ca-file", FrontProxy, AtStart),
            ("service-account-private-key-file", ServiceAccount, AtStart),
        ],
        Program::Kubelet => &[("client-ca-file", KubeletServing, AtStart)],
        Program::KubeScheduler | Program::CloudControllerManager | Program::K3s | Program::Rke2 => {
            &[]
        }
    }
}

/// Flags that name files of certificates and keys.
pub(super) fn certificates(program: Program) -> impl Iterator<Item = &'static str> {
    let pairs = pairs(program).iter().flat_map(|(certificate, key, ..)| [*certificate, *key]);
    pairs.chain(trusts(program).iter().map(|(flag, ..)| *flag))
}

pub(super) fn kubeconfigs(program: Program) -> &'static [&'static str] {
    match program {
        Program::Etcd | Program::KubeApiserver | Program::K3s | Program::Rke2 => &[],
        Program::Kubelet => &["kubeconfig"],
        _ => &["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"],
    }
}
