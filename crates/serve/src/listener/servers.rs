//! The servers that share a listener's port, each served by a state of its own. A change of one
//! leaves the states of the others as they are.

use std::{collections::HashMap, sync::Arc};

use model::{FoundServer, Server, ServerTable};

use super::{Admission, ListenerState};

/// All servers of one listener.
#[derive(Debug)]
pub struct Servers {
    table: ServerTable,
    /// In the listener's order.
    servers: Vec<ServedServer>,
    by_admission: HashMap<Admission, usize, foldhash::fast::RandomState>,
}

#[derive(Debug)]
pub struct ServedServer {
    pub name: Arc<str>,
    /// The error: its settings cannot be used, and nobody is let in.
    pub state: Result<Arc<ListenerState>, Arc<str>>,
}

impl Servers {
    /// `served` are the states for `wanted`, one for each.
    pub fn new(wanted: &[Server], served: Vec<ServedServer>) -> Self {
        let states = served.iter().enumerate();
        let by_admission = states
            .filter_map(|(position, server)| {
                Some((server.state.as_ref().ok()?.admission, position))
            })
            .collect();
        Self { table: ServerTable::new(wanted), servers: served, by_admission }
    }

    /// The server for a name that a client asks for, in lower case.
    pub fn find(&self, server_name: Option<&str>) -> Option<(&ServedServer, FoundServer<'_>)> {
        let found = self.table.find(server_name)?;
        Some((self.servers.get(found.position)?, found))
    }

    pub fn serving(&self, admission: Admission) -> Option<&Arc<ListenerState>> {
        self.state(*self.by_admission.get(&admission)?)
    }

    /// The state of the server at that place of the listener's list.
    pub fn state(&self, position: usize) -> Option<&Arc<ListenerState>> {
        self.servers.get(position)?.state.as_ref().ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = &ServedServer> {
        self.servers.iter()
    }

    pub fn states(&self) -> impl Iterator<Item = &Arc<ListenerState>> {
        self.servers.iter().filter_map(|server| server.state.as_ref().ok())
    }

    /// Whether a request for `host` belongs to another server than the one of these routes: the
    /// one that a new connection for `host` would meet, if its routes take it.
    pub fn take_elsewhere(&self, host: &str, here: &model::RouteTable) -> bool {
        let Some((ServedServer { state: Ok(there), .. }, _)) = self.find(Some(host)) else {
            return false;
        };
        let routes = &*there.listener.routes;
        !std::ptr::eq(routes, here) && (routes.takes_any_host() || routes.knows_host(host))
    }

    /// Whether the ledger may have an entry of that name, written with `*.` for a wildcard.
    pub fn know(&self, name: &str) -> bool {
        let any = || self.find(None).and_then(|(any, _)| any.state.as_ref().ok());
        self.table.names_host(name)
            || any().is_some_and(|any| {
                any.certificates.knows(name) || any.listener.routes.names_host(name)
            })
    }
}
