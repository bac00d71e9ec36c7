//! The servers: how each is told the same site, and how each is told of a changed certificate.

mod caddy;
mod doorward;
mod envoy;
mod haproxy;
mod nginx;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tempfile::TempDir;
use testkit::{pki::Issued, tls::TlsClient};

use crate::{
    Common,
    process::Running,
    site::{Site, free_port},
};

/// 100,000 files take their time everywhere.
const READY_LIMIT: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Doorward,
    Nginx,
    Haproxy,
    Caddy,
    Envoy,
}

impl Kind {
    pub fn title(self) -> &'static str {
        match self {
            Self::Doorward => "Doorward",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Caddy => "Caddy",
            Self::Envoy => "Envoy",
        }
    }

    /// The servers asked for that are on this machine.
    pub fn chosen(common: &Common) -> Vec<Self> {
        let is_chosen = |kind: &Self| common.only.is_empty() || common.only.contains(kind);
        let is_here = |kind: &Self| {
            let is_here = kind.program(common).is_ok();
            if !is_here {
                crate::say(format!("{} is not here: left out", kind.title()));
            }
            is_here
        };
        Self::value_variants().iter().copied().filter(is_chosen).filter(is_here).collect()
    }

    pub fn program(self, common: &Common) -> Result<PathBuf> {
        match self {
            Self::Doorward => common.doorward.canonicalize().with_context(|| {
                format!("{}: 'cargo build --release -p doorward'", common.doorward.display())
            }),
            Self::Nginx => tool("nginx"),
            Self::Haproxy => tool("haproxy"),
            Self::Caddy => tool("caddy"),
            Self::Envoy => tool("envoy"),
        }
    }

    /// `nginx 1.22.1`.
    pub fn version(self, common: &Common) -> String {
        let Ok(program) = self.program(common) else { return self.title().to_owned() };
        let flag = match self {
            Self::Doorward | Self::Envoy => "--version",
            Self::Nginx | Self::Haproxy => "-v",
            Self::Caddy => "version",
        };
        let output = Command::new(program).arg(flag).output();
        let said = output.map(|o| [o.stdout, o.stderr].concat()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        let version = said
            .split(|c: char| c.is_whitespace() || c == '/' || c == '-')
            .map(|word| word.trim_start_matches('v'))
            .find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()));
        format!("{} {}", self.title(), version.unwrap_or(""))
    }
}

/// A tool that `cargo xtask peers --bench` brought, or the machine's own.
pub fn tool(name: &str) -> Result<PathBuf> {
    let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/bin").join(name);
    if brought.is_file() {
        return Ok(brought.canonicalize()?);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not here; 'cargo xtask peers --bench' brings it"))
}

/// A server under test, serving its site.
pub struct Served {
    pub kind: Kind,
    pub address: SocketAddr,
    pub process: Running,
    /// From the start of the process until the last name was served.
    pub ready_in: Duration,
    folder: TempDir,
    /// Where the server takes orders, if it has such a place.
    control: u16,
}

impl Served {
    /// Starts the server and waits until the last name answers with its certificate.
    pub async fn start(kind: Kind, common: &Common, site: &Site) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let control = free_port()?;
        let program = kind.program(common)?;
        let place = Place { folder: folder.path(), port: address.port(), control };
        let mut command = match kind {
            Kind::Doorward => doorward::prepare(&program, site, &place),
            Kind::Nginx => nginx::prepare(&program, site, &place),
            Kind::Haproxy => haproxy::prepare(&program, site, &place),
            Kind::Caddy => caddy::prepare(&program, site, &place),
            Kind::Envoy => envoy::prepare(&program, site, &place),
        }?;
        command.current_dir(folder.path());
        let started = Instant::now();
        let process = Running::start(&command, common.core, &folder.path().join("log"))?;
        let mut served = Self { kind, address, process, ready_in: Duration::ZERO, folder, control };
        let (name, pair) = (site.names.last(), site.pairs.last());
        let (name, pair) = name.zip(pair).context("a site has a name")?;
        served.wait_until_served(name, pair).await?;
        served.ready_in = started.elapsed();
        Ok(served)
    }

    /// Writes the new pair, tells the server in its quickest way, and gives the time until it is
    /// served.
    pub async fn change(&mut self, site: &Site, index: usize, pair: &Issued) -> Result<Duration> {
        let folder = self.folder.path().to_owned();
        let place = Place { folder: &folder, port: self.address.port(), control: self.control };
        let started = Instant::now();
        match self.kind {
            Kind::Doorward => doorward::change(&place, index, pair)?,
            Kind::Nginx => nginx::change(&place, index, pair, &self.process)?,
            Kind::Haproxy => haproxy::change(&place, index, pair).await?,
            Kind::Caddy => caddy::change(&place, index, pair).await?,
            Kind::Envoy => envoy::change(site, &place, index, pair)?,
        }
        self.wait_until_served(&site.names[index], pair).await?;
        Ok(started.elapsed())
    }

    async fn wait_until_served(&mut self, name: &str, pair: &Issued) -> Result<()> {
        let client = TlsClient::unchecked();
        let wanted = pair.der();
        let end = Instant::now() + READY_LIMIT;
        while Instant::now() < end {
            let seen = client.handshake(self.address, Some(name)).await;
            if seen.is_ok_and(|facts| facts.leaf == wanted) {
                return Ok(());
            }
            if self.process.has_ended() {
                bail!("{} ended:\n{}", self.kind.title(), self.log());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("{} did not serve {name} in time:\n{}", self.kind.title(), self.log())
    }

    /// The last lines that the server wrote.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

/// Where a server works.
pub struct Place<'a> {
    pub folder: &'a Path,
    pub port: u16,
    pub control: u16,
}
