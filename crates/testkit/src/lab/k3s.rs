//! Servers as k3s leaves them: everything in one process, five authorities, and leaves that the
//! server makes for itself.
//!
//! k3s itself is in no registry, so `server` stands in for it: it keeps k3s' folders, runs the
//! real etcd and the stand-in for the API server, and renews by `k3s certificate rotate` what the
//! real one does (`pkg/cli/cert/cert.go`, `pkg/util/services/services.go` of k3s). It has no
//! agent, no datastore key with the authorities in it, and no listener with a certificate of its
//! own at port 6443; and it makes what is missing, but does not renew what ends soon.

mod server;

use std::net::Ipv4Addr;

use jiff::SignedDuration;
use rcgen::ExtendedKeyUsagePurpose::ServerAuth;

use super::{
    api_server,
    authority::{Ages, Authority, BOTH_SIDES, Pair, Subject},
    files::{File, Timing, pair_files, public, secret},
};

pub(super) use server::run;

/// Where k3s keeps everything, unless it is told otherwise.
pub const DATA: &str = "/var/lib/rancher/k3s";
/// What the last of the servers is told instead, in its configuration file.
pub const OTHER_DATA: &str = "/var/lib/k3s-data";
const CONFIG: &str = "/etc/rancher/k3s/config.yaml";

/// The server as the kernel calls it, and the real etcd under a name that no process of k3s has.
pub const SERVER: &str = "k3s-server";
pub const MEMBER: &str = "k3s-member";

/// The key that signs tokens, which stays whatever is renewed.
const SERVICE_KEYS: [&str; 2] = ["service.key", "service.current.key"];

pub struct K3sFiles {
    /// By their files, without the ending.
    authorities: [(&'static str, Authority); 5],
    pub client: Pair,
    service_account: rcgen::KeyPair,
    members: Vec<Ipv4Addr>,
    ages: Ages,
    timing: Timing,
}

const AUTHORITIES: [&str; 5] =
    ["client-ca", "server-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"];

impl K3sFiles {
    pub fn new(members: &[Ipv4Addr], ages: Ages, timing: Timing) -> Self {
        let authorities = AUTHORITIES.map(|file| {
            let name = format!("k3s-{}@1749464211", file.replace('/', "-"));
            (file, Authority::new(&name, ages.authority))
        });
        let (_, etcd) = &authorities[3];
        Self {
            client: etcd.issue(&Subject::client("etcd-client"), ages.leaf),
            service_account: rcgen::KeyPair::generate().expect("aws-lc-rs makes keys"),
            authorities,
            members: members.to_vec(),
            ages,
            timing,
        }
    }

    pub fn authority(&self) -> &Authority {
        &self.authorities[3].1
    }

    pub fn peer_authority(&self) -> &Authority {
        &self.authorities[4].1
    }

    pub fn on_master(&self, index: usize) -> Vec<File> {
        let address = self.members[index];
        let is_last = index + 1 == self.members.len();
        let data = if is_last { OTHER_DATA } else { DATA };
        let tls = format!("{data}/server/tls");
        let mut files = Vec::new();
        for (name, authority) in &self.authorities {
            files.push(public(format!("{tls}/{name}.crt"), &authority.pem));
            files.push(secret(format!("{tls}/{name}.key"), authority.key()));
        }
        for name in ["client-ca", "server-ca"] {
            let (_, authority) =
                self.authorities.iter().find(|(file, _)| *file == name).expect("it is one of them");
            files.push(public(format!("{tls}/{name}.nochain.crt"), &authority.pem));
        }
        let service = self.service_account.serialize_pem();
        files.extend(SERVICE_KEYS.map(|name| secret(format!("{tls}/{name}"), service.clone())));
        for leaf in leaves(address) {
            let (_, authority) = self
                .authorities
                .iter()
                .find(|(file, _)| *file == leaf.authority)
                .expect("it is one of them");
            let pair = leaf.issue(authority, self.ages.leaf);
            files.extend(pair_files(&format!("{tls}/{}", leaf.file), ".crt", ".key", &pair));
        }
        files.extend(PROGRAMS.map(|program| kubeconfig(data, program)));
        files.extend([self.config(index, is_last), unit(), script()]);
        files
    }

    fn config(&self, index: usize, is_last: bool) -> File {
        let members: Vec<String> = self.members.iter().map(ToString::to_string).collect();
        let data = if is_last { format!("data-dir: {OTHER_DATA}\n") } else { String::new() };
        let text = format!(
            "cluster-init: true\nnode-name: master-{}\nnode-ip: {}\n{data}\
             # Only the stand-in knows these.\nlab-members: [{}]\nlab-etcd: [{}]\n",
            index + 1,
            self.members[index],
            members.join(", "),
            self.timing.flags().map(|flag| format!("{flag:?}")).join(", "),
        );
        public(CONFIG.to_owned(), &text)
    }
}

/// Parts of the server that live by a kubeconfig.
const PROGRAMS: [&str; 2] = ["controller", "scheduler"];

/// It names files, which are the ones that are renewed.
fn kubeconfig(data: &str, program: &str) -> File {
    let tls = format!("{data}/server/tls");
    let text = format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    server: https://127.0.0.1:6444\n    \
         certificate-authority: {tls}/server-ca.crt\n  name: local\ncontexts:\n- context:\n    \
         cluster: local\n    user: user\n  name: Default\ncurrent-context: Default\nkind: Config\n\
         users:\n- name: user\n  user:\n    client-certificate: {tls}/client-{program}.crt\n    \
         client-key: {tls}/client-{program}.key\n"
    );
    secret(format!("{data}/server/cred/{program}.kubeconfig"), text)
}

/// As k3s' installer writes it.
fn unit() -> File {
    let text = "[Unit]\nDescription=Lightweight Kubernetes\n\n[Service]\nType=notify\n\
                KillMode=process\nDelegate=yes\nRestart=always\nRestartSec=5s\n\
                ExecStart=/usr/local/bin/k3s server\n";
    public("/etc/systemd/system/k3s.service".to_owned(), text)
}

/// The binary of all commands: it becomes the server's, and shows nobody what it was told.
fn script() -> File {
    let text = format!(
        "#!/bin/sh\nLAB_K3S=\"$*\"\nexport LAB_K3S\nexec /usr/local/bin/{SERVER} {} --ignored \
         --nocapture --test-threads=1\n",
        api_server::NAME
    );
    public("/usr/local/bin/k3s".to_owned(), &text)
}

/// What is left to do on a master when the files lie there.
pub const PREPARE: &str = "chmod 755 /usr/local/bin/k3s";

/// One of the leaves that the server makes.
struct Leaf {
    /// Below the folder of certificates, without the ending.
    file: &'static str,
    authority: &'static str,
    name: &'static str,
    organization: &'static str,
    kind: Kind,
    address: Ipv4Addr,
}

#[derive(Clone, Copy)]
enum Kind {
    Client,
    Member,
    Server,
}

fn leaves(address: Ipv4Addr) -> Vec<Leaf> {
    use Kind::{Client, Member, Server};
    let all = [
        ("client-admin", "client-ca", "system:admin", "system:masters", Client),
        ("client-supervisor", "client-ca", "system:k3s-supervisor", "system:masters", Client),
        ("client-controller", "client-ca", "system:kube-controller-manager", "", Client),
        ("client-scheduler", "client-ca", "system:kube-scheduler", "", Client),
        ("client-kube-apiserver", "client-ca", "system:apiserver", "system:masters", Client),
        ("client-kube-proxy", "client-ca", "system:kube-proxy", "", Client),
        ("client-k3s-controller", "client-ca", "system:k3s-controller", "", Client),
        ("client-k3s-cloud-controller", "client-ca", "k3s-cloud-controller-manager", "", Client),
        ("client-auth-proxy", "request-header-ca", "system:auth-proxy", "", Client),
        ("serving-kube-apiserver", "server-ca", "kube-apiserver", "", Server),
        ("etcd/client", "etcd/server-ca", "etcd-client", "", Client),
        ("etcd/server-client", "etcd/server-ca", "etcd-server", "", Member),
        ("etcd/peer-server-client", "etcd/peer-ca", "etcd-peer", "", Member),
    ];
    all.map(|(file, authority, name, organization, kind)| Leaf {
        file,
        authority,
        name,
        organization,
        kind,
        address,
    })
    .into()
}

impl Leaf {
    /// With its authority behind it, as k3s writes them.
    fn issue(&self, authority: &Authority, good_for: SignedDuration) -> Pair {
        let addresses = [self.address, Ipv4Addr::LOCALHOST];
        let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"];
        let subject = match self.kind {
            Kind::Client => Subject::client(self.name).of(self.organization),
            Kind::Member => Subject {
                name: self.name,
                names: &["localhost"],
                addresses: &addresses,
                ..BOTH_SIDES
            },
            Kind::Server => Subject {
                name: self.name,
                names: &names,
                addresses: &addresses,
                usages: &[ServerAuth],
                ..BOTH_SIDES
            },
        };
        let Pair { certificate, key } = authority.issue(&subject, good_for);
        Pair { certificate: certificate + &authority.pem, key }
    }
}
