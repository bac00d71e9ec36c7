//! The backend behind every server: nginx with one fixed answer, on the driver's core.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tempfile::TempDir;
use testkit::http;

use crate::{peer::tool, process::Running, site::free_port};

const CONFIG: &str = "daemon off; worker_processes 1; pid nginx.pid;
events { worker_connections 16384; }
http {
  access_log off; keepalive_timeout 600s; keepalive_requests 1000000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen 127.0.0.1:PORT; return 200 'A fixed answer of the backend, sixty-four bytes long with its newline.'; }
}";

pub struct Backend {
    pub address: SocketAddr,
    _process: Running,
    _folder: TempDir,
}

impl Backend {
    pub async fn start(core: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let config = CONFIG.replace("PORT", &address.port().to_string());
        fs::write(folder.path().join("nginx.conf"), config)?;
        let mut command = Command::new(tool("nginx")?);
        command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-e", "error.log"]);
        let process = Running::start(&command, core, &folder.path().join("log"))?;
        let end = Instant::now() + Duration::from_secs(10);
        while http::get_plain(address, "backend", "/").await.is_err() {
            ensure!(Instant::now() < end, "the backend does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { address, _process: process, _folder: folder })
    }
}
