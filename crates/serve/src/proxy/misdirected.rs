//! Requests that came over a connection meant for another host.

use model::RouteTable;

/// Whether to answer 421 (RFC 9110 section 15.5.20): the handshake named one host, the request
/// names another, and no rule of this listener could be meant for it. Browsers share an HTTP/2
/// connection between hosts of one certificate; 421 makes them open another one.
pub fn is_misdirected(routes: &RouteTable, host: &str, server_name: Option<&str>) -> bool {
    server_name != Some(host) && !routes.takes_any_host() && !routes.knows_host(host)
}
