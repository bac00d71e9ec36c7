//! The real API server and its etcd, as child processes on loopback.

use std::{
    env, fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use serde_json::Value;
use tempfile::TempDir;

use super::{Api, content_type};
use crate::{
    api_server::SERVICE_ACCOUNT_TOKEN, child::Child, peers, pki::TestCa, ports, tls::TlsClient,
    wait_for, wait_until,
};

/// Both are up in a few seconds, unless the machine is compiling.
const START: Duration = Duration::from_secs(120);

const TRIES: usize = 5;

const ADMIN_TOKEN: &str = "admin-of-a-test";

/// `kube-apiserver` and `etcd` with a folder of their own. Dropping it kills both.
pub struct RealApiServer {
    binaries: PathBuf,
    folder: TempDir,
    ca: TestCa,
    ports: Ports,
    /// `None` while it is away.
    server: Option<Child>,
    /// Dropped after the server, which cannot live without it.
    _etcd: Child,
}

#[derive(Clone, Copy)]
struct Ports {
    api: u16,
    etcd: u16,
    etcd_peer: u16,
}

impl RealApiServer {
    /// Starts both and waits until the API is ready. `None` tells the test to return: the
    /// binaries are not here, and the line on stderr says so even when output is captured.
    pub async fn start() -> Option<Self> {
        let binaries = assets()?;
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let ca = TestCa::new("test-cluster");
        write_credentials(folder.path(), &ca);
        let [api, etcd, etcd_peer] = ports::free();
        let ports = Ports { api, etcd, etcd_peer };
        let etcd = spawn_etcd(&binaries, folder.path(), ports);
        let mut started = Self { binaries, folder, ca, ports, server: None, _etcd: etcd };
        started.write_kubeconfig("kubeconfig", ADMIN_TOKEN);
        started.write_kubeconfig("service-account.kubeconfig", SERVICE_ACCOUNT_TOKEN);
        started.back().await;
        // The server makes it itself, in its own time.
        let api = started.api();
        wait_until(START, || async { api.get("/api/v1/namespaces/default").await.status == 200 })
            .await;
        Some(started)
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address())
    }

    /// With every right.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// As the ServiceAccount `doorward` of `doorward-system`, which may what RBAC says.
    pub fn service_account_kubeconfig(&self) -> PathBuf {
        self.folder.path().join("service-account.kubeconfig")
    }

    /// With every right.
    pub fn api(&self) -> Api {
        Api::secured(self.address(), TlsClient::trusting(&self.ca), ADMIN_TOKEN)
    }

    /// As the ServiceAccount `doorward` of `doorward-system`, which may what RBAC says.
    pub fn service_account_api(&self) -> Api {
        Api::secured(self.address(), TlsClient::trusting(&self.ca), SERVICE_ACCOUNT_TOKEN)
    }

    /// Kills the API server, as a crash would. Its etcd keeps everything.
    #[expect(clippy::unused_async, reason = "as its counterpart, which waits")]
    pub async fn away(&mut self) {
        self.server = None;
    }

    /// Starts the API server again, on the same port, and waits until it is ready. Tries anew when
    /// it ends: some other test may have had the port for a moment.
    pub async fn back(&mut self) {
        let api = self.api();
        let spawn = || spawn_server(&self.binaries, self.folder.path(), self.ports);
        let server = self.server.get_or_insert_with(spawn);
        let mut tries = 1;
        wait_for(START, || {
            if let Some(ended) = server.try_wait() {
                let log = server.lines().join("\n");
                assert!(tries < TRIES, "kube-apiserver ended ({ended:?}):\n{log}");
                tries += 1;
                *server = spawn();
            }
            let api = &api;
            async move {
                let answer =
                    api.try_ask(Method::GET, "/readyz", content_type::JSON, &Value::Null).await;
                answer.is_ok_and(|answer| answer.status == 200).then_some(())
            }
        })
        .await;
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.api))
    }

    fn write_kubeconfig(&self, name: &str, token: &str) {
        let (url, ca) = (self.url(), BASE64_STANDARD.encode(self.ca.pem()));
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{name: test, cluster: {{server: \"{url}\", certificate-authority-data: {ca}}}}}]\n\
             users: [{{name: test, user: {{token: {token}}}}}]\n\
             contexts: [{{name: test, context: {{cluster: test, user: test}}}}]\n"
        );
        write(self.folder.path(), name, &text);
    }
}

/// The folder that has both, by the convention of controller-runtime's envtest. `None` tells the
/// test to return: they are not here, and stderr says so.
pub fn assets() -> Option<PathBuf> {
    let named = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let has =
        |folder: &Path| ["etcd", "kube-apiserver"].iter().all(|name| folder.join(name).is_file());
    let found = named.filter(|folder| has(folder));
    if found.is_none() {
        peers::skip("kube-apiserver and etcd in the folder KUBEBUILDER_ASSETS");
    }
    found
}

/// The server's certificate, its key for ServiceAccount tokens, and the users.
fn write_credentials(folder: &Path, ca: &TestCa) {
    let pair = ca.leaf(&["127.0.0.1", "localhost"]);
    write(folder, "server.crt", &pair.chain_pem);
    write(folder, "server.key", &pair.key_pem);
    let accounts = ca.leaf(&["accounts"]);
    write(folder, "accounts.crt", &accounts.cert_pem);
    write(folder, "accounts.key", &accounts.key_pem);
    let account = "system:serviceaccount:doorward-system:doorward";
    let groups = "system:serviceaccounts,system:serviceaccounts:doorward-system";
    let users = format!(
        "{ADMIN_TOKEN},admin,admin,\"system:masters\"\n\
         {SERVICE_ACCOUNT_TOKEN},{account},doorward,\"{groups}\"\n"
    );
    write(folder, "users.csv", &users);
}

fn spawn_etcd(binaries: &Path, folder: &Path, ports: Ports) -> Child {
    let client = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    let data = folder.join("etcd");
    spawn(Command::new(binaries.join("etcd")).current_dir(folder).args([
        "--unsafe-no-fsync=true",
        "--log-level=error",
        &format!("--data-dir={}", data.display()),
        &format!("--listen-client-urls={client}"),
        &format!("--advertise-client-urls={client}"),
        &format!("--listen-peer-urls={peer}"),
        &format!("--initial-advertise-peer-urls={peer}"),
        &format!("--initial-cluster=default={peer}"),
    ]))
}

fn spawn_server(binaries: &Path, folder: &Path, ports: Ports) -> Child {
    spawn(Command::new(binaries.join("kube-apiserver")).current_dir(folder).args([
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        // Nobody makes its ServiceAccounts: there are no controllers here.
        "--disable-admission-plugins=ServiceAccount",
        "--token-auth-file=users.csv",
        "--cert-dir=.",
        "--tls-cert-file=server.crt",
        "--tls-private-key-file=server.key",
        "--service-account-key-file=accounts.crt",
        "--service-account-signing-key-file=accounts.key",
        "--service-account-issuer=https://127.0.0.1/",
        &format!("--secure-port={}", ports.api),
        &format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd),
    ]))
}

fn spawn(command: &mut Command) -> Child {
    let program = command.get_program().to_owned();
    Child::spawn(command).unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("the folder is ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
}
