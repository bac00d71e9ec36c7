//! One listener of a load balancer: where it listens, which certificates it holds, what it
//! asks of clients and how it routes.

use std::{fmt, net::SocketAddr, str::FromStr, sync::Arc, time::Duration};

use ipnet::IpNet;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde::{Deserialize, Serialize};

use crate::{Certificate, CertificateId, Name, ObjectRef, RouteTable, Tunnel};

/// A listener's identity, written `edge-lb:443` (or `edge-lb:443/QUIC`, since HTTPS and QUIC may
/// share a port number; HTTP and HTTPS may not).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerKey {
    pub load_balancer: Arc<str>,
    pub port: u16,
    pub quic: bool,
}

/// A text is not `LOADBALANCER:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no listener: write LOADBALANCER:PORT, for example edge-lb:443")]
pub struct ParseListenerKeyError(String);

impl fmt::Display for ListenerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.load_balancer, self.port, if self.quic { "/QUIC" } else { "" })
    }
}

impl FromStr for ListenerKey {
    type Err = ParseListenerKeyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseListenerKeyError(text.to_owned());
        let (rest, quic) = match text.strip_suffix("/QUIC") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (load_balancer, port) = rest.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        if load_balancer.is_empty() || port == 0 {
            return Err(wrong());
        }
        Ok(Self { load_balancer: load_balancer.into(), port, quic })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    Http,
    Https,
    Quic,
    /// Bytes in clear, not read as HTTP.
    Tcp,
    /// Bytes under TLS: ended here, or passed on unopened by the name in the ClientHello.
    Tls,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Quic => "QUIC",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        })
    }
}

/// Everything one listener serves. Compared as a whole: an equal listener is not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub key: ListenerKey,
    pub protocol: Protocol,
    /// The local address to bind, after the port map; port 0 lets the system choose.
    pub address: SocketAddr,
    /// The object that declares it: an AlbConfig, an IngressClass.
    pub declared_by: ObjectRef,
    pub certificates: CertificateList,
    /// `None` for plain HTTP.
    pub tls: Option<TlsSettings>,
    /// Servers that share the port, told apart by the name that a client asks for. Where there
    /// are any they alone answer, and `certificates` is the sum of theirs, for people to see.
    pub servers: Vec<Server>,
    /// `Some`: connections are passed on as bytes, and nothing is read as HTTP.
    pub tunnel: Option<Arc<Tunnel>>,
    pub routes: Arc<RouteTable>,
    pub forwarded: Arc<ForwardedHeaders>,
    pub access: Option<Arc<AccessList>>,
    /// How long a kept-alive connection may stay idle.
    pub idle_timeout: Duration,
    /// How long a client may take for the rest of a request's head, and be silent within its body.
    /// `None`: as the gateway's limits have it, and no longer than a backend may take.
    pub client_timeout: Option<Duration>,
    /// How long a backend may take to begin its answer; then 504.
    pub request_timeout: Duration,
    pub gzip: bool,
}

/// One of several servers on a listener's port (Istio's `Gateway.spec.servers[]`), with
/// certificates, TLS settings and routes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `NAMESPACE/GATEWAY/PORT`, for people. With the hosts it tells the server from others while
    /// the listener changes, and so where open connections stay.
    pub name: Arc<str>,
    /// What clients ask for to get here. `*.a.test` stands for names of any depth under `a.test`,
    /// as in an Envoy filter chain. Empty: any name, and clients that send none.
    pub hosts: Vec<Name>,
    /// What answers, as if it had the port alone. Its certificates answer for all of `hosts`,
    /// whatever names they carry. Its key, address and access list are those of the whole.
    pub listener: Arc<Listener>,
}

/// The certificates of a listener, in list order; at most one is the Default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateList {
    pub bindings: Vec<Binding>,
}

impl CertificateList {
    pub fn default_binding(&self) -> Option<&Binding> {
        self.bindings.iter().find(|binding| binding.is_default)
    }

    pub fn default_certificate(&self) -> Option<&Arc<Certificate>> {
        self.default_binding()?.certificate.as_ref()
    }
}

/// One certificate on one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub id: CertificateId,
    pub is_default: bool,
    pub source: CertificateSource,
    pub status: BindingStatus,
    /// What is served for it; `None` while pending, or rejected with no last good one.
    pub certificate: Option<Arc<Certificate>>,
}

impl Binding {
    pub fn is_expired(&self) -> bool {
        self.status == BindingStatus::Expired
    }
}

/// Where a listener's certificate came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum CertificateSource {
    AlbConfig,
    Annotation,
    Secret,
    Discovered,
    Issued,
    Console,
}

impl fmt::Display for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum BindingStatus {
    /// Served.
    Associated,
    /// Ordered from an issuer, not here yet.
    Pending,
    /// Its object is bad or gone; a last good certificate may still be served for it.
    Rejected,
    /// Served although expired: an expired certificate beats none.
    Expired,
}

impl fmt::Display for BindingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    pub versions: TlsVersions,
    /// The cipher suites of TLS 1.2 that may be used, by their IANA numbers; `None`: all that the
    /// gateway has.
    pub ciphers: Option<Arc<[u16]>>,
    /// Offer `h2` by ALPN.
    pub http2: bool,
    pub client_auth: Option<Arc<ClientAuth>>,
}

/// What rustls can offer of a security policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub enum TlsVersions {
    #[serde(rename = "TLS 1.2 and 1.3")]
    V12AndV13,
    #[serde(rename = "TLS 1.2")]
    V12,
    #[serde(rename = "TLS 1.3")]
    V13,
}

/// How clients' certificates are asked for and checked. All checks must pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAuth {
    pub demand: ClientDemand,
    pub ids: Vec<CertificateId>,
    /// One of these must have signed it.
    pub roots: Vec<CertificateDer<'static>>,
    /// Where there are any, what they revoke is refused.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// Names (DNS, URI, address), one of which it must carry; empty: any will do.
    pub names: Vec<Box<str>>,
    /// Where either list has an entry, one of them must be the SHA-256 of its key
    /// (SubjectPublicKeyInfo) or of itself.
    pub key_pins: Vec<[u8; 32]>,
    pub certificate_pins: Vec<[u8; 32]>,
    /// A certificate that fails the checks is let in all the same, and told of to backends.
    pub is_lenient: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientDemand {
    #[default]
    Required,
    /// Asked for; a client without one is let in.
    Optional,
}

/// Which `X-Forwarded-*` headers the backend gets (`xForwardedForConfig` of an AlbConfig). A client's own are
/// removed unless it connects from a trusted source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardedHeaders {
    pub client_address: bool,
    pub proto: bool,
    pub host: bool,
    /// `X-Forwarded-For-SLB-ID`.
    pub load_balancer_id: bool,
    /// `X-Forwarded-Port`.
    pub port: bool,
    pub client_port: bool,
    /// Header names for facts of the client's certificate; `None` = off.
    pub client_subject: Option<http::HeaderName>,
    pub client_issuer: Option<http::HeaderName>,
    pub client_fingerprint: Option<http::HeaderName>,
    pub client_verify: Option<http::HeaderName>,
    pub trusted: Option<TrustedSources>,
}

/// Peers whose own forwarded headers are kept and appended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedSources(pub Vec<IpNet>);

/// Which clients may connect at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessList {
    pub mode: AccessMode,
    pub entries: Vec<IpNet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMode {
    /// Only the entries.
    White,
    /// Everybody but the entries.
    Black,
}

impl AccessList {
    pub fn allows(&self, client: std::net::IpAddr) -> bool {
        let listed = self.entries.iter().any(|net| net.contains(&client));
        listed == (self.mode == AccessMode::White)
    }
}
