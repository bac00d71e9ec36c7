//! The state of a listener whose port several servers share: theirs, and the sum of them.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use model::{Binding, CertificateId, CertificateList, Listener, Server};

use super::{ListenerState, StateBuilder, content::version_of_servers, lineage::match_up};
use crate::{
    ledger::ListenerLedger,
    listener::{ServedServer, Servers},
    tls::{Certificates, Holder},
};

impl StateBuilder {
    /// Never fails as a whole: a server whose settings cannot be used stands alone in letting
    /// nobody in. Its former settings are no stand-in, for they may ask less of clients.
    pub(super) fn build_servers(
        &mut self,
        wanted: &Arc<Listener>,
        former: Option<&ListenerState>,
        ledger: &Arc<ListenerLedger>,
    ) -> ListenerState {
        let before = former.and_then(|former| Some((former.servers.as_ref()?, &former.wanted)));
        let lineage = match before {
            Some((_, before)) => match_up(&wanted.servers, &before.servers),
            None => vec![None; wanted.servers.len()],
        };
        let served: Vec<_> = wanted
            .servers
            .iter()
            .zip(lineage)
            .map(|(server, position)| {
                let former = before.and_then(|(before, _)| before.state(position?));
                let state = self.build_server(server, former, ledger);
                ServedServer { name: server.name.clone(), state }
            })
            .collect();
        let version = version_of_servers(wanted, &served);
        let since = match former {
            Some(former) if former.version == version => former.since,
            _ => Timestamp::now(),
        };
        let states = served.iter().filter_map(|server| server.state.as_ref().ok());
        let rejected = states.flat_map(|state| &state.rejected).cloned().collect();
        ListenerState {
            listener: as_served(wanted, &served),
            wanted: wanted.clone(),
            certificates: Arc::new(Certificates::default()),
            tls: None,
            servers: Some(Servers::new(&wanted.servers, served)),
            admission: self.new_admission(),
            ledger: ledger.clone(),
            version,
            since,
            rejected,
        }
    }

    fn build_server(
        &mut self,
        server: &Server,
        former: Option<&Arc<ListenerState>>,
        ledger: &Arc<ListenerLedger>,
    ) -> Result<Arc<ListenerState>, Arc<str>> {
        if let Some(former) = former
            && (Arc::ptr_eq(&former.wanted, &server.listener) || former.wanted == server.listener)
        {
            return Ok(former.clone());
        }
        let former = former.map(|former| &**former);
        self.build_alone(&server.listener, Holder::Server, former, ledger.clone())
            .map(Arc::new)
            .map_err(|error| error.to_string().into())
    }
}

/// The listener with its servers, and the sum of their certificates, as they are served. Without
/// a copy where that is what was wanted.
fn as_served(wanted: &Arc<Listener>, served: &[ServedServer]) -> Arc<Listener> {
    let pairs = || wanted.servers.iter().zip(served);
    let differ = |(server, served): (&Server, &ServedServer)| match &served.state {
        Ok(state) => state.listener != server.listener,
        Err(_) => false,
    };
    if !pairs().any(differ) {
        return wanted.clone();
    }
    let mut bindings: HashMap<&CertificateId, &Binding> = HashMap::new();
    for state in served.iter().filter_map(|server| server.state.as_ref().ok()) {
        bindings.extend(state.listener.certificates.bindings.iter().map(|one| (&one.id, one)));
    }
    let sum = wanted.certificates.bindings.iter();
    let sum = sum.map(|one| bindings.get(&one.id).copied().unwrap_or(one).clone()).collect();
    let servers = pairs().map(|(server, served)| match &served.state {
        Ok(state) => Server { listener: state.listener.clone(), ..server.clone() },
        Err(_) => server.clone(),
    });
    Arc::new(Listener {
        certificates: CertificateList { bindings: sum },
        servers: servers.collect(),
        ..Listener::clone(wanted)
    })
}
