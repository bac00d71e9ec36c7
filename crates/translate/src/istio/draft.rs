//! From the servers on one port to the claim on its listener.

use std::{collections::HashMap, sync::Arc, time::Duration};

use http::StatusCode;
use model::{
    Dialect, ForwardedHeaders, HostChoice, Name, ObjectRef, Protocol, Reason, Rule, Verdict,
};

use super::{
    admit::Admitted,
    doors::{Door, Guest, Speaks},
    gateway::{GatewayPlan, Kind, ServerPlan},
    redirect, secure,
    virtual_services::{Routing, SniRoute},
};
use crate::{
    claim::{Declaration, ListenerClaim, ServerClaim, Sharer, TlsClaim},
    dialect::{Claims, Problem},
    route::no_rule,
    settings::Mesh,
};

/// Envoy's own: `common_http_protocol_options.idle_timeout`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// For what no VirtualService speaks of: those have their own timeouts, or none.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What all listeners are made with.
pub(super) struct Draft<'a> {
    mesh: &'a Mesh,
    routing: Routing<'a>,
    forwarded: Arc<ForwardedHeaders>,
    verdicts: Vec<Verdict>,
}

impl<'a> Draft<'a> {
    pub fn new(mesh: &'a Mesh, routing: Routing<'a>) -> Self {
        // What Envoy tells backends by itself.
        let forwarded =
            ForwardedHeaders { client_address: true, proto: true, ..ForwardedHeaders::default() };
        let verdicts = Vec::new();
        Self { mesh, routing, forwarded: Arc::new(forwarded), verdicts }
    }

    /// Says what came up.
    pub fn finish(mut self, claims: &mut Claims) {
        claims.verdicts.append(&mut self.verdicts);
        self.routing.finish(claims);
    }

    /// `None` where no bytes would go anywhere.
    pub fn listener(&mut self, port: u16, door: &Door<'_>) -> Option<ListenerClaim> {
        let first = door.first().admitted.server;
        let listener = match door.speaks {
            Speaks::Http => {
                let rules = self.rules_in_clear(door);
                ListenerClaim { rules, ..self.blank(port, Protocol::Http, &first.field) }
            }
            Speaks::Tcp => {
                let Admitted { gateway, server, .. } = &door.first().admitted;
                let tunnel = self.routing.routes_for(gateway, server).tcp;
                if tunnel.is_none() {
                    self.verdicts.push(leads_nowhere(gateway, server, "tcp"));
                    return None;
                }
                ListenerClaim { tunnel, ..self.blank(port, Protocol::Tcp, &first.field) }
            }
            Speaks::Tls => {
                let mut servers: Vec<ServerClaim> = Vec::with_capacity(door.crowd.len());
                for guest in &door.crowd {
                    self.add_servers(guest, &mut servers);
                }
                self.settle_names(&mut servers);
                if servers.is_empty() {
                    return None;
                }
                let is_https =
                    |guest: &Guest<'_>| matches!(guest.admitted.server.kind, Kind::Https(_));
                let protocol = match door.crowd.iter().any(is_https) {
                    true => Protocol::Https,
                    false => Protocol::Tls,
                };
                ListenerClaim { servers, ..self.blank(port, protocol, &first.field) }
            }
        };
        let others = door.crowd.iter().skip(1).map(|guest| Sharer {
            object: guest.admitted.gateway.subject.object.clone(),
            origin: guest.admitted.gateway.subject.origin.clone(),
            field: guest.admitted.server.field.clone(),
        });
        Some(ListenerClaim { shared_by: others.collect(), ..listener })
    }

    /// Redirects come first, so that a name which one server redirects is never served in clear
    /// by another; and what takes every request of a host comes last.
    fn rules_in_clear(&mut self, door: &Door<'_>) -> Vec<Arc<Rule>> {
        let (mut redirects, mut rules, mut last) = (Vec::new(), Vec::new(), Vec::new());
        for guest in &door.crowd {
            let Admitted { gateway, server, .. } = &guest.admitted;
            let routes = self.routing.routes_for(gateway, server);
            match server.kind {
                Kind::Redirect => redirects.extend(redirect::rules(gateway, server)),
                _ => {
                    rules.extend(routes.rules);
                    last.extend(routes.catch_alls);
                }
            }
        }
        redirects.append(&mut rules);
        redirects.append(&mut last);
        redirects
    }

    /// One for a server that ends TLS, one for each route of a server that does not.
    fn add_servers(&mut self, guest: &Guest<'_>, servers: &mut Vec<ServerClaim>) {
        let Admitted { gateway, server, .. } = &guest.admitted;
        let routes = self.routing.routes_for(gateway, server);
        let claim = |hosts: Vec<Name>, listener: ListenerClaim| ServerClaim {
            name: server.name.clone(),
            declared_by: guest.declaration(),
            hosts,
            listener,
        };
        let names = names(server);
        let tls = |termination| secure::tls(&guest.admitted, termination, &names, self.mesh);
        match &server.kind {
            Kind::Https(termination) => {
                let listener = self.inner(server, Protocol::Https, Some(tls(termination)));
                servers
                    .push(claim(names, ListenerClaim { rules: routes.into_rules(), ..listener }));
            }
            Kind::Tls(termination) => {
                let Some(tunnel) = routes.tcp else {
                    self.verdicts.push(leads_nowhere(gateway, server, "tcp"));
                    return;
                };
                let tls = TlsClaim { http2: false, ..tls(termination) };
                let listener = self.inner(server, Protocol::Tls, Some(tls));
                servers.push(claim(names, ListenerClaim { tunnel: Some(tunnel), ..listener }));
            }
            Kind::Passthrough => {
                if routes.sni.is_empty() {
                    self.verdicts.push(leads_nowhere(gateway, server, "tls"));
                }
                servers.extend(routes.sni.into_iter().map(|SniRoute { hosts, tunnel }| {
                    let listener = self.inner(server, Protocol::Tls, None);
                    claim(hosts, ListenerClaim { tunnel: Some(tunnel), ..listener })
                }));
            }
            Kind::Http | Kind::Redirect | Kind::Tcp => {}
        }
    }

    /// A route of a server that opens nothing may be for a name that another server has as its
    /// own. Who came first keeps it.
    fn settle_names(&mut self, servers: &mut Vec<ServerClaim>) {
        let mut taken: HashMap<Option<Name>, ObjectRef> = HashMap::new();
        servers.retain_mut(|server| {
            let ServerClaim { declared_by, hosts, listener, .. } = server;
            let Declaration { object, origin, .. } = declared_by;
            let mut lost = |name: Option<&Name>| {
                let Some(winner) = taken.get(&name.cloned()) else {
                    taken.insert(name.cloned(), object.clone());
                    return false;
                };
                let message = format!(
                    "{} on port {} is for {winner}, which came first: take it out of one of the two",
                    name.map_or("*", Name::as_str),
                    listener.port,
                );
                self.verdicts.push(
                    Verdict::warning(object.clone(), Reason::ListenerConflict, message)
                        .at(format!("{}.hosts", listener.field))
                        .in_dialect(Dialect::Istio)
                        .from_origin(origin.clone()),
                );
                true
            };
            if hosts.is_empty() {
                return !lost(None);
            }
            hosts.retain(|host| !lost(Some(host)));
            !hosts.is_empty()
        });
    }

    fn inner(
        &self,
        server: &ServerPlan,
        protocol: Protocol,
        tls: Option<TlsClaim>,
    ) -> ListenerClaim {
        ListenerClaim { tls, ..self.blank(server.port, protocol, &server.field) }
    }

    fn blank(&self, port: u16, protocol: Protocol, field: &str) -> ListenerClaim {
        ListenerClaim {
            port,
            protocol,
            field: field.to_owned(),
            shared_by: Vec::new(),
            tls: None,
            servers: Vec::new(),
            tunnel: None,
            host_choice: HostChoice::BestHost,
            rules: Vec::new(),
            default_action: no_rule(StatusCode::NOT_FOUND),
            forwarded: self.forwarded.clone(),
            access: None,
            idle_timeout: IDLE_TIMEOUT,
            client_timeout: None,
            request_timeout: REQUEST_TIMEOUT,
            gzip: false,
        }
    }
}

/// There is no answer to bytes that have nowhere to go, as 404 is one to a request.
fn leads_nowhere(gateway: &GatewayPlan, server: &ServerPlan, part: &str) -> Verdict {
    let message = format!(
        "no VirtualService with {part} routes names this Gateway and host, so its connections are refused: write one, or remove the server"
    );
    let problem = Problem::warning(Reason::ConfigNotFound, server.field.clone(), message);
    gateway.subject.verdict(problem)
}

/// Empty: any, and that is so as soon as one of the hosts is `*`.
fn names(server: &ServerPlan) -> Vec<Name> {
    match server.is_for_any_name() {
        true => Vec::new(),
        false => server.hosts.iter().filter_map(|host| host.name.clone()).collect(),
    }
}
