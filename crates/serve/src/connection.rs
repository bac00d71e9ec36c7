//! One client connection, as the handling of its requests sees it. Facts only: reading and
//! writing are hyper's, deadlines are the watchdog's.

use std::{net::SocketAddr, sync::Arc};

use model::Fingerprint;

/// Where a request came in; shared by all requests of the connection. The listener is not part
/// of it: it may change under a kept-alive connection and comes along with each request.
#[derive(Debug)]
pub struct Connection {
    pub client: SocketAddr,
    /// The address the client connected to.
    pub local: SocketAddr,
    /// `None` in clear text.
    pub tls: Option<TlsFacts>,
}

impl Connection {
    /// Of the URLs by which clients get here.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// What the handshake settled.
#[derive(Debug)]
pub struct TlsFacts {
    /// The name the client asked for, in lower case.
    pub server_name: Option<Arc<str>>,
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: &'static str,
    /// As IANA writes it, `TLS_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
    /// `h2` or `http/1.1`, if the client offered either.
    pub alpn: Option<&'static str>,
    /// The key exchange, `X25519MLKEM768`.
    pub group: Option<&'static str>,
    /// The session came from a ticket.
    pub resumed: bool,
    pub client_certificate: Option<ClientCertificate>,
}

/// The certificate that a client has shown, and proved to hold the key of.
#[derive(Debug)]
pub struct ClientCertificate {
    /// It passed every check. Others are only there where the listener lets them in all the same.
    pub is_verified: bool,
    pub subject_dn: String,
    pub issuer_dn: String,
    /// Upper-case hex.
    pub serial: String,
    pub fingerprint: Fingerprint,
}
