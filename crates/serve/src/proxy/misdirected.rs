//! Requests that came over a connection meant for another host.

use model::RouteTable;

use crate::{TlsFacts, listener::Servers};

/// Whether to answer 421 (RFC 9110 section 15.5.20), which makes the client open a connection of
/// its own for this host. Browsers share an HTTP/2 connection between the hosts of a certificate.
///
/// On a listener of its own: the handshake named one host, the request names another, and no
/// rule could be meant for it. Where servers share the port: no rule of this server could, but
/// one of the server that a new connection would meet.
pub fn is_misdirected(
    routes: &RouteTable,
    servers: Option<&Servers>,
    host: &str,
    tls: Option<&TlsFacts>,
) -> bool {
    let Some(tls) = tls else { return false };
    if routes.takes_any_host() || routes.knows_host(host) {
        return false;
    }
    match servers {
        Some(servers) => servers.take_elsewhere(host, routes),
        None => tls.server_name.as_deref() != Some(host),
    }
}
