//! The real binary, on ports of its own and in folders of its own.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    LIMIT,
    child::Child,
    http::{self, Answer, Request},
    wait_for, wait_until,
};

/// A `doorward run` with a manifests folder, a state folder and an admin API. Dropping it kills
/// the process and removes the folders.
pub struct App {
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: TempDir,
    child: Child,
    admin: SocketAddr,
}

/// What to start with. Each method adds; nothing is started before [`Setup::start`].
pub struct Setup {
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Of listeners, and where each is bound; 0: anywhere.
    ports: Vec<(u16, u16)>,
    kubeconfig: Option<PathBuf>,
    folder: TempDir,
}

impl App {
    /// `binary` is `env!("CARGO_BIN_EXE_doorward")`: only the binary's own tests know it.
    pub fn setup(binary: impl Into<PathBuf>) -> Setup {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        fs::create_dir(folder.path().join("manifests")).expect("it is empty");
        Setup {
            binary: binary.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            ports: vec![(80, 0), (443, 0)],
            kubeconfig: None,
            folder,
        }
    }

    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    pub fn manifests(&self) -> PathBuf {
        self.folder.path().join("manifests")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The process id, for signals and `/proc`.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a manifest by rename, so that no half file is ever seen.
    pub fn write(&self, file: &str, text: &str) {
        write(&self.manifests(), file, text);
    }

    pub fn remove(&self, file: &str) {
        fs::remove_file(self.manifests().join(file)).expect("the test wrote it");
    }

    /// `GET PATH` of the admin API.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(http::get(&format!("http://{}{path}", self.admin))).await
    }

    /// Any request to the admin API.
    pub async fn ask(&self, request: Request) -> Answer {
        http::send(self.admin, request).await.expect("the admin API answers")
    }

    /// The entries of `/api/v1/listeners`.
    pub async fn listeners(&self) -> Vec<Value> {
        let answer = self.get("/api/v1/listeners").await;
        answer.json().as_array().cloned().unwrap_or_else(|| panic!("no list: {}", answer.text()))
    }

    /// Where the listener `port` of `load_balancer` is bound; waits until it is.
    pub async fn address(&self, load_balancer: &str, port: u16) -> SocketAddr {
        wait_for(LIMIT, || async {
            let listeners = self.listeners().await;
            let found = listeners
                .iter()
                .find(|l| l["loadBalancer"] == load_balancer && l["port"] == u64::from(port))?;
            let address: SocketAddr = found["address"].as_str()?.parse().ok()?;
            (address.port() != 0).then_some(address)
        })
        .await
    }

    /// The entries of `/api/v1/verdicts` on this object, `Ingress shop/web`.
    pub async fn verdicts(&self, object: &str) -> Vec<Value> {
        let all = self.get("/api/v1/verdicts").await.json();
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|verdict| verdict["object"] == object).collect()
    }

    /// Waits until the object has a verdict with this reason, and gives it.
    pub async fn verdict(&self, object: &str, reason: &str) -> Value {
        wait_for(LIMIT, || async {
            self.verdicts(object).await.into_iter().find(|verdict| verdict["reason"] == reason)
        })
        .await
    }

    /// The value of one line of `/metrics`, `name{label="value"}`; 0 where there is no such line.
    pub async fn metric(&self, series: &str) -> f64 {
        let text = self.get("/metrics").await.text();
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
            .unwrap_or(0.0)
    }

    /// Another command of the binary, pointed at this one's admin API.
    pub fn command(&self, arguments: &[&str]) -> Output {
        Command::new(&self.binary)
            .args(arguments)
            .env("DOORWARD_ADMIN", self.admin.to_string())
            .current_dir(self.folder.path())
            .output()
            .expect("the binary runs")
    }

    /// What the process has logged so far, a line an entry.
    pub fn logs(&self) -> Vec<String> {
        self.child.lines()
    }

    /// Waits for a log line that contains this text.
    pub async fn logged(&self, text: &str) -> String {
        wait_for(LIMIT, || async { self.logs().into_iter().find(|line| line.contains(text)) }).await
    }

    /// Asks the process to stop (SIGTERM); [`App::ended`] waits for it.
    pub fn terminate(&self) {
        self.child.signal("TERM");
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let child = &mut self.child;
        let end = tokio::time::Instant::now() + limit;
        loop {
            if let Some(status) = child.try_wait() {
                return status;
            }
            assert!(tokio::time::Instant::now() < end, "still running after {limit:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills the process as a crash would and starts it again on the same folders.
    pub async fn restart(&mut self) {
        self.relaunch().await;
        self.ready().await;
    }

    /// The same, waiting for the admin API alone.
    pub async fn relaunch(&mut self) {
        self.kill();
        let child = spawn(&self.binary, &self.arguments, &self.environment, self.folder.path())
            .expect("the binary ran before");
        self.child = child;
        self.admin = admin_of(&mut self.child).await;
    }

    /// Kills the process as a crash would.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Waits until `/readyz` says so.
    pub async fn ready(&self) {
        wait_until(LIMIT, || async {
            let answer = http::get_plain(self.admin, "admin", "/readyz").await;
            answer.is_ok_and(|answer| answer.status.is_success())
        })
        .await;
    }
}

impl Setup {
    /// A manifest that is there before the start.
    pub fn manifest(self, file: &str, text: &str) -> Self {
        write(&self.folder.path().join("manifests"), file, text);
        self
    }

    /// The text of `doorward.yaml`.
    pub fn config(mut self, text: &str) -> Self {
        write(self.folder.path(), "doorward.yaml", text);
        let path = self.folder.path().join("doorward.yaml");
        self.arguments.extend(["--config".into(), path.display().to_string()]);
        self
    }

    /// The listener ports that get a free port; 80 and 443 unless told.
    pub fn ports(mut self, ports: &[u16]) -> Self {
        self.ports = ports.iter().map(|&port| (port, 0)).collect();
        self
    }

    /// The listener ports, each with the port it is bound to, over restarts too.
    pub fn bound_ports(mut self, ports: &[(u16, u16)]) -> Self {
        self.ports = ports.to_vec();
        self
    }

    /// More arguments of `doorward run`.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// A variable of the process's environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Objects come from the cluster of this kubeconfig, instead of the manifests folder.
    pub fn kube(mut self, kubeconfig: &Path) -> Self {
        self.kubeconfig = Some(kubeconfig.to_owned());
        self
    }

    /// Starts the binary and waits until it is ready. Panics with its log when it is not.
    pub async fn start(self) -> App {
        let app = self.launch().await;
        app.ready().await;
        app
    }

    /// Starts the binary and waits for its admin API alone.
    pub async fn launch(self) -> App {
        let Self { binary, mut arguments, environment, ports, kubeconfig, folder } = self;
        let map: Vec<_> = ports.iter().map(|(port, local)| format!("{port}={local}")).collect();
        let at = |name: &str| folder.path().join(name).display().to_string();
        match &kubeconfig {
            None => arguments.extend(["--manifests".into(), at("manifests")]),
            Some(file) => {
                let file = file.display().to_string();
                let probe = ["--probe".into(), "127.0.0.1:0".into()];
                arguments.extend(["--kube".into(), "--kubeconfig".into(), file]);
                arguments.extend(probe);
            }
        }
        let common = [
            ["--state", &at("state")],
            ["--bind", "127.0.0.1"],
            ["--admin", "127.0.0.1:0"],
            ["--log-format", "json"],
            ["--port-map", &map.join(",")],
        ];
        arguments.extend(common.as_flattened().iter().map(|&argument| argument.to_owned()));
        let mut child = spawn(&binary, &arguments, &environment, folder.path())
            .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let admin = admin_of(&mut child).await;
        App { binary, arguments, environment, folder, child, admin }
    }
}

fn spawn(
    binary: &Path,
    arguments: &[String],
    environment: &[(String, String)],
    folder: &Path,
) -> io::Result<Child> {
    let mut command = Command::new(binary);
    command.arg("run").args(arguments).current_dir(folder);
    Child::spawn(command.envs(environment.iter().cloned()))
}

/// The admin API's address, once the process tells it.
async fn admin_of(child: &mut Child) -> SocketAddr {
    wait_for(LIMIT, || {
        let status = child.try_wait();
        let lines = child.lines();
        async move {
            assert!(status.is_none(), "the binary ended ({status:?}):\n{}", lines.join("\n"));
            lines.iter().find_map(|line| admin_address(line))
        }
    })
    .await
}

/// Reads `{"fields": {"message": "admin API listens", "address": "127.0.0.1:1234"}}`; the
/// fields may also stand at the top.
fn admin_address(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    if fields.get("message")? != "admin API listens" {
        return None;
    }
    fields.get("address")?.as_str()?.parse().ok()
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    let parent = path.parent().expect("it is below the folder");
    fs::create_dir_all(parent).expect("the test owns the folder");
    let unfinished = parent.join(format!(".{}.tmp", path.file_name().unwrap().display()));
    fs::write(&unfinished, text).expect("the test owns the folder");
    fs::rename(&unfinished, &path).expect("both are in one folder");
}

#[cfg(test)]
mod tests;
