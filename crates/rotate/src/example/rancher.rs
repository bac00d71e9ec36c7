//! Three servers of k3s or of RKE2, with an etcd of their own.

use super::*;
use crate::Product;

/// What the cluster is like; the default is a k3s of eleven months.
#[derive(Clone, Debug)]
pub(crate) struct Rancher {
    pub server: Program,
    pub servers: usize,
    pub ca_days: i64,
    pub leaf_days: i64,
    /// Else the datastore is another one.
    pub has_etcd: bool,
    /// What the last server is told of another folder.
    pub command_of_last: &'static str,
}

impl Default for Rancher {
    fn default() -> Self {
        Self {
            server: Program::K3s,
            servers: 3,
            ca_days: 3300,
            leaf_days: 30,
            has_etcd: true,
            command_of_last: "/usr/local/bin/k3s certificate rotate",
        }
    }
}

/// Never renewed.
pub(crate) const SERVICE_KEY: &str = "service.key";

impl Rancher {
    pub(crate) fn tls(&self) -> PathBuf {
        format!("/var/lib/rancher/{}/server/tls", self.server).into()
    }

    pub(crate) fn facts(&self) -> Facts {
        let like = Ack { ca_days: self.ca_days, ..Ack::default() };
        let names =
            ["client-ca", "server-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"];
        let authorities = names.map(|name| {
            let common = format!("{}-{}@1749464211", self.server, name.replace('/', "-"));
            (name, TestCa::new(&common, &like))
        });
        let hosts =
            (1..=self.servers).map(|number| (host(number), self.host(number, &authorities)));
        Facts { now: now(), hosts: hosts.collect() }
    }

    fn host(&self, number: usize, authorities: &[(&str, TestCa); 5]) -> HostFacts {
        let mut facts = HostFacts {
            components: self.components(number),
            product: Some(self.product(number)),
            ..HostFacts::default()
        };
        let mut put = |name: String, content: &str| {
            let path = self.tls().join(name);
            facts.files.insert(path.clone(), file(&path.to_string_lossy(), content));
        };
        for (name, ca) in authorities {
            put(format!("{name}.crt"), &ca.pem);
            put(format!("{name}.key"), &ca.key_pem);
        }
        let own = [address(number), "127.0.0.1".into(), "localhost".into()];
        for (name, issuer, subject, names) in [
            ("serving-kube-apiserver", 1, "kube-apiserver", &own[..]),
            ("client-kube-apiserver", 0, "system:apiserver", &[]),
            ("client-auth-proxy", 2, "system:auth-proxy", &[]),
            ("etcd/client", 3, "etcd-client", &[]),
            ("etcd/server-client", 3, "etcd-server", &own),
            ("etcd/peer-server-client", 4, "etcd-peer", &own),
        ] {
            let (_, ca) = &authorities[issuer];
            let (certificate, key) = ca.leaf(subject, names, self.leaf_days);
            put(format!("{name}.crt"), &(certificate + &ca.pem));
            put(format!("{name}.key"), &key);
        }
        put(SERVICE_KEY.into(), &KeyPair::generate().expect("a key").serialize_pem());
        for (name, _) in authorities {
            let path = |end: &str| self.tls().join(format!("{name}.{end}"));
            facts.authority_keys.insert(path("crt"), path("key"));
        }
        facts
    }

    fn unit(&self) -> RunBy {
        let end = if self.server == Program::Rke2 { "-server" } else { "" };
        RunBy::Systemd { unit: format!("{}{end}.service", self.server) }
    }

    fn product(&self, number: usize) -> Product {
        let command = match number == self.servers && self.server == Program::K3s {
            true => self.command_of_last.to_owned(),
            false => format!("/usr/local/bin/{} certificate rotate", self.server),
        };
        let data_dir = format!("/var/lib/rancher/{}", self.server).into();
        Product { server: self.server, run_by: self.unit(), command, data_dir }
    }

    fn components(&self, number: usize) -> Vec<Component> {
        use Purpose as P;
        use Reread::{Always, AtStart};
        let endpoint = |port, at: u16| Endpoint {
            port,
            address: format!("{}:{at}", address(number)).parse().expect("an address"),
            is_plain: false,
        };
        let trust = |purpose, name: &str, reread| Trust {
            purpose,
            path: self.tls().join(format!("{name}.crt")),
            reread,
        };
        let pair = |purpose, name: &str| Pair {
            purpose,
            certificate: self.tls().join(format!("{name}.crt")),
            key: self.tls().join(format!("{name}.key")),
            reread: Always,
        };
        let etcd = Component {
            endpoints: vec![endpoint(Port::Client, 2379), endpoint(Port::Peer, 2380)],
            trusts: vec![
                trust(P::EtcdServer, "etcd/server-ca", AtStart),
                trust(P::EtcdPeer, "etcd/peer-ca", AtStart),
            ],
            pairs: vec![
                pair(P::EtcdServer, "etcd/server-client"),
                pair(P::EtcdPeer, "etcd/peer-server-client"),
            ],
            ..self.component(number, Program::Etcd)
        };
        let key =
            Trust { path: self.tls().join(SERVICE_KEY), ..trust(P::ServiceAccount, "", AtStart) };
        let apiserver = Component {
            endpoints: vec![endpoint(Port::Client, 6443)],
            trusts: vec![
                trust(P::ApiserverClients, "client-ca", Always),
                trust(P::ApiserverEtcd, "etcd/server-ca", AtStart),
                trust(P::FrontProxy, "request-header-ca", Always),
                key,
            ],
            pairs: vec![
                pair(P::ApiserverServing, "serving-kube-apiserver"),
                pair(P::ApiserverKubelet, "client-kube-apiserver"),
                pair(P::ApiserverEtcd, "etcd/client"),
                pair(P::FrontProxy, "client-auth-proxy"),
            ],
            ..self.component(number, Program::KubeApiserver)
        };
        let mut all = if self.has_etcd { vec![etcd] } else { Vec::new() };
        all.extend([apiserver, self.component(number, self.server)]);
        all
    }

    fn component(&self, number: usize, program: Program) -> Component {
        let run_by = match (self.server, program) {
            (server, own) if server == own => self.unit(),
            (Program::K3s, _) => {
                RunBy::Within { program: self.server, run_by: Box::new(self.unit()) }
            }
            _ => RunBy::StaticPod {
                manifest: format!("/var/lib/rancher/rke2/agent/pod-manifests/{program}.yaml")
                    .into(),
                container: program.to_string(),
            },
        };
        Component {
            host: host(number),
            program,
            run_by,
            process: Some(process(100, &[program.name()])),
            endpoints: Vec::new(),
            trusts: Vec::new(),
            pairs: Vec::new(),
            kubeconfigs: Vec::new(),
            settings: crate::settings::Settings::default(),
            found_in: format!("the folder {}", self.tls().display()),
        }
    }
}
