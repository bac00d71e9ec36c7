//! The static pods of a master, with the flags that kubeadm gives them. What a container sees of
//! the machine's files is what its manifest mounts.

use std::net::Ipv4Addr;

use super::PKI;
use crate::lab::{
    api_server,
    files::{File, Timing, secret},
};

pub const FOLDER: &str = "/etc/kubernetes/manifests";
/// What makes the test's binary stand in for a program; that one's flags come behind.
pub const STANDING_IN: [&str; 5] =
    [api_server::NAME, "--ignored", "--nocapture", "--test-threads=1", "--"];

pub fn etcd(members: &[Ipv4Addr], index: usize, timing: Timing) -> File {
    let pod = Pod {
        name: "etcd",
        arguments: etcd_flags(members, index, timing),
        folders: &["/var/lib/etcd", &format!("{PKI}/etcd")],
        files: &[],
    };
    pod.manifest()
}

/// What leans on etcd, which is at these addresses.
pub fn control_plane(address: Ipv4Addr, etcd: &[Ipv4Addr]) -> [File; 3] {
    [
        Pod {
            name: "kube-apiserver",
            arguments: standing_in(api_server_flags(address, etcd)),
            folders: &[PKI],
            files: &[],
        },
        Pod {
            name: "kube-controller-manager",
            arguments: standing_in(controller_manager_flags()),
            folders: &[PKI],
            files: &["/etc/kubernetes/controller-manager.conf"],
        },
        Pod {
            name: "kube-scheduler",
            arguments: standing_in(kubeconfig_flags("scheduler")),
            folders: &[],
            files: &["/etc/kubernetes/scheduler.conf"],
        },
    ]
    .map(|pod| pod.manifest())
}

fn standing_in(flags: Vec<String>) -> Vec<String> {
    STANDING_IN.map(str::to_owned).into_iter().chain(flags).collect()
}

fn etcd_flags(members: &[Ipv4Addr], index: usize, timing: Timing) -> Vec<String> {
    let address = members[index];
    let cluster: Vec<_> = members
        .iter()
        .enumerate()
        .map(|(index, address)| format!("master-{}=https://{address}:2380", index + 1))
        .collect();
    let mut flags = timing.flags().to_vec();
    flags.extend([
        format!("--advertise-client-urls=https://{address}:2379"),
        format!("--cert-file={PKI}/etcd/server.crt"),
        "--client-cert-auth=true".to_owned(),
        "--data-dir=/var/lib/etcd".to_owned(),
        format!("--initial-advertise-peer-urls=https://{address}:2380"),
        format!("--initial-cluster={}", cluster.join(",")),
        format!("--key-file={PKI}/etcd/server.key"),
        format!("--listen-client-urls=https://127.0.0.1:2379,https://{address}:2379"),
        "--listen-metrics-urls=http://127.0.0.1:2381".to_owned(),
        format!("--listen-peer-urls=https://{address}:2380"),
        format!("--name=master-{}", index + 1),
        format!("--peer-cert-file={PKI}/etcd/peer.crt"),
        "--peer-client-cert-auth=true".to_owned(),
        format!("--peer-key-file={PKI}/etcd/peer.key"),
        format!("--peer-trusted-ca-file={PKI}/etcd/ca.crt"),
        "--snapshot-count=10000".to_owned(),
        format!("--trusted-ca-file={PKI}/etcd/ca.crt"),
    ]);
    flags
}

fn api_server_flags(address: Ipv4Addr, etcd: &[Ipv4Addr]) -> Vec<String> {
    let servers: Vec<_> = etcd.iter().map(|address| format!("https://{address}:2379")).collect();
    vec![
        format!("--advertise-address={address}"),
        format!("--client-ca-file={PKI}/ca.crt"),
        format!("--etcd-cafile={PKI}/etcd/ca.crt"),
        format!("--etcd-certfile={PKI}/apiserver-etcd-client.crt"),
        format!("--etcd-keyfile={PKI}/apiserver-etcd-client.key"),
        "--etcd-readycheck-timeout=2s".to_owned(),
        format!("--etcd-servers={}", servers.join(",")),
        format!("--kubelet-client-certificate={PKI}/apiserver-kubelet-client.crt"),
        format!("--kubelet-client-key={PKI}/apiserver-kubelet-client.key"),
        format!("--proxy-client-cert-file={PKI}/front-proxy-client.crt"),
        format!("--proxy-client-key-file={PKI}/front-proxy-client.key"),
        format!("--requestheader-client-ca-file={PKI}/front-proxy-ca.crt"),
        "--secure-port=6443".to_owned(),
        format!("--service-account-key-file={PKI}/sa.pub"),
        format!("--service-account-signing-key-file={PKI}/sa.key"),
        format!("--tls-cert-file={PKI}/apiserver.crt"),
        format!("--tls-private-key-file={PKI}/apiserver.key"),
    ]
}

fn controller_manager_flags() -> Vec<String> {
    let mut flags = kubeconfig_flags("controller-manager");
    flags.extend([
        format!("--client-ca-file={PKI}/ca.crt"),
        format!("--cluster-signing-cert-file={PKI}/ca.crt"),
        format!("--cluster-signing-key-file={PKI}/ca.key"),
        format!("--requestheader-client-ca-file={PKI}/front-proxy-ca.crt"),
        format!("--root-ca-file={PKI}/ca.crt"),
        format!("--service-account-private-key-file={PKI}/sa.key"),
    ]);
    flags
}

fn kubeconfig_flags(name: &str) -> Vec<String> {
    ["authentication-kubeconfig", "authorization-kubeconfig", "kubeconfig"]
        .map(|flag| format!("--{flag}=/etc/kubernetes/{name}.conf"))
        .into()
}

/// A pod of one container, on the machine's own network.
struct Pod<'a> {
    name: &'a str,
    /// Behind the program itself.
    arguments: Vec<String>,
    /// Of the machine, each under its own name inside.
    folders: &'a [&'a str],
    files: &'a [&'a str],
}

impl Pod<'_> {
    fn manifest(&self) -> File {
        let name = self.name;
        let arguments = std::iter::once(format!("/usr/local/bin/{name}"));
        let command: String = arguments
            .chain(self.arguments.iter().cloned())
            .map(|argument| format!("    - {argument}\n"))
            .collect();
        let folders = self.folders.iter().map(|path| (path, "DirectoryOrCreate"));
        let files = self.files.iter().map(|path| (path, "FileOrCreate"));
        let (mut mounts, mut volumes) = (String::new(), String::new());
        for (number, (path, kind)) in folders.chain(files).enumerate() {
            mounts += &format!("    - mountPath: {path}\n      name: v{number}\n");
            volumes += &format!(
                "  - hostPath:\n      path: {path}\n      type: {kind}\n    name: v{number}\n"
            );
        }
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    component: {name}\n    \
             tier: control-plane\n  name: {name}\n  namespace: kube-system\nspec:\n  \
             containers:\n  - command:\n{command}    image: registry.k8s.io/{name}\n    \
             name: {name}\n    volumeMounts:\n{mounts}  hostNetwork: true\n  \
             priorityClassName: system-node-critical\n  volumes:\n{volumes}"
        );
        secret(format!("{FOLDER}/{name}.yaml"), text)
    }
}
