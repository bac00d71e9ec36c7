//! What is really bound and served, as opposed to what the Model asks for.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use model::{CertificateId, Fingerprint, Listener, ListenerKey};

/// All listeners as they stand now. A new value is published whenever one of them changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    pub listeners: BTreeMap<ListenerKey, ServedListener>,
    /// Models applied so far; 0 before the first.
    pub generation: u64,
}

/// One listener of the Model and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedListener {
    /// The bound address, with the port that the system chose if the Model left it open; `None`
    /// while it cannot be bound.
    pub address: Option<SocketAddr>,
    /// What is served. A certificate that could not be loaded is replaced here by the one that
    /// its id had before; see `rejected`.
    pub listener: Arc<Listener>,
    /// Why it is not bound, or why its newest settings are not in force; names the cure.
    pub error: Option<String>,
    /// Of the certificates and TLS settings: equal content, equal version.
    pub version: Arc<str>,
    /// When `version` came into force.
    pub last_updated: Timestamp,
    pub rejected: Vec<RejectedCertificate>,
}

/// An update that could not be served; what its id had before stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedCertificate {
    pub id: CertificateId,
    pub fingerprint: Fingerprint,
    pub reason: String,
    pub since: Timestamp,
}
