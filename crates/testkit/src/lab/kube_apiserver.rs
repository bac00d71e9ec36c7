//! The real kube-apiserver on machines of the lab that were made without a stand-in, and somebody
//! who makes ConfigMaps through all of them.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Method, header::CONTENT_TYPE};
use serde_json::json;

use super::{
    Lab, Store, Writer, etcd,
    kubernetes::{API_SERVER_UNIT, FOLDER, api_server_flags},
    sticky::Sticky,
};
use crate::{
    cluster::content_type,
    http::{Answer, request},
    tls::TlsClient,
    wait_until,
};

const PORT: u16 = 6443;
/// It makes its first objects meanwhile, with others who want the machine too.
const READY: Duration = Duration::from_secs(180);
const NAMESPACE: &str = "default";

impl Lab {
    /// Starts one on each machine, out of a folder of [`assets`](crate::cluster::assets), and waits
    /// until all are ready.
    pub async fn start_kube_apiservers(&self, assets: &Path) -> io::Result<()> {
        let members: Vec<_> = self.machines().iter().map(|machine| machine.address).collect();
        let program = assets.join("kube-apiserver");
        for machine in self.machines() {
            let address = machine.address;
            let mut flags = api_server_flags(&members, address);
            flags.extend([
                format!("--advertise-address={address}"),
                format!("--service-account-signing-key-file={FOLDER}/sa.key"),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
                "--authorization-mode=Node,RBAC".to_owned(),
                "--requestheader-username-headers=X-Remote-User".to_owned(),
                "--requestheader-group-headers=X-Remote-Group".to_owned(),
                // Nobody makes its ServiceAccounts: there are no controllers here.
                "--disable-admission-plugins=ServiceAccount".to_owned(),
            ]);
            let flags = flags.join(" \\\n  ");
            machine.run(&format!(
                "ln -s {} /usr/local/bin/kube-apiserver\ncat >{API_SERVER_UNIT} <<'END'\n\
                 [Unit]\nDescription=Kubernetes API server\n\n\
                 [Service]\nExecStart=/usr/local/bin/kube-apiserver {flags}\nEND\n\
                 systemctl start kube-apiserver",
                program.display()
            ))?;
        }
        for machine in self.machines() {
            let address = SocketAddr::from((machine.address, PORT));
            wait_until(READY, || async {
                let ready = TlsClient::unchecked().get(address, "kubernetes", "/readyz").await;
                ready.is_ok_and(|answer| answer.status == 200)
            })
            .await;
        }
        Ok(())
    }

    /// Begins to make ConfigMaps, through whichever API server takes them, as `admin.conf` of the
    /// first machine says.
    pub async fn api_writer(&self) -> Writer {
        let machine = &self.machines()[0];
        let (admin, roots) =
            (machine.path("/etc/kubernetes/admin.conf"), machine.path(&format!("{FOLDER}/ca.crt")));
        let credentials = move || {
            let text = std::fs::read_to_string(&admin)?;
            let certificate = embedded(&text, "client-certificate-data")?;
            let key = embedded(&text, "client-key-data")?;
            etcd::credentials(&std::fs::read(&roots)?, &certificate, &key)
        };
        let at = |port| -> Vec<SocketAddr> {
            self.machines().iter().map(|machine| (machine.address, port).into()).collect()
        };
        let etcd = etcd::files(machine.path(&format!("{FOLDER}/etcd")));
        Writer::start(ConfigMaps {
            api: Sticky::new(at(PORT), Box::new(credentials)),
            etcd: etcd::Client::new(at(2379), etcd),
        })
        .await
    }
}

/// A text that a kubeconfig of the lab embeds.
fn embedded(kubeconfig: &str, name: &str) -> io::Result<String> {
    let lines = kubeconfig.lines().filter_map(|line| line.trim().split_once(": "));
    let mut values = lines.filter_map(|(key, value)| (key == name).then_some(value));
    let value = values.next().ok_or_else(|| io::Error::other(format!("it has no {name}")))?;
    let pem = STANDARD.decode(value).map_err(io::Error::other)?;
    String::from_utf8(pem).map_err(io::Error::other)
}

/// Made through the API servers, and counted in etcd.
struct ConfigMaps {
    api: Sticky,
    etcd: etcd::Client,
}

impl Store for ConfigMaps {
    async fn put(&mut self, name: &str) -> io::Result<()> {
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let ask = |endpoint: SocketAddr| {
            let path = format!("https://{endpoint}/api/v1/namespaces/{NAMESPACE}/configmaps");
            let mut request = request(Method::POST, &path, body.to_string());
            let json = HeaderValue::from_static(content_type::JSON);
            request.headers_mut().insert(CONTENT_TYPE, json);
            request
        };
        // A conflict: it is there, though nobody could say so before.
        let is_made = |answer: &Answer| answer.status.is_success() || answer.status == 409;
        self.api.ask(ask, is_made).await.map(drop)
    }

    async fn count(&mut self, prefix: &str) -> io::Result<u64> {
        self.etcd.count(&format!("/registry/configmaps/{NAMESPACE}/{prefix}")).await
    }

    fn retried(&self) -> u64 {
        self.api.retried
    }
}
