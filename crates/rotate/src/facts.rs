//! What was seen on the machines at one moment: the only input of every decision.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Component, HostName, Product, certificate::Certificate, component::Port, inventory::Layout,
};

#[derive(Clone, Debug)]
pub struct Facts {
    /// The operator's clock.
    pub now: Timestamp,
    pub hosts: BTreeMap<HostName, HostFacts>,
}

/// One host. Where `unreached` says why it could not be looked at, the rest is empty.
#[derive(Clone, Debug, Default)]
pub struct HostFacts {
    pub unreached: Option<String>,
    /// How far the host's clock is ahead of the operator's.
    pub clock_ahead: SignedDuration,
    /// As the inventory says, else as it looks; `Auto` where it looks like nothing known.
    pub layout: Layout,
    pub components: Vec<Component>,
    /// Who makes the host's certificates itself, so that nobody else may.
    pub product: Option<Product>,
    /// By path as configured. A file that is not there is an entry without content.
    pub files: BTreeMap<PathBuf, FileSeen>,
    /// Kubeconfigs of people, which no program reads.
    pub idle_kubeconfigs: Vec<PathBuf>,
    /// CA certificates and keys that lie beside what is used: certificate path to key path.
    pub authority_keys: BTreeMap<PathBuf, PathBuf>,
    /// Certificates of files that no program of the control plane is known to read, and that are
    /// not looked at any closer: those of scrapers, backups, people.
    pub elsewhere: BTreeMap<PathBuf, Vec<Certificate>>,
    /// What the running programs presented, by component and port.
    pub served: Vec<Served>,
    /// What the API server presents to the name that it calls itself by, leaf first.
    pub loopback: Vec<CertificateDer<'static>>,
    /// What was noticed that fits nowhere else, a line each.
    pub notes: Vec<String>,
    /// What is not known well enough for anything to be changed, each with its cure.
    pub doubts: Vec<String>,
    /// What matters only to who is about to change something, a line each.
    pub cautions: Vec<String>,
    /// SELinux says no: a file without its label cannot be read.
    pub is_enforcing: bool,
}

/// A file with all that has to be kept when it is written anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSeen {
    pub path: PathBuf,
    /// Each link on the way with its target, outermost first.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Where the bytes really are.
    pub target: PathBuf,
    pub attributes: Attributes,
    /// `None`: not there, or not readable; `problem` says which.
    pub content: Option<Content>,
    pub problem: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    /// Permission bits, as `0o600`.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub modified: Timestamp,
    pub hard_links: u64,
    /// The SELinux context, where there is one.
    pub label: Option<String>,
    /// May not be changed (`chattr +i`), or the file system is read-only: which.
    pub fixed: Option<String>,
}

impl Attributes {
    /// Whether the same people may do the same with both.
    pub fn has_rights_of(&self, other: &Self) -> bool {
        let rights = |one: &Self| (one.mode, one.uid, one.gid, one.label.clone());
        rights(self) == rights(other)
    }
}

/// Bytes that may be a private key: never shown, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(Arc<Zeroizing<Vec<u8>>>);

impl Content {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 in lower-case hex.
    pub fn digest(&self) -> String {
        crate::digest::sha256(&self.0)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// A running program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    pub pid: u32,
    /// With the program itself first.
    pub arguments: Vec<String>,
    /// Only what configures the program (`ETCD_…`).
    pub environment: BTreeMap<String, String>,
    pub working_directory: PathBuf,
    pub uid: u32,
    pub gid: u32,
    /// To the hundredth of a second.
    pub started: Timestamp,
    /// It has a root directory of its own.
    pub is_contained: bool,
    /// Its control group, which tells its unit or its container.
    pub group: String,
}

/// What one port of one component presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub program: crate::Program,
    pub port: Port,
    pub outcome: Result<Handshake, String>,
}

/// One TLS handshake with a running program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// As presented, leaf first; not verified.
    pub chain: Vec<CertificateDer<'static>>,
    /// Distinguished names in DER of the authorities that the program asked clients for: the
    /// ones it loaded.
    pub accepted_authorities: Vec<Vec<u8>>,
    /// Whether a byte came back after the handshake with the client certificate that was shown,
    /// which in TLS 1.3 is the only sign of trust. `None`: none was shown.
    pub is_client_trusted: Option<bool>,
}
