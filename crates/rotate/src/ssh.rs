//! The machines over SSH: the [`Site`] of earnest runs.
//!
//! It is the user's own ssh client, with the user's configuration, agent and jump hosts; on the
//! hosts it needs nothing but a shell and coreutils. What has to be decided is decided elsewhere.

mod complaint;
mod connection;
mod detached;
mod files;
mod lock;
mod mounts;
mod process;
mod programs;
mod script;
mod survey;

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls_pki_types::{CertificateDer, DnsName};
use tempfile::TempDir;

use self::{connection::Connection, detached::Begun, programs::Run, script::Script};
use crate::{
    FileSeen, Handshake, HostName, Inventory, Process, Program, RunBy, Site, SiteError,
    inventory::Host,
    journal::LockOwner,
    site::{Ended, EtcdAnswer, EtcdAsk, FileWrite, HttpAsk, Identity, Room, Survey},
    talk::{self, etcd, handshake, https},
};

/// The hosts of an inventory. Connections are made when they are needed and end with it.
pub struct Ssh {
    hosts: BTreeMap<HostName, Reach>,
    _sockets: TempDir,
}

struct Reach {
    host: Host,
    connection: Connection,
    begun: Begun,
}

impl Ssh {
    /// Fails where no folder can be made for the sockets of the connections.
    pub fn new(inventory: &Inventory) -> io::Result<Self> {
        let sockets = TempDir::with_prefix("doorward-")?;
        let hosts = inventory.hosts.iter().enumerate().map(|(index, host)| {
            // Short: the path of a socket has at most 107 letters.
            let socket = sockets.path().join(index.to_string());
            let connection = Connection::new(&inventory.ssh, host, socket);
            (host.name.clone(), Reach { host: host.clone(), connection, begun: Begun::default() })
        });
        Ok(Self { hosts: hosts.collect(), _sockets: sockets })
    }

    fn reach(&self, host: &HostName) -> Result<&Reach, SiteError> {
        self.hosts.get(host).ok_or_else(|| SiteError::Refused {
            host: host.clone(),
            why: "the inventory has no such host".to_owned(),
        })
    }

    fn connection(&self, host: &HostName) -> Result<&Connection, SiteError> {
        Ok(&self.reach(host)?.connection)
    }

    fn run<'a>(
        &'a self,
        host: &HostName,
        program: Program,
        by: &'a RunBy,
    ) -> Result<Run<'a>, SiteError> {
        let Reach { host, connection, begun } = self.reach(host)?;
        Ok(Run { connection, begun, state: &host.state_dir, program, by })
    }
}

impl Site for Ssh {
    async fn survey(&self, host: &HostName) -> Result<Survey, SiteError> {
        let Reach { host, connection, .. } = self.reach(host)?;
        survey::survey(connection, host).await
    }

    async fn read(&self, host: &HostName, paths: &[PathBuf]) -> Result<Vec<FileSeen>, SiteError> {
        files::read(self.connection(host)?, paths).await
    }

    async fn list(
        &self,
        host: &HostName,
        directories: &[PathBuf],
    ) -> Result<Vec<Vec<String>>, SiteError> {
        files::list(self.connection(host)?, directories).await
    }

    async fn write(&self, host: &HostName, file: &FileWrite) -> Result<(), SiteError> {
        files::write(self.connection(host)?, file).await
    }

    async fn remove(&self, host: &HostName, path: &Path) -> Result<(), SiteError> {
        files::remove(self.connection(host)?, path).await
    }

    async fn can_read(
        &self,
        host: &HostName,
        uid: u32,
        gid: u32,
        paths: &[PathBuf],
    ) -> Result<Vec<bool>, SiteError> {
        files::can_read(self.connection(host)?, uid, gid, paths).await
    }

    async fn room(&self, host: &HostName, path: &Path) -> Result<Room, SiteError> {
        files::room(self.connection(host)?, path).await
    }

    async fn stop(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
        within: Duration,
        kill: bool,
    ) -> Result<Ended, SiteError> {
        self.run(host, program, run_by)?.stop(within, kill).await
    }

    async fn start(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> Result<(), SiteError> {
        self.run(host, program, run_by)?.start().await
    }

    async fn command(
        &self,
        host: &HostName,
        line: &str,
        within: Duration,
    ) -> Result<(), SiteError> {
        let Reach { host, connection, begun } = self.reach(host)?;
        let script = Script::new(include_str!("ssh/scripts/command.sh")).set("line", line);
        detached::run(connection, begun, &host.state_dir, &script, within).await.map(drop)
    }

    async fn process(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> Result<Option<Process>, SiteError> {
        self.run(host, program, run_by)?.process().await
    }

    async fn last_words(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> Result<Vec<String>, SiteError> {
        self.run(host, program, run_by)?.last_words().await
    }

    async fn handshake(
        &self,
        host: &HostName,
        address: SocketAddr,
        name: Option<&DnsName<'static>>,
        client: Option<&Identity>,
    ) -> Result<Handshake, SiteError> {
        let connection = self.connection(host)?;
        let stream = connection.stream(address).await?;
        told(connection, handshake(stream, address, name, client).await).await
    }

    async fn etcd(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: &Identity,
        roots: &[CertificateDer<'static>],
        ask: EtcdAsk,
    ) -> Result<EtcdAnswer, SiteError> {
        let connection = self.connection(host)?;
        let stream = connection.stream(address).await?;
        told(connection, Box::pin(etcd(stream, address, client, roots, ask)).await).await
    }

    async fn https(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: Option<&Identity>,
        request: HttpAsk,
    ) -> Result<(u16, String), SiteError> {
        let connection = self.connection(host)?;
        let stream = connection.stream(address).await?;
        told(connection, https(stream, address, client, request).await).await
    }

    async fn lock(
        &self,
        host: &HostName,
        owner: &LockOwner,
    ) -> Result<Option<LockOwner>, SiteError> {
        let Reach { host, connection, .. } = self.reach(host)?;
        lock::lock(connection, &host.state_dir, owner).await
    }

    async fn unlock(&self, host: &HostName) -> Result<(), SiteError> {
        let Reach { host, connection, .. } = self.reach(host)?;
        lock::unlock(connection, &host.state_dir).await
    }

    async fn append(&self, host: &HostName, path: &Path, line: &str) -> Result<(), SiteError> {
        let Reach { host, connection, .. } = self.reach(host)?;
        lock::append(connection, &host.state_dir.join(path), line).await
    }
}

/// A talk's end as the site's: a broken one may be tried again, a refusal or silence not.
async fn told<T>(connection: &Connection, answer: Result<T, talk::Error>) -> Result<T, SiteError> {
    let error = match answer {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    Err(match error {
        talk::Error::Broken { .. } => connection.unopened(error.to_string()).await,
        talk::Error::Silent { address, within } => {
            connection.too_slow(&format!("an answer from {address}"), within)
        }
        _ => connection.refused(error.to_string()),
    })
}

#[cfg(test)]
mod tests;
