//! Three masters in kubeadm's layout, with stacked etcd.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

pub(crate) const PKI: &str = "/etc/kubernetes/pki";
pub(crate) const MANIFEST: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";

/// What the cluster is like; the default is healthy and eleven months old.
#[derive(Clone, Debug)]
pub(crate) struct Kubeadm {
    pub ca_days: i64,
    pub leaf_days: i64,
    pub has_ca_keys: bool,
    /// The API servers run as units, not as static pods.
    pub has_units: bool,
    /// etcd lives by the authority of Kubernetes.
    pub one_ca: bool,
}

impl Default for Kubeadm {
    fn default() -> Self {
        Self { ca_days: 3300, leaf_days: 30, has_ca_keys: true, has_units: false, one_ca: false }
    }
}

impl Kubeadm {
    pub(crate) fn facts(&self) -> Facts {
        let like = Ack { ca_days: self.ca_days, ..Ack::default() };
        let mut authorities =
            ["kubernetes", "front-proxy-ca", "etcd-ca"].map(|name| TestCa::new(name, &like));
        if self.one_ca {
            authorities[2] = authorities[0].clone();
        }
        let hosts = (1..=3).map(|number| (host(number), self.host(number, &authorities)));
        Facts { now: now(), hosts: hosts.collect() }
    }

    fn host(&self, number: usize, authorities: &[TestCa; 3]) -> HostFacts {
        let [kubernetes, front_proxy, etcd] = authorities;
        let node = format!("master-{number}");
        let mut facts = HostFacts { components: self.components(number), ..HostFacts::default() };
        let mut put = |path: String, content: &str| {
            facts.files.insert(path.clone().into(), file(&path, content));
        };
        for (name, ca) in [("ca", kubernetes), ("front-proxy-ca", front_proxy), ("etcd/ca", etcd)] {
            put(format!("{PKI}/{name}.crt"), &ca.pem);
            if self.has_ca_keys {
                put(format!("{PKI}/{name}.key"), &ca.key_pem);
            }
        }
        let own = vec![node.clone(), "localhost".into(), address(number), "127.0.0.1".into()];
        let serving = vec![node.clone(), "kubernetes".into(), address(number)];
        let pairs = [
            ("apiserver", kubernetes, "kube-apiserver", serving),
            ("apiserver-kubelet-client", kubernetes, "kube-apiserver-kubelet-client", vec![]),
            ("front-proxy-client", front_proxy, "front-proxy-client", vec![]),
            ("apiserver-etcd-client", etcd, "kube-apiserver-etcd-client", vec![]),
            ("etcd/server", etcd, node.as_str(), own.clone()),
            ("etcd/peer", etcd, node.as_str(), own),
            ("etcd/healthcheck-client", etcd, "kube-etcd-healthcheck-client", vec![]),
        ];
        for (name, ca, subject, names) in pairs {
            let (certificate, key) = ca.leaf(subject, &names, self.leaf_days);
            put(format!("{PKI}/{name}.crt"), &certificate);
            put(format!("{PKI}/{name}.key"), &key);
        }
        for (name, subject) in [
            ("admin", "kubernetes-admin"),
            ("controller-manager", "system:kube-controller-manager"),
            ("scheduler", "system:kube-scheduler"),
        ] {
            let (certificate, key) = kubernetes.leaf(subject, &[], self.leaf_days);
            let text = kubeconfig(&kubernetes.pem, &certificate, &key);
            put(format!("/etc/kubernetes/{name}.conf"), &text);
        }
        put(MANIFEST.to_owned(), &format!("    - --client-ca-file={PKI}/ca.crt\n"));
        facts.idle_kubeconfigs = vec!["/etc/kubernetes/admin.conf".into()];
        if self.has_ca_keys {
            for name in ["ca", "front-proxy-ca", "etcd/ca"] {
                let path = |end: &str| PathBuf::from(format!("{PKI}/{name}.{end}"));
                facts.authority_keys.insert(path("crt"), path("key"));
            }
        }
        facts
    }

    fn components(&self, number: usize) -> Vec<Component> {
        use Purpose as P;
        use Reread::{Always, AtStart};
        let endpoint = |port, at: u16| Endpoint {
            port,
            address: format!("{}:{at}", address(number)).parse().expect("an address"),
            is_plain: false,
        };
        let etcd = Component {
            endpoints: vec![endpoint(Port::Client, 2379), endpoint(Port::Peer, 2380)],
            trusts: vec![
                trust(P::EtcdServer, "etcd/ca", AtStart),
                trust(P::EtcdPeer, "etcd/ca", AtStart),
            ],
            pairs: vec![
                pair(P::EtcdServer, "etcd/server", Always),
                pair(P::EtcdPeer, "etcd/peer", Always),
                pair(P::EtcdClient, "etcd/healthcheck-client", Reread::Never),
            ],
            ..component(number, Program::Etcd)
        };
        let apiserver = component(number, Program::KubeApiserver);
        let apiserver = Component {
            run_by: match self.has_units {
                true => RunBy::Systemd { unit: "kube-apiserver.service".into() },
                false => apiserver.run_by,
            },
            endpoints: vec![endpoint(Port::Client, 6443)],
            trusts: vec![
                trust(P::ApiserverClients, "ca", Always),
                trust(P::ApiserverEtcd, "etcd/ca", AtStart),
                trust(P::FrontProxy, "front-proxy-ca", Always),
            ],
            pairs: vec![
                pair(P::ApiserverServing, "apiserver", Always),
                pair(P::ApiserverKubelet, "apiserver-kubelet-client", Always),
                pair(P::ApiserverEtcd, "apiserver-etcd-client", Always),
                pair(P::FrontProxy, "front-proxy-client", Always),
            ],
            ..component(number, Program::KubeApiserver)
        };
        let manager = Component {
            trusts: vec![
                trust(P::RootCa, "ca", AtStart),
                trust(P::ApiserverClients, "ca", AtStart),
                trust(P::FrontProxy, "front-proxy-ca", AtStart),
            ],
            pairs: vec![pair(P::ClusterSigning, "ca", Always)],
            kubeconfigs: vec!["/etc/kubernetes/controller-manager.conf".into()],
            ..component(number, Program::KubeControllerManager)
        };
        let scheduler = Component {
            kubeconfigs: vec!["/etc/kubernetes/scheduler.conf".into()],
            ..component(number, Program::KubeScheduler)
        };
        let kubelet = Component {
            trusts: vec![trust(P::KubeletServing, "ca", AtStart)],
            ..component(number, Program::Kubelet)
        };
        vec![etcd, apiserver, manager, scheduler, kubelet]
    }
}

fn component(number: usize, program: Program) -> Component {
    let run_by = match program {
        Program::Kubelet => RunBy::Systemd { unit: "kubelet.service".into() },
        _ => RunBy::StaticPod {
            manifest: format!("/etc/kubernetes/manifests/{program}.yaml").into(),
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
        settings: Settings::default(),
        found_in: "its static pod".into(),
    }
}

fn trust(purpose: Purpose, name: &str, reread: Reread) -> Trust {
    Trust { purpose, path: format!("{PKI}/{name}.crt").into(), reread }
}

fn pair(purpose: Purpose, name: &str, reread: Reread) -> Pair {
    let path = |end: &str| PathBuf::from(format!("{PKI}/{name}.{end}"));
    Pair { purpose, certificate: path("crt"), key: path("key"), reread }
}

fn kubeconfig(ca: &str, certificate: &str, key: &str) -> String {
    let [ca, certificate, key] = [ca, certificate, key].map(|text| STANDARD.encode(text));
    format!(
        "clusters:\n- cluster:\n    certificate-authority-data: {ca}\nusers:\n- user:\n    \
         client-certificate-data: {certificate}\n    client-key-data: {key}\n"
    )
}
