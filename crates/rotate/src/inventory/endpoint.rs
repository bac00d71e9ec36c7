//! `https://10.0.0.1:2379`: where a program listens, as people and flags write it.

use std::net::{IpAddr, SocketAddr};

/// The address of an URL, and whether it is plain HTTP. `None` where it has no IP address: names
/// mean something else on each machine.
pub fn socket_of(url: &str) -> Option<(SocketAddr, bool)> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let is_plain = match scheme {
        "https" => false,
        "http" => true,
        _ => return None,
    };
    let authority = rest.split(['/', '?']).next()?;
    let port = if is_plain { 80 } else { 443 };
    let address = authority.parse::<SocketAddr>().or_else(|_| {
        let bare = authority.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port))
    });
    Some((address.ok()?, is_plain))
}
