//! Which server of a listener answers, for the name that a client asks for. Pure: the gateway
//! serves by it, and whoever explains a listener may ask it, too.

use std::collections::HashMap;

use crate::{Server, name::parent_of};

/// The hosts of a listener's servers, as positions in [`Listener::servers`].
///
/// [`Listener::servers`]: crate::Listener::servers
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerTable {
    exact: Hosts,
    /// Keyed by what follows `*.`.
    wildcard: Hosts,
    /// The server without hosts.
    any: Option<usize>,
}

type Hosts = HashMap<Box<str>, usize, foldhash::fast::RandomState>;

/// A server, and what led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundServer<'a> {
    pub position: usize,
    pub by: HostFit<'a>,
}

/// How a server's hosts took in the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFit<'a> {
    Exact,
    /// What follows the `*.` of the host that fits.
    Wildcard(&'a str),
    /// It has no hosts, and so takes any name and none.
    Any,
}

impl ServerTable {
    /// Of servers with the same host the first has it.
    pub fn new<'s>(servers: impl IntoIterator<Item = &'s Server>) -> Self {
        let mut table = Self::default();
        for (position, server) in servers.into_iter().enumerate() {
            if server.hosts.is_empty() {
                table.any.get_or_insert(position);
            }
            for host in &server.hosts {
                let (hosts, key) = match host.wildcard_parent() {
                    Some(parent) => (&mut table.wildcard, parent),
                    None => (&mut table.exact, host.as_str()),
                };
                hosts.entry(key.into()).or_insert(position);
            }
        }
        table
    }

    /// For a name in lower case; `None` when the client sent none. The name itself goes before
    /// the longest wildcard, and that before the server without hosts, as among the filter
    /// chains of an Envoy (`FilterChainMatch.server_names`).
    pub fn find(&self, server_name: Option<&str>) -> Option<FoundServer<'_>> {
        let any = self.any.map(|position| FoundServer { position, by: HostFit::Any });
        let Some(name) = server_name else { return any };
        if let Some(position) = self.exact.get(name) {
            return Some(FoundServer { position: *position, by: HostFit::Exact });
        }
        self.longest_wildcard(name).or(any)
    }

    /// Whether some server has this host, written as it stands there: with `*.` in front of a wildcard.
    pub fn names_host(&self, host: &str) -> bool {
        match host.strip_prefix("*.") {
            Some(parent) => self.wildcard.contains_key(parent),
            None => self.exact.contains_key(host),
        }
    }

    fn longest_wildcard(&self, name: &str) -> Option<FoundServer<'_>> {
        if self.wildcard.is_empty() {
            return None;
        }
        std::iter::successors(parent_of(name), |parent| parent_of(parent)).find_map(|parent| {
            let (host, position) = self.wildcard.get_key_value(parent)?;
            Some(FoundServer { position: *position, by: HostFit::Wildcard(host) })
        })
    }
}

#[cfg(test)]
mod tests;
