//! A real Envoy, with a bootstrap given as text and its admin API on a port of its own.

mod bootstrap;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    LIMIT,
    child::Child,
    http::{self, Answer},
    peers, wait_for, wait_until,
};
pub use bootstrap::{Bootstrap, Discovery, Host, Server};

/// Dropping it kills the process by its id and removes its folder.
pub struct Envoy {
    admin: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Envoy {
    /// Starts Envoy with this bootstrap, whose admin address must be `127.0.0.1` and port 0.
    /// `None` where there is no Envoy: the test returns. Waits for the admin API, not for
    /// listeners.
    pub async fn start(bootstrap: &str) -> Option<Self> {
        let binary = peers::need("envoy")?;
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let (config, admin) = (folder.path().join("envoy.yaml"), folder.path().join("admin"));
        fs::write(&config, bootstrap).expect("the test owns the folder");
        let mut child = Child::spawn(
            Command::new(binary)
                .arg("-c")
                .arg(&config)
                .arg("--admin-address-path")
                .arg(&admin)
                // One worker, as many as a test needs; no shared memory with other Envoys; a drain
                // short enough for a test to see its end.
                .args(["--concurrency", "1", "--use-dynamic-base-id", "--drain-time-s", "1"])
                .args(["--log-level", "warning"]),
        )
        .expect("Envoy is executable");
        let admin = address_in(&admin, &mut child).await;
        Some(Self { admin, child, _folder: folder })
    }

    /// `envoy --mode validate` on this bootstrap; `None` where there is no Envoy.
    pub fn validate(bootstrap: &str) -> Option<Output> {
        let binary = peers::need("envoy")?;
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let config = folder.path().join("envoy.yaml");
        fs::write(&config, bootstrap).expect("the test owns the folder");
        let output = Command::new(binary)
            .args(["--mode", "validate", "--use-dynamic-base-id", "-c"])
            .arg(&config)
            .output();
        Some(output.expect("Envoy is executable"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `GET PATH` of the admin API.
    pub async fn get(&self, path: &str) -> Answer {
        http::get_plain(self.admin, "envoy", path).await.expect("Envoy's admin API answers")
    }

    /// The address of a listener, once it takes connections.
    pub async fn listener(&self, name: &str) -> SocketAddr {
        let address = wait_for(LIMIT, || async {
            let listeners = self.get("/listeners?format=json").await.json();
            let found = listeners["listener_statuses"].as_array()?.iter().find_map(|status| {
                (status["name"] == name).then(|| status["local_address"]["socket_address"].clone())
            })?;
            let port = found["port_value"].as_u64().filter(|port| *port > 0)?;
            format!("{}:{port}", found["address"].as_str()?).parse::<SocketAddr>().ok()
        })
        .await;
        // It is listed before its secrets are there, and closed until then.
        wait_until(LIMIT, || async { tokio::net::TcpStream::connect(address).await.is_ok() }).await;
        address
    }

    /// The serial numbers, in lower-case hex, of the certificates that are loaded.
    pub async fn serials(&self) -> Vec<String> {
        let certs = self.get("/certs").await.json();
        let of = |certificate: &Value| {
            let chain = certificate["cert_chain"].as_array().cloned().unwrap_or_default();
            chain.iter().filter_map(|one| Some(one["serial_number"].as_str()?.to_owned())).collect()
        };
        let certificates = certs["certificates"].as_array().cloned().unwrap_or_default();
        certificates.iter().flat_map(|one| -> Vec<String> { of(one) }).collect()
    }

    /// A counter or gauge; 0 where there is none.
    pub async fn stat(&self, name: &str) -> u64 {
        let text = self.get("/stats").await.text();
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
            .unwrap_or(0)
    }

    /// What Envoy has logged, a line an entry.
    pub fn logs(&self) -> Vec<String> {
        self.child.lines()
    }
}

/// Written by Envoy once it listens.
async fn address_in(file: &Path, child: &mut Child) -> SocketAddr {
    let file: PathBuf = file.to_owned();
    wait_for(LIMIT, || {
        let status = child.try_wait();
        let address = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        let lines = child.lines();
        async move {
            assert!(status.is_none(), "Envoy ended ({status:?}):\n{}", lines.join("\n"));
            address
        }
    })
    .await
}

#[cfg(test)]
mod tests;
