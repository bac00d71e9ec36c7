//! What lies under `/etc/kubernetes` on the masters of the lab: the cluster's own authorities and
//! what the API server reads, named as ACK's installer names them.

use std::net::Ipv4Addr;

use jiff::SignedDuration;

use super::{
    api_server,
    authority::{Authority, Pair},
    files::{File, pair_files, public, secret},
    kubeconfig::{self, Server, User},
};

/// Made to outlast whatever a test does with etcd's.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24 * 365 * 9);
pub const FOLDER: &str = "/etc/kubernetes/pki";
pub const API_SERVER_UNIT: &str = "/etc/systemd/system/kube-apiserver.service";

/// One for all masters.
pub struct KubernetesFiles {
    authority: Authority,
    front_proxy: Authority,
    kubelet_client: Pair,
    front_proxy_client: Pair,
    admin: Pair,
    service_account: rcgen::KeyPair,
}

impl KubernetesFiles {
    pub fn new() -> Self {
        let authority = Authority::new("kubernetes", GOOD_FOR);
        let front_proxy = Authority::new("front-proxy-ca", GOOD_FOR);
        let leaf =
            |name, organization| authority.leaf(name, Some(organization), &[], &[], GOOD_FOR);
        Self {
            kubelet_client: leaf("kube-apiserver-kubelet-client", "system:masters"),
            admin: leaf("kubernetes-admin", "system:masters"),
            front_proxy_client: front_proxy.leaf("front-proxy-client", None, &[], &[], GOOD_FOR),
            service_account: rcgen::KeyPair::generate().expect("aws-lc-rs makes keys"),
            authority,
            front_proxy,
        }
    }

    pub fn on_master(&self, address: Ipv4Addr) -> Vec<File> {
        let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
        let serving = self.authority.leaf("kube-apiserver", None, &[address], &names, GOOD_FOR);
        let server = Server { authority: &self.authority.pem, address };
        let admin = kubeconfig::write(&server, "kubernetes-admin", &User::Embedded(&self.admin));
        let mut files = vec![
            public(format!("{FOLDER}/apiserver-ca.crt"), &self.authority.pem),
            public(format!("{FOLDER}/sa.pub"), &self.service_account.public_key_pem()),
            secret(format!("{FOLDER}/sa.key"), self.service_account.serialize_pem()),
            secret("/etc/kubernetes/admin.conf".to_owned(), admin),
        ];
        for (name, authority) in [("ca", &self.authority), ("front-proxy-ca", &self.front_proxy)] {
            files.push(public(format!("{FOLDER}/{name}.crt"), &authority.pem));
            files.push(secret(format!("{FOLDER}/{name}.key"), authority.key()));
        }
        for (name, pair) in [
            ("apiserver", &serving),
            ("apiserver-kubelet-client", &self.kubelet_client),
            ("front-proxy-client", &self.front_proxy_client),
        ] {
            files.extend(pair_files(&format!("{FOLDER}/{name}"), ".crt", ".key", pair));
        }
        files
    }
}

/// The flags of ACK's API servers that certificates and etcd have to do with.
pub fn api_server_flags(members: &[Ipv4Addr], address: Ipv4Addr) -> Vec<String> {
    let servers: Vec<_> = members.iter().map(|ip| format!("https://{ip}:2379")).collect();
    vec![
        format!("--bind-address={address}"),
        "--secure-port=6443".to_owned(),
        format!("--client-ca-file={FOLDER}/apiserver-ca.crt"),
        format!("--tls-cert-file={FOLDER}/apiserver.crt"),
        format!("--tls-private-key-file={FOLDER}/apiserver.key"),
        format!("--kubelet-client-certificate={FOLDER}/apiserver-kubelet-client.crt"),
        format!("--kubelet-client-key={FOLDER}/apiserver-kubelet-client.key"),
        format!("--proxy-client-cert-file={FOLDER}/front-proxy-client.crt"),
        format!("--proxy-client-key-file={FOLDER}/front-proxy-client.key"),
        format!("--requestheader-client-ca-file={FOLDER}/front-proxy-ca.crt"),
        format!("--service-account-key-file={FOLDER}/sa.pub"),
        format!("--etcd-cafile={FOLDER}/etcd/ca.pem"),
        format!("--etcd-certfile={FOLDER}/etcd/etcd-client.pem"),
        format!("--etcd-keyfile={FOLDER}/etcd/etcd-client-key.pem"),
        format!("--etcd-servers={}", servers.join(",")),
    ]
}

/// The unit of the stand-in: behind what makes the test's binary be it, the flags of ACK's.
pub fn api_server_unit(members: &[Ipv4Addr], address: Ipv4Addr) -> File {
    let flags = api_server_flags(members, address);
    let text = format!(
        "[Unit]\nDescription=Kubernetes API server\n\n[Service]\n\
         ExecStart=/usr/local/bin/kube-apiserver {} --ignored --nocapture --test-threads=1 -- {}\n",
        api_server::NAME,
        flags.join(" \\\n  ")
    );
    public(API_SERVER_UNIT.to_owned(), &text)
}
