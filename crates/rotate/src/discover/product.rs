//! k3s and RKE2: what their servers were told, which files their parts read, and how they renew
//! them. A flag says most, then the environment, then their configuration file.

use std::path::{Path, PathBuf};

use super::{
    config_file,
    source::{Found, Look},
    told::{Told, flags},
    unit,
};
use crate::{Process, Product, Program, RunBy, inventory::Layout, settings::Settings};

/// What tells the products apart.
pub(super) struct Kind {
    pub server: Program,
    data: &'static str,
    config: &'static str,
    /// A folder of more of the same, the last one stands above.
    configs: &'static str,
    variables: &'static str,
}

const K3S: Kind = Kind {
    server: Program::K3s,
    data: "/var/lib/rancher/k3s",
    config: "/etc/rancher/k3s/config.yaml",
    configs: "/etc/rancher/k3s/config.yaml.d",
    variables: "K3S_",
};
const RKE2: Kind = Kind {
    server: Program::Rke2,
    data: "/var/lib/rancher/rke2",
    config: "/etc/rancher/rke2/config.yaml",
    configs: "/etc/rancher/rke2/config.yaml.d",
    variables: "RKE2_",
};

/// Folders of configuration files.
pub(super) const CONFIGS: [&str; 2] = [K3S.configs, RKE2.configs];

/// The port of the API server behind k3s' own (`--https-listen-port`), on loopback alone.
const SUPERVISOR: u32 = 6443;

impl Kind {
    pub fn of(layout: Layout) -> Option<&'static Self> {
        match layout {
            Layout::K3s => Some(&K3S),
            Layout::Rke2 => Some(&RKE2),
            _ => None,
        }
    }

    /// Whether a program is a part of the server's process rather than one of its own.
    pub fn houses(&self, program: Program) -> bool {
        self.server == Program::K3s && parts(program).is_some()
    }
}

impl<'a> Look<'a> {
    /// The product of the host, where its server was found.
    pub fn product(&self, layout: Layout) -> Option<Product> {
        let kind = Kind::of(layout)?;
        let server = self.find(kind.server)?;
        let (_, unit) = self.signs(kind.server);
        let binary = unit.and_then(|unit| unit::command(unit, self.files).into_iter().next());
        let binary = binary.unwrap_or_else(|| kind.server.to_string());
        let data_dir = self.data_dir(kind);
        let mut command = format!("{binary} certificate rotate");
        if data_dir != Path::new(kind.data) {
            command += &format!(" --data-dir {}", word(&data_dir));
        }
        Some(Product { server: kind.server, run_by: server.run_by, command, data_dir })
    }

    /// A part of the server's process. etcd is one where it has been configured; else the
    /// datastore is another one.
    pub fn part(&self, kind: &Kind, program: Program) -> Option<Found<'a>> {
        let told = self.folder_says(kind, program)?;
        if program == Program::Etcd && !told.settings.has("config-file") {
            return None;
        }
        let server = self.find(kind.server);
        let (run_by, process): (_, Option<&Process>) = match server {
            Some(Found { run_by: RunBy::Unknown, process, .. }) => (RunBy::Unknown, process),
            Some(Found { run_by, process, .. }) => {
                (RunBy::Within { program: kind.server, run_by: Box::new(run_by) }, process)
            }
            None => (RunBy::Unknown, None),
        };
        Some(Found { told, run_by, process, notes: Vec::new(), doubts: Vec::new() })
    }

    /// Why there is no etcd where the product could have one of its own.
    pub fn datastore(&self) -> Option<String> {
        let kind = Kind::of(self.assumed_layout()).filter(|kind| kind.houses(Program::Etcd))?;
        Some(format!("the datastore of {} is no etcd of its own", kind.server))
    }

    /// What a program would be told, by the product's folder.
    pub fn folder_says(&self, kind: &Kind, program: Program) -> Option<Told> {
        let folder = self.data_dir(kind).join("server");
        let found_in = format!("the folder {}", folder.display());
        let mut told = Told { folder, found_in, ..Told::default() };
        for (flag, path) in parts(program)? {
            told.default_to(flag, Path::new(path));
        }
        match program {
            Program::Etcd => {
                let config = self.etcd_config(kind);
                if self.text(&config).is_some() {
                    told.default_to("config-file", &config);
                }
            }
            Program::KubeApiserver if kind.houses(program) => {
                let settings = self.settings(kind);
                let own = settings.one("https-listen-port").and_then(|port| port.parse().ok());
                told.settings.set("secure-port", &(own.unwrap_or(SUPERVISOR) + 1).to_string());
                told.settings.set("bind-address", "127.0.0.1");
            }
            _ => {}
        }
        Some(told)
    }

    /// Files that say how the product was configured, as far as is known.
    pub fn product_files(&self, layout: Layout) -> Vec<PathBuf> {
        let Some(kind) = Kind::of(layout) else { return Vec::new() };
        let mut files = self.config_files(kind);
        files.push(self.etcd_config(kind));
        files
    }

    /// The product writes it whenever it starts an etcd of its own.
    fn etcd_config(&self, kind: &Kind) -> PathBuf {
        self.data_dir(kind).join("server/db/etcd/config")
    }

    fn config_files(&self, kind: &Kind) -> Vec<PathBuf> {
        let said = self.said(kind);
        let names = self.listings.get(Path::new(kind.configs)).into_iter().flatten();
        let more = names.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"));
        let more = more.map(|name| Path::new(kind.configs).join(name));
        let main = said.one("config").unwrap_or(kind.config).into();
        std::iter::once(main).chain(more).collect()
    }

    fn data_dir(&self, kind: &Kind) -> PathBuf {
        self.settings(kind).one("data-dir").unwrap_or(kind.data).into()
    }

    fn settings(&self, kind: &Kind) -> Settings {
        let mut said = self.said(kind);
        for file in self.config_files(kind).iter().rev() {
            let text = self.text(file);
            said.default_to(text.and_then(|text| config_file::rancher(&text)).unwrap_or_default());
        }
        said
    }

    /// By flags and variables. k3s hides the flags of its process, so its unit is asked too.
    fn said(&self, kind: &Kind) -> Settings {
        let (process, unit) = self.signs(kind.server);
        let arguments = process.map(|process| process.arguments.as_slice()).unwrap_or_default();
        let mut said = long(&flags(arguments));
        let Some(unit) = unit else { return said };
        said.default_to(long(&flags(&unit::command(unit, self.files))));
        let variables =
            unit::environment(unit, self.files).into_iter().filter_map(|(name, value)| {
                let name = match name.strip_prefix(kind.variables)? {
                    "CONFIG_FILE" => "config".to_owned(),
                    name => name.to_lowercase().replace('_', "-"),
                };
                Some((name, value))
            });
        said.default_to(variables.collect());
        said
    }
}

/// One word to a shell, and to a reader.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/-._".contains(letter);
    match text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// `-d` is `--data-dir`, `-c` is `--config`. What else was said does not matter here.
fn long(said: &Settings) -> Settings {
    let known = [
        ("data-dir", "data-dir"),
        ("d", "data-dir"),
        ("config", "config"),
        ("c", "config"),
        ("https-listen-port", "https-listen-port"),
    ];
    known.into_iter().filter_map(|(name, long)| Some((long, said.one(name)?))).collect()
}

/// Flags and files of the folder, as upstream names the one and the products the other
/// (k3s, `pkg/daemons/control/deps`).
fn parts(program: Program) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match program {
        Program::Etcd => &[
            ("trusted-ca-file", "tls/etcd/server-ca.crt"),
            ("peer-trusted-ca-file", "tls/etcd/peer-ca.crt"),
            ("cert-file", "tls/etcd/server-client.crt"),
            ("key-file", "tls/etcd/server-client.key"),
            ("peer-cert-file", "tls/etcd/peer-server-client.crt"),
            ("peer-key-file", "tls/etcd/peer-server-client.key"),
        ],
        Program::KubeApiserver => &[
            ("tls-cert-file", "tls/serving-kube-apiserver.crt"),
            ("tls-private-key-file", "tls/serving-kube-apiserver.key"),
            ("client-ca-file", "tls/client-ca.crt"),
            ("kubelet-client-certificate", "tls/client-kube-apiserver.crt"),
            ("kubelet-client-key", "tls/client-kube-apiserver.key"),
            ("kubelet-certificate-authority", "tls/server-ca.crt"),
            ("etcd-cafile", "tls/etcd/server-ca.crt"),
            ("etcd-certfile", "tls/etcd/client.crt"),
            ("etcd-keyfile", "tls/etcd/client.key"),
            ("requestheader-client-ca-file", "tls/request-header-ca.crt"),
            ("proxy-client-cert-file", "tls/client-auth-proxy.crt"),
            ("proxy-client-key-file", "tls/client-auth-proxy.key"),
            ("service-account-key-file", "tls/service.key"),
        ],
        Program::KubeControllerManager => &[("kubeconfig", "cred/controller.kubeconfig")],
        Program::KubeScheduler => &[("kubeconfig", "cred/scheduler.kubeconfig")],
        _ => return None,
    })
}
