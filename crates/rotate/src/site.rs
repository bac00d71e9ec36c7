//! The machines, as far as a rotation touches them. Over SSH in earnest, in memory in tests.
//!
//! Every call is small, has its own time limit, and can be made again after it was cut off: a
//! repeated write finds its bytes there, a repeated stop finds nothing running.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::{CertificateDer, DnsName};
use serde::{Deserialize, Serialize};

use crate::{
    FileSeen, Handshake, HostName, Process, Program, RunBy,
    facts::{Attributes, Content},
    journal::LockOwner,
};

pub trait Site: Sync {
    /// What runs on the host and how it is started; reads nothing that could hold a key.
    fn survey(&self, host: &HostName) -> impl Future<Output = Result<Survey, SiteError>> + Send;

    /// Files in the order asked for, links followed; a missing one is an answer, not an error.
    fn read(
        &self,
        host: &HostName,
        paths: &[PathBuf],
    ) -> impl Future<Output = Result<Vec<FileSeen>, SiteError>> + Send;

    /// Names in each directory, sorted; none where there is no such directory.
    fn list(
        &self,
        host: &HostName,
        directories: &[PathBuf],
    ) -> impl Future<Output = Result<Vec<Vec<String>>, SiteError>> + Send;

    /// Writes beside the real target, syncs, reads back, renames, syncs the directory. Bytes and
    /// attributes that are there already are left alone; a directory that is not there is made
    /// for its owner only (0700).
    fn write(
        &self,
        host: &HostName,
        file: &FileWrite,
    ) -> impl Future<Output = Result<(), SiteError>> + Send;

    /// A file, or a directory with nothing in it. What is not there is gone already.
    fn remove(
        &self,
        host: &HostName,
        path: &Path,
    ) -> impl Future<Output = Result<(), SiteError>> + Send;

    /// Whether `uid` may read each path, asked of the host's kernel.
    fn can_read(
        &self,
        host: &HostName,
        uid: u32,
        gid: u32,
        paths: &[PathBuf],
    ) -> impl Future<Output = Result<Vec<bool>, SiteError>> + Send;

    /// Free bytes and inodes of the file system that holds `path`.
    fn room(
        &self,
        host: &HostName,
        path: &Path,
    ) -> impl Future<Output = Result<Room, SiteError>> + Send;

    /// Stops the program in an orderly way and waits until it is gone, at most for `within`; then
    /// kills it if `kill` says so, else fails.
    fn stop(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
        within: std::time::Duration,
        kill: bool,
    ) -> impl Future<Output = Result<Ended, SiteError>> + Send;

    /// Has it started, without waiting for it to be ready.
    fn start(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> impl Future<Output = Result<(), SiteError>> + Send;

    /// Has the host's shell carry out one line, to its end; what it complains of is the error.
    fn command(
        &self,
        host: &HostName,
        line: &str,
        within: std::time::Duration,
    ) -> impl Future<Output = Result<(), SiteError>> + Send;

    /// The running process, if there is one.
    fn process(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> impl Future<Output = Result<Option<Process>, SiteError>> + Send;

    /// The last lines of the program's log.
    fn last_words(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> impl Future<Output = Result<Vec<String>, SiteError>> + Send;

    /// A handshake with what listens at `address` as seen from the host, asking for a name or
    /// for none, with a client certificate or without one; whoever answers is believed.
    fn handshake(
        &self,
        host: &HostName,
        address: SocketAddr,
        name: Option<&DnsName<'static>>,
        client: Option<&Identity>,
    ) -> impl Future<Output = Result<Handshake, SiteError>> + Send;

    /// A question to the etcd member at `address`, which must present a certificate that one of
    /// `roots` issued (any name) unless there are none.
    fn etcd(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: &Identity,
        roots: &[CertificateDer<'static>],
        ask: EtcdAsk,
    ) -> impl Future<Output = Result<EtcdAnswer, SiteError>> + Send;

    /// An HTTPS request to the API server at `address`; the status and the body's first 64 KiB.
    fn https(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: Option<&Identity>,
        request: HttpAsk,
    ) -> impl Future<Output = Result<(u16, String), SiteError>> + Send;

    /// Takes the host's lock, or says who has it. Whoever has it already keeps it.
    fn lock(
        &self,
        host: &HostName,
        owner: &LockOwner,
    ) -> impl Future<Output = Result<Option<LockOwner>, SiteError>> + Send;

    fn unlock(&self, host: &HostName) -> impl Future<Output = Result<(), SiteError>> + Send;

    /// Appends a line to a file under the host's state directory, synced.
    fn append(
        &self,
        host: &HostName,
        path: &Path,
        line: &str,
    ) -> impl Future<Output = Result<(), SiteError>> + Send;
}

/// What a first look at a host brings.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// How far the host's clock is ahead, half of the round trip taken off.
    pub clock_ahead: SignedDuration,
    pub processes: Vec<(Program, Process)>,
    /// systemd units that start one of the programs.
    pub units: Vec<Unit>,
    /// Static pods of the kubelet's folder, each as its file says.
    pub manifests: Vec<(PathBuf, String)>,
    /// What processes in containers see where, by process: a path of theirs, and the host's.
    pub mounts: std::collections::BTreeMap<u32, Vec<(PathBuf, PathBuf)>>,
    /// Files with certificates where people and other programs keep theirs: only these are read,
    /// no keys.
    pub elsewhere: Vec<(PathBuf, String)>,
    /// SELinux says no, not only that it would.
    pub is_enforcing: bool,
    /// Whether somebody keeps the clock right; `None`: nobody says.
    pub is_clock_kept: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    pub name: String,
    /// Properties of `systemctl show`.
    pub properties: std::collections::BTreeMap<String, String>,
}

/// What is written, and what it must look like afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    pub path: PathBuf,
    pub content: Content,
    /// Mode, owner and label are taken from here; the time only when `keep_time` is set.
    pub attributes: Attributes,
    pub keep_time: bool,
}

/// How a program ended that was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, or it did not run.
    Orderly,
    /// It did not within its time.
    Killed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub bytes: u64,
    pub inodes: u64,
}

/// A client certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    /// PKCS#8, SEC 1 or PKCS#1 in PEM.
    pub key: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtcdAsk {
    /// A linearizable read: answered only with quorum.
    Health,
    Status,
    Members,
    Alarms,
    MoveLeader {
        to: u64,
    },
    /// The whole database, into a file of the operator's machine.
    Snapshot {
        to: PathBuf,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtcdAnswer {
    Done,
    Status(MemberStatus),
    Members { cluster: u64, members: Vec<Member> },
    Alarms(Vec<String>),
    Snapshot { bytes: u64, digest: String },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberStatus {
    pub cluster: u64,
    pub member: u64,
    /// 0: none.
    pub leader: u64,
    pub term: u64,
    pub index: u64,
    pub applied: u64,
    pub revision: i64,
    pub version: String,
    /// Bytes of its database's file, which its quota is about.
    pub stored: u64,
    pub errors: Vec<String>,
    pub is_learner: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub id: u64,
    pub name: String,
    pub peer_urls: Vec<String>,
    pub client_urls: Vec<String>,
    pub is_learner: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAsk {
    pub method: &'static str,
    pub path: String,
    /// In which form the answer is wanted.
    pub accept: Option<&'static str>,
    pub content_type: Option<&'static str>,
    pub body: String,
}

/// Why a call to a machine came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// The connection failed or broke; what was asked may have been done.
    #[error("{host}: {why}")]
    Unreachable { host: HostName, why: String },
    /// The host said no; `why` names the file or program, and the cure.
    #[error("{host}: {why}")]
    Refused { host: HostName, why: String },
    /// It took longer than it may.
    #[error("{host}: {what} took longer than {seconds} s")]
    TooSlow { host: HostName, what: String, seconds: u64 },
}

impl SiteError {
    /// Without the host, for sentences that name it already.
    pub fn why(self) -> String {
        match self {
            Self::Unreachable { why, .. } | Self::Refused { why, .. } => why,
            Self::TooSlow { what, seconds, .. } => format!("{what} took longer than {seconds} s"),
        }
    }
}

/// Where the operator's clock comes from; tests have their own.
pub trait Clock: Sync {
    fn now(&self) -> Timestamp;
    fn sleep(&self, time: std::time::Duration) -> impl Future<Output = ()> + Send;
}

/// The clock of this machine.
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, time: std::time::Duration) {
        tokio::time::sleep(time).await;
    }
}
