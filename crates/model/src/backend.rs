//! Where a request goes: the endpoints of one Service port.

use std::{fmt, sync::Arc};

use crate::ObjectRef;

/// The endpoints behind one Service port, as they stand in this Model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    pub service: ObjectRef,
    /// The port number or name as the rule wrote it; for messages.
    pub port: Arc<str>,
    pub protocol: BackendProtocol,
    pub balancing: Balancing,
    /// Empty: 503 with a reason.
    pub endpoints: Vec<Endpoint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// An IP address, or the host name of an ExternalName Service.
    pub host: Arc<str>,
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Which endpoint a request goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Balancing {
    /// One after the other.
    #[default]
    InTurn,
    /// The one with the fewest requests under way, as this replica counts them; in turn among
    /// equals.
    LeastBusy,
    /// Always the same for one client address, as long as it is there and well; the same on
    /// every replica.
    SourceAddress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BackendProtocol {
    /// HTTP/1.1 in clear text.
    Http,
    /// HTTP/1.1 over TLS; the backend's certificate is not verified (as on ALB).
    Https,
    /// HTTP/2 in clear text with prior knowledge.
    Grpc,
}
