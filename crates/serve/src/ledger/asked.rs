//! Under which of the listener's names a handshake is counted.

use model::{HostFit, RouteTable};

use crate::tls::ChosenBy;

/// A name that is known, or one of the two entries for everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    Exact(&'a str),
    /// What follows the `*.`.
    Wildcard(&'a str),
    Other,
    None,
}

impl<'a> Asked<'a> {
    /// A name that a certificate was chosen for; `by` how.
    pub fn of_certificate(server_name: Option<&'a str>, by: ChosenBy, routes: &RouteTable) -> Self {
        match (server_name, by) {
            (Some(host), ChosenBy::ExactName) => Self::Exact(host),
            (Some(host), ChosenBy::Wildcard) => Self::Wildcard(parent_of(host)),
            _ => Self::of_routes(server_name, routes),
        }
    }

    /// A name without a certificate of its own is known if the routes know it.
    pub fn of_routes(server_name: Option<&'a str>, routes: &RouteTable) -> Self {
        match server_name {
            None => Self::None,
            Some(host) if routes.names_host(host) => Self::Exact(host),
            Some(host) if routes.knows_host(host) => Self::Wildcard(parent_of(host)),
            Some(_) => Self::Other,
        }
    }

    /// A name that led to one of several servers, which counts under the server's own host. A
    /// server for any name knows those of its certificates, and those its routes spell out: a
    /// wildcard of its routes may stand for any depth, and names below it have no bound.
    pub fn of_server(
        server_name: Option<&'a str>,
        fit: HostFit<'a>,
        by: Option<ChosenBy>,
        routes: &RouteTable,
    ) -> Self {
        let Some(host) = server_name else { return Self::None };
        match (fit, by) {
            (HostFit::Exact, _) | (HostFit::Any, Some(ChosenBy::ExactName)) => Self::Exact(host),
            (HostFit::Wildcard(parent), _) => Self::Wildcard(parent),
            (HostFit::Any, Some(ChosenBy::Wildcard)) => Self::Wildcard(parent_of(host)),
            (HostFit::Any, _) if routes.names_host(host) => Self::Exact(host),
            (HostFit::Any, _) => Self::Other,
        }
    }
}

/// The name without its first label.
fn parent_of(host: &str) -> &str {
    host.split_once('.').map_or(host, |(_, parent)| parent)
}
