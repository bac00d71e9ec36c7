//! Who set the cluster up. It only names what was found, and says where files would lie when
//! nothing runs that could be asked.

use std::path::{Path, PathBuf};

use super::{Listings, told::Told};
use crate::{
    Component, Program, RunBy,
    inventory::{Host, Layout},
    site::Survey,
};

const ACK: &str = "/var/lib/etcd/cert";
const ETCDADM: &str = "/etc/etcd/pki";
const KUBESPRAY: &str = "/etc/ssl/etcd/ssl";
const KUBEADM: &str = "/etc/kubernetes/pki/etcd";
const K3S: &str = "/var/lib/rancher/k3s/server/tls";
const RKE2: &str = "/var/lib/rancher/rke2/server/tls";

/// Folders that say which layout this is where no process does.
pub(super) const TELLING: [&str; 6] = [ACK, ETCDADM, KUBESPRAY, KUBEADM, K3S, RKE2];

/// Where certificates and copies of them lie besides the folders that programs name.
pub(super) const COMMON: [&str; 4] = [
    "/etc/kubernetes/pki",
    "/etc/kubernetes/pki/etcd",
    "/etc/kubernetes/pki/dashboard",
    "/var/lib/etcd/cert",
];

/// Kubeconfigs of people; programs may read some of them too.
pub(super) const KUBECONFIGS: [&str; 6] = [
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/super-admin.conf",
    "/etc/kubernetes/kube.conf",
    "/etc/rancher/k3s/k3s.yaml",
    "/etc/rancher/rke2/rke2.yaml",
    "/root/.kube/config",
];

/// By what runs and where its files are; by folders that are there, where nothing runs.
pub(super) fn of(components: &[Component], survey: &Survey, listings: &Listings) -> Layout {
    let has = |folder: &str| listings.get(Path::new(folder)).is_some_and(|names| !names.is_empty());
    let unit = |name: &str| survey.units.iter().any(|unit| unit.name.starts_with(name));
    if unit("k3s") || has(K3S) {
        return Layout::K3s;
    }
    if unit("rke2") || has(RKE2) {
        return Layout::Rke2;
    }
    let Some(etcd) = components.iter().find(|component| component.program == Program::Etcd) else {
        let folders =
            [(ACK, Layout::Ack), (ETCDADM, Layout::Etcdadm), (KUBESPRAY, Layout::Kubespray)];
        let found = folders.into_iter().find(|(folder, _)| has(folder));
        let is_kubeadm = has(KUBEADM)
            || components.iter().any(|found| matches!(found.run_by, RunBy::StaticPod { .. }));
        return match found {
            Some((_, layout)) => layout,
            None if is_kubeadm => Layout::Kubeadm,
            None => Layout::Auto,
        };
    };
    if matches!(etcd.run_by, RunBy::StaticPod { .. }) {
        return Layout::Kubeadm;
    }
    let folder = etcd.trusts.first().and_then(|trust| trust.path.parent());
    match folder.and_then(Path::to_str) {
        Some(ACK) => Layout::Ack,
        Some(ETCDADM) => Layout::Etcdadm,
        Some(KUBESPRAY) => Layout::Kubespray,
        _ => Layout::Custom,
    }
}

/// What etcd's flags would be in `layout`, as far as they are not told.
pub(super) fn default_etcd(told: &mut Told, layout: Layout, host: &Host, listings: &Listings) {
    let said = host.overrides.get(&Program::Etcd).and_then(|said| said.cert_dir.clone());
    let folder = said.unwrap_or_else(|| {
        PathBuf::from(match layout {
            Layout::Etcdadm => ETCDADM,
            Layout::Kubespray => KUBESPRAY,
            Layout::Kubeadm => KUBEADM,
            _ => ACK,
        })
    });
    let names = listings.get(&folder).map_or(&[][..], Vec::as_slice);
    let Some([ca, peer_ca, server, peer]) = names_in(layout, names, host) else { return };
    let key_of = |name: &str| match name.strip_suffix(".pem") {
        Some(stem) => format!("{stem}-key.pem"),
        None => name.replace(".crt", ".key"),
    };
    for (flag, name) in [
        ("trusted-ca-file", ca.clone()),
        ("peer-trusted-ca-file", peer_ca),
        ("cert-file", server.clone()),
        ("key-file", key_of(&server)),
        ("peer-cert-file", peer.clone()),
        ("peer-key-file", key_of(&peer)),
    ] {
        told.default_to(flag, &folder.join(name));
    }
}

/// Names of the CA, the peers' CA, the server's and the peer's certificate.
fn names_in(layout: Layout, names: &[String], host: &Host) -> Option<[String; 4]> {
    Some(match layout {
        Layout::Etcdadm | Layout::Kubeadm => {
            ["ca.crt", "ca.crt", "server.crt", "peer.crt"].map(str::to_owned)
        }
        Layout::Kubespray => {
            let member = format!("member-{}.pem", host.name);
            ["ca.pem".into(), "ca.pem".into(), member.clone(), member]
        }
        // The peer's name begins with the machine's address; each master has those of all.
        Layout::Ack | Layout::Custom | Layout::Auto => {
            let own = format!("{}-name-", host.address);
            let peer = names.iter().find(|name| {
                name.starts_with(&own) && name.ends_with(".pem") && !name.ends_with("-key.pem")
            })?;
            ["ca.pem".into(), "peer-ca.pem".into(), "etcd-server.pem".into(), peer.clone()]
        }
        Layout::K3s | Layout::Rke2 => return None,
    })
}
