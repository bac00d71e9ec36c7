//! From claims to listeners: has the binder choose their certificates, and hands out again
//! what has not changed.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
};

use model::{
    Binding, CertificateId, CertificateList, Listener, ListenerKey, Name, RouteTable, Server,
    TlsSettings,
};

use crate::{
    Settings,
    certificates::{Ask, Beside, Binder, FailClosed},
    claim::{Declaration, ListenerClaim, LoadBalancerClaim, ServerClaim},
};

pub struct Builder<'b, 'a> {
    /// The listeners of the last Model.
    pub before: &'b BTreeMap<ListenerKey, Arc<Listener>>,
    pub settings: &'a Settings,
    pub binder: &'b mut Binder<'a>,
}

/// One listener, or one of the servers on it, before it is built.
struct Site<'b, 'a> {
    key: &'a ListenerKey,
    address: SocketAddr,
    claim: &'a LoadBalancerClaim,
    declared_by: &'a Declaration,
    listener: &'a ListenerClaim,
    server: Option<&'a ServerClaim>,
    beside: Option<Beside<'a>>,
    before: Option<&'b Arc<Listener>>,
}

impl<'a> Builder<'_, 'a> {
    /// In the order of the claim. A listener that cannot check its clients is left out.
    pub fn listeners(
        &mut self,
        claim: &'a LoadBalancerClaim,
        keys: &'a [ListenerKey],
    ) -> Vec<Arc<Listener>> {
        let mut listeners: Vec<Arc<Listener>> = Vec::with_capacity(keys.len());
        for (index, (listener, key)) in claim.listeners.iter().zip(keys).enumerate() {
            let beside = index.checked_sub(1).and_then(|before| {
                let (https, https_key) = (&claim.listeners[before], &keys[before]);
                let tls = https.tls.as_ref().filter(|_| key.quic && https_key.port == key.port)?;
                let default = listeners.last().filter(|built| built.key == *https_key);
                let default = default.and_then(|built| built.certificates.default_binding());
                let default = default.map(|binding| binding.id.clone());
                Some(Beside { key: https_key, listener: https, tls, default })
            });
            let port = self.settings.local_port(listener.port);
            let site = Site {
                key,
                address: SocketAddr::new(claim.address(self.settings), port),
                claim,
                declared_by: &claim.declared_by,
                listener,
                server: None,
                beside,
                before: self.before.get(key),
            };
            listeners.extend(self.build(site).ok());
        }
        listeners
    }

    fn build(&mut self, site: Site<'_, 'a>) -> Result<Arc<Listener>, FailClosed> {
        let servers = self.servers(&site)?;
        let Site { key, address, claim, declared_by, listener, server, beside, before } = site;
        let (certificates, tls) = match &listener.tls {
            None => (sum(&servers), None),
            Some(tls) => {
                let dialect = claim.dialect;
                let ask = Ask { key, dialect, declared_by, listener, server, tls, beside };
                let certificates = self.binder.bind(&ask);
                let settings = TlsSettings {
                    versions: tls.versions,
                    ciphers: tls.ciphers.clone(),
                    http2: tls.http2,
                    client_auth: self.binder.client_auth(&ask)?,
                };
                (certificates, Some(settings))
            }
        };
        let built = Listener {
            key: key.clone(),
            protocol: listener.protocol,
            address,
            declared_by: declared_by.object.clone(),
            certificates,
            tls,
            servers,
            tunnel: listener.tunnel.clone(),
            routes: routes(listener, before),
            forwarded: listener.forwarded.clone(),
            access: listener.access.clone(),
            idle_timeout: listener.idle_timeout,
            client_timeout: listener.client_timeout,
            request_timeout: listener.request_timeout,
            gzip: listener.gzip,
        };
        let before = before.filter(|before| ***before == built);
        Ok(before.cloned().unwrap_or_else(|| Arc::new(built)))
    }

    /// Those that can check their clients. A listener of which none is left must not be taken
    /// for one without servers.
    fn servers(&mut self, site: &Site<'_, 'a>) -> Result<Vec<Server>, FailClosed> {
        let claims = &site.listener.servers;
        let mut servers = Vec::with_capacity(claims.len());
        let before = site.before.iter().flat_map(|before| &before.servers);
        let before: HashMap<(&str, &[Name]), &Arc<Listener>> =
            before.map(|server| ((&*server.name, &*server.hosts), &server.listener)).collect();
        for claim in claims {
            let listener = self.build(Site {
                key: site.key,
                address: site.address,
                claim: site.claim,
                declared_by: &claim.declared_by,
                listener: &claim.listener,
                server: Some(claim),
                beside: None,
                before: before.get(&(&*claim.name, &*claim.hosts)).copied(),
            });
            let (name, hosts) = (claim.name.clone(), claim.hosts.clone());
            servers.extend(listener.ok().map(|listener| Server { name, hosts, listener }));
        }
        match servers.is_empty() && !claims.is_empty() {
            true => Err(FailClosed),
            false => Ok(servers),
        }
    }
}

/// Each certificate once. The one that answers where no server has the name is the Default.
fn sum(servers: &[Server]) -> CertificateList {
    let mut bindings: Vec<Binding> = Vec::new();
    let mut positions: HashMap<&CertificateId, usize> = HashMap::new();
    for binding in servers.iter().flat_map(|server| &server.listener.certificates.bindings) {
        let position = *positions.entry(&binding.id).or_insert(bindings.len());
        match bindings.get_mut(position) {
            Some(known) => known.is_default |= binding.is_default,
            None => bindings.push(binding.clone()),
        }
    }
    CertificateList { bindings }
}

/// The last table again, if its rules are the same; indexing them takes time.
fn routes(listener: &ListenerClaim, before: Option<&Arc<Listener>>) -> Arc<RouteTable> {
    let before = before.map(|before| &before.routes).filter(|routes| {
        routes.rules() == listener.rules
            && *routes.default_action() == listener.default_action
            && routes.host_choice() == listener.host_choice
    });
    before.cloned().unwrap_or_else(|| {
        let table = RouteTable::new(listener.rules.clone(), listener.default_action.clone());
        Arc::new(table.choosing(listener.host_choice))
    })
}
