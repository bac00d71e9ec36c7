//! One of `spec.servers[]`.

use std::{net::IpAddr, sync::Arc};

use model::{ClientDemand, Name, TlsVersions};

/// A server without a fault.
#[derive(Debug)]
pub(crate) struct ServerPlan {
    /// `spec.servers[0]`.
    pub field: String,
    /// `NAMESPACE/GATEWAY/PORT`, with the port's name.
    pub name: Arc<str>,
    pub port: u16,
    /// The address to listen on, where it is not the load balancer's.
    pub bind: Option<IpAddr>,
    /// At least one.
    pub hosts: Vec<ServerHost>,
    pub kind: Kind,
}

/// `[NAMESPACE/]DNSNAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerHost {
    /// Whose VirtualServices alone may use it; `None`: everybody's.
    pub namespace: Option<Arc<str>>,
    /// `None`: any name, `*`.
    pub name: Option<Name>,
}

/// What a server does with a connection.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Requests in clear text.
    Http,
    /// Requests in clear text, each answered with a redirect to HTTPS.
    Redirect,
    /// Requests under TLS.
    Https(Termination),
    /// Bytes in clear text.
    Tcp,
    /// Bytes under TLS that ends here.
    Tls(Termination),
    /// TLS, passed on unopened.
    Passthrough,
}

/// How TLS ends here.
#[derive(Debug)]
pub(crate) struct Termination {
    pub versions: TlsVersions,
    /// As in [`model::TlsSettings`].
    pub ciphers: Option<Arc<[u16]>>,
    /// One, or two of different key types.
    pub credentials: Vec<Credential>,
    /// `Some` = clients are asked for a certificate.
    pub client: Option<ClientCheck>,
}

/// A Secret by its name, and where that is written.
#[derive(Debug)]
pub(crate) struct Credential {
    /// `tls.credentialName`, below the server.
    pub field: String,
    /// `None`: the gateway's own.
    pub namespace: Option<Arc<str>>,
    pub name: Arc<str>,
}

/// What is asked of clients' certificates.
#[derive(Debug)]
pub(crate) struct ClientCheck {
    pub demand: ClientDemand,
    /// Where the CA is not that of the server's credentials.
    pub ca: Option<Credential>,
    /// The rest is as in [`model::ClientAuth`].
    pub names: Vec<Box<str>>,
    pub key_pins: Vec<[u8; 32]>,
    pub certificate_pins: Vec<[u8; 32]>,
    pub is_lenient: bool,
}
