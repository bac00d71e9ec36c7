//! The masters as kubeadm leaves them: everything is a static pod but the kubelet, etcd has one
//! authority for clients and peers, and each master has leaves and kubeconfigs of its own. Where
//! etcd's members are on machines of their own, the first has the key of etcd's authority, and the
//! others have one client's pair to talk to them with.

mod follower;
mod kubelet;
mod manifests;

use std::net::Ipv4Addr;

use jiff::SignedDuration;
use rcgen::ExtendedKeyUsagePurpose::ServerAuth;

use super::{
    authority::{Ages, Authority, BOTH_SIDES, Pair, Subject},
    files::{File, Timing, pair_files, public, secret},
    kubeconfig::{self, Server, User},
    layout::{CONTROL_PLANE, ETCD},
};

pub const PKI: &str = "/etc/kubernetes/pki";
/// What a kubelet was given when its machine joined.
const FIRST_CLIENT: &str = "kubelet-client-2026-01-01-00-00-00.pem";
const KUBELET: &str = "/var/lib/kubelet";
/// What the kubelet presents to the API server; a link to the newest of such files.
pub const KUBELET_CLIENT: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// Programs of the layout that the test's own binary stands in for.
pub const STAND_INS: [&str; 4] =
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"];

/// What all masters share, and who signs the rest.
pub struct KubeadmFiles {
    pub kubernetes: Authority,
    pub front_proxy: Authority,
    pub etcd: Authority,
    /// The first master's, which people talk to etcd with.
    pub client: Pair,
    /// The API server's towards etcd, on the first machine that has one.
    api_server_client: Pair,
    service_account: rcgen::KeyPair,
    members: Vec<Ipv4Addr>,
    /// Of the control plane, where etcd is elsewhere.
    beside: Vec<Ipv4Addr>,
    ages: Ages,
    timing: Timing,
}

impl KubeadmFiles {
    pub fn new(members: &[Ipv4Addr], beside: &[Ipv4Addr], ages: Ages, timing: Timing) -> Self {
        let [kubernetes, front_proxy, etcd] = ["kubernetes", "front-proxy-ca", "etcd-ca"]
            .map(|name| Authority::new(name, ages.authority));
        let client = Subject::client("kube-etcd-healthcheck-client");
        let api_server = Subject::client("kube-apiserver-etcd-client");
        Self {
            client: etcd.issue(&client, ages.leaf),
            api_server_client: etcd.issue(&api_server, ages.leaf),
            service_account: rcgen::KeyPair::generate().expect("aws-lc-rs makes keys"),
            members: members.to_vec(),
            beside: beside.to_vec(),
            kubernetes,
            front_proxy,
            etcd,
            ages,
            timing,
        }
    }

    pub fn roles(&self, index: usize) -> &'static [&'static str] {
        match (self.is_external(), index < self.members.len()) {
            (false, _) => &[ETCD, CONTROL_PLANE],
            (true, true) => &[ETCD],
            (true, false) => &[CONTROL_PLANE],
        }
    }

    pub fn on_master(&self, index: usize) -> Vec<File> {
        let all: Vec<_> = self.members.iter().chain(&self.beside).collect();
        let (node, address) = (format!("master-{}", index + 1), *all[index]);
        let roles = self.roles(index);
        let mut files = vec![public(format!("{PKI}/etcd/ca.crt"), &self.etcd.pem)];
        if index == 0 || !self.is_external() {
            files.push(secret(format!("{PKI}/etcd/ca.key"), self.etcd.key()));
        }
        if roles.contains(&ETCD) {
            files.extend(self.member(index, &node, address));
        }
        if roles.contains(&CONTROL_PLANE) {
            files.extend(self.authorities());
            files.extend(self.pairs(&node, address));
            files.extend(self.kubeconfigs(&node, address));
            let etcd = match self.is_external() {
                true => &self.members[..],
                false => &[Ipv4Addr::LOCALHOST],
            };
            files.extend(manifests::control_plane(address, etcd));
        }
        if index == 0 || roles.contains(&CONTROL_PLANE) {
            files.extend(self.api_server_client(index));
        }
        files.extend(self.kubelet(&node, address, roles.contains(&CONTROL_PLANE)));
        files
    }

    fn is_external(&self) -> bool {
        !self.beside.is_empty()
    }

    fn authorities(&self) -> Vec<File> {
        let authorities = [("ca", &self.kubernetes), ("front-proxy-ca", &self.front_proxy)];
        let files = authorities.into_iter().flat_map(|(name, authority)| {
            [
                public(format!("{PKI}/{name}.crt"), &authority.pem),
                secret(format!("{PKI}/{name}.key"), authority.key()),
            ]
        });
        let mut files: Vec<_> = files.collect();
        files.push(public(format!("{PKI}/sa.pub"), &self.service_account.public_key_pem()));
        files.push(secret(format!("{PKI}/sa.key"), self.service_account.serialize_pem()));
        files
    }

    /// What a member of etcd has, and what starts it.
    fn member(&self, index: usize, node: &str, address: Ipv4Addr) -> Vec<File> {
        let own = [address, Ipv4Addr::LOCALHOST];
        let member =
            Subject { name: node, names: &[node, "localhost"], addresses: &own, ..BOTH_SIDES };
        let mut files = vec![manifests::etcd(&self.members, index, self.timing)];
        for name in ["server", "peer"] {
            let pair = self.etcd.issue(&member, self.ages.leaf);
            files.extend(pair_files(&format!("{PKI}/etcd/{name}"), ".crt", ".key", &pair));
        }
        let other = Subject::client("kube-etcd-healthcheck-client");
        let other = (index > 0).then(|| self.etcd.issue(&other, self.ages.leaf));
        let healthcheck = other.as_ref().unwrap_or(&self.client);
        let stem = format!("{PKI}/etcd/healthcheck-client");
        files.extend(pair_files(&stem, ".crt", ".key", healthcheck));
        files
    }

    fn pairs(&self, node: &str, address: Ipv4Addr) -> Vec<File> {
        let services = [
            node,
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ];
        let serving = Subject {
            name: "kube-apiserver",
            names: &services,
            // The service's own, the first of its network.
            addresses: &[address, Ipv4Addr::new(10, 96, 0, 1)],
            usages: &[ServerAuth],
            ..BOTH_SIDES
        };
        let kubelets =
            Subject::client("kube-apiserver-kubelet-client").of("kubeadm:cluster-admins");
        let pairs = [
            ("apiserver", &self.kubernetes, serving),
            ("apiserver-kubelet-client", &self.kubernetes, kubelets),
            ("front-proxy-client", &self.front_proxy, Subject::client("front-proxy-client")),
        ];
        let files = pairs.into_iter().flat_map(|(name, authority, subject)| {
            let pair = authority.issue(&subject, self.ages.leaf);
            pair_files(&format!("{PKI}/{name}"), ".crt", ".key", &pair)
        });
        files.collect()
    }

    /// Each master has its own, unless etcd is elsewhere: then the first member's is handed out.
    fn api_server_client(&self, index: usize) -> [File; 2] {
        let own = Subject::client("kube-apiserver-etcd-client");
        let own = (index > 0 && !self.is_external()).then(|| self.etcd.issue(&own, self.ages.leaf));
        let pair = own.as_ref().unwrap_or(&self.api_server_client);
        pair_files(&format!("{PKI}/apiserver-etcd-client"), ".crt", ".key", pair)
    }

    fn kubeconfigs(&self, node: &str, address: Ipv4Addr) -> Vec<File> {
        let server = Server { authority: &self.kubernetes.pem, address };
        let people = [
            ("admin", "kubernetes-admin", "kubeadm:cluster-admins"),
            ("super-admin", "kubernetes-super-admin", "system:masters"),
            ("controller-manager", "system:kube-controller-manager", ""),
            ("scheduler", "system:kube-scheduler", ""),
        ];
        let embedding = people.into_iter().map(|(file, name, organization)| {
            let subject = Subject::client(name).of(organization);
            let pair = self.kubernetes.issue(&subject, self.ages.leaf);
            let text = kubeconfig::write(&server, name, &User::Embedded(&pair));
            secret(format!("/etc/kubernetes/{file}.conf"), text)
        });
        let name = format!("system:node:{node}");
        let text = kubeconfig::write(&server, &name, &User::InFile(KUBELET_CLIENT));
        embedding.chain([secret("/etc/kubernetes/kubelet.conf".to_owned(), text)]).collect()
    }

    /// The kubelet's own: it signs what it serves by itself, and renews what it presents. On a
    /// machine for etcd alone it knows no API server.
    fn kubelet(&self, node: &str, address: Ipv4Addr, has_api_server: bool) -> Vec<File> {
        let own = Authority::new(&format!("{node}-ca@1"), self.ages.leaf);
        let serving = Subject { name: node, names: &[node], addresses: &[address], ..BOTH_SIDES };
        let (clients, kubeconfig) = match has_api_server {
            true => (
                format!("authentication:\n  x509:\n    clientCAFile: {PKI}/ca.crt\n"),
                "--kubeconfig=/etc/kubernetes/kubelet.conf",
            ),
            false => (String::new(), ""),
        };
        let config = format!(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{clients}\
             rotateCertificates: true\nstaticPodPath: {}\n",
            manifests::FOLDER
        );
        let unit = format!(
            "[Unit]\nDescription=kubelet: The Kubernetes Node Agent\n\n[Service]\n\
             ExecStart=/usr/local/bin/kubelet {} --config={KUBELET}/config.yaml \
             {kubeconfig} --hostname-override={node}\n\
             Restart=always\n",
            manifests::STANDING_IN.join(" ")
        );
        let mut files = vec![
            public(format!("{KUBELET}/config.yaml"), &config),
            public("/etc/systemd/system/kubelet.service".to_owned(), &unit),
        ];
        if has_api_server {
            let client = kubelet_client(node, &self.kubernetes, self.ages.leaf);
            files.push(secret(format!("{KUBELET}/pki/{FIRST_CLIENT}"), client));
        }
        let serving = own.issue(&serving, self.ages.leaf);
        files.extend(pair_files(&format!("{KUBELET}/pki/kubelet"), ".crt", ".key", &serving));
        files
    }
}

/// Certificate and key in one file, as the kubelet of `node` keeps what `authority` gave it.
pub fn kubelet_client(node: &str, authority: &Authority, good_for: SignedDuration) -> String {
    let name = format!("system:node:{node}");
    let subject = Subject::client(&name).of("system:nodes");
    let Pair { certificate, key } = authority.issue(&subject, good_for);
    certificate + &key
}

/// What is left to do on a master when the files lie there.
pub const PREPARE: &str = "mkdir -p -m 700 /var/lib/etcd; cd /var/lib/kubelet/pki; \
     for file in kubelet-client-2*.pem; do \
     [ ! -e $file ] || ln -s $file kubelet-client-current.pem; done";

/// Stands in for the program of this name, until the process ends.
pub fn run_as(program: &str) {
    match program {
        "kubelet" => kubelet::run(),
        _ => follower::run(program),
    }
}
