//! From the Gateways of one workload to the claims on its load balancer.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use http::StatusCode;
use model::{
    Action, Dialect, Direction, ForwardedHeaders, HostChoice, Name, ObjectRef, Protocol, Reason,
    Redirect, Rule, RuleMatch, Verdict,
};

use super::{
    Kept,
    admit::{Admitted, admit},
    doors::{Door, Doors, Guest, Speaks},
    gateway::{GatewayPlan, Kind, ServerPlan},
    secure,
    virtual_services::{Routing, SniRoute},
};
use crate::{
    Settings, World,
    claim::{Declaration, ListenerClaim, LoadBalancerClaim, ServerClaim, Sharer, TlsClaim},
    dialect::{Claims, Problem, Problems},
    route::no_rule,
    world::Age,
};

/// Envoy's own: `common_http_protocol_options.idle_timeout`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// For what no VirtualService speaks of: those have their own timeouts, or none.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Adds what all Gateways together ask for. A Gateway for another workload is somebody else's,
/// and nothing is said of it.
pub(crate) fn claim(kept: &Kept, world: &World, settings: &Settings, claims: &mut Claims) {
    let workload = settings.mesh.workload.as_ref();
    let entries = kept.gateways.entries.iter().filter(|entry| entry.value.is_for(workload));
    let mut gateways: Vec<(Age, &GatewayPlan)> =
        entries.map(|entry| (entry.object.age(), &entry.value)).collect();
    gateways.sort_by(|(a, _), (b, _)| a.cmp(b));

    let mut doors = Doors::default();
    for (age, gateway) in &gateways {
        enter(age, gateway, settings, &mut doors, claims);
    }
    let mut members: Vec<ObjectRef> =
        gateways.iter().map(|(_, gateway)| gateway.subject.object.clone()).collect();
    members.sort();
    let mut draft = Draft {
        world,
        settings,
        routing: kept.virtual_services.routing(&kept.gateways, &settings.mesh),
        forwarded: Arc::new(ForwardedHeaders {
            client_address: true,
            proto: true,
            ..ForwardedHeaders::default()
        }),
    };
    let members: Arc<[ObjectRef]> = members.into();
    let mut parts: BTreeMap<(Option<IpAddr>, &Age), LoadBalancerClaim> = BTreeMap::new();
    for ((bind, port), door) in &doors.0 {
        let first = door.first();
        let part = parts.entry((*bind, first.age)).or_insert_with(|| LoadBalancerClaim {
            name: match bind {
                Some(address) => format!("{}@{address}", settings.mesh.name).into(),
                None => settings.mesh.name.clone(),
            },
            dialect: Dialect::Istio,
            declared_by: declaration(first),
            bind: *bind,
            members: members.clone(),
            listeners: Vec::new(),
        });
        part.listeners.extend(draft.listener(*port, door, claims));
    }
    draft.routing.finish(claims);
    claims.load_balancers.extend(parts.into_values());
}

/// Lets a Gateway's servers in, and says what there is to say of it.
fn enter<'a>(
    age: &'a Age,
    gateway: &'a GatewayPlan,
    settings: &Settings,
    doors: &mut Doors<'a>,
    claims: &mut Claims,
) {
    let subject = &gateway.subject;
    claims.objects.push((subject.object.clone(), subject.origin.clone(), subject.dialect));
    claims.verdicts.extend(gateway.verdicts.iter().cloned());
    let mut problems = Problems::default();
    let mut some_are_served = false;
    for server in &gateway.servers {
        let Some(admitted) = admit(gateway, server, &settings.mesh, &mut problems) else {
            continue;
        };
        match doors.enter(Guest { age, admitted }) {
            Ok(()) => some_are_served = true,
            Err(problem) => problems.push(problem),
        }
    }
    if some_are_served {
        problems.soften_parts("; this server is not served until then");
    }
    claims.verdicts.extend(problems.into_verdicts(subject));
}

fn declaration(guest: &Guest<'_>) -> Declaration {
    let subject = &guest.admitted.gateway.subject;
    let (object, origin) = (subject.object.clone(), subject.origin.clone());
    Declaration { object, origin, age: guest.age.clone() }
}

/// What all listeners are made with.
struct Draft<'a> {
    world: &'a World,
    settings: &'a Settings,
    routing: Routing<'a>,
    forwarded: Arc<ForwardedHeaders>,
}

impl Draft<'_> {
    /// `None` where no bytes would go anywhere.
    fn listener(
        &mut self,
        port: u16,
        door: &Door<'_>,
        claims: &mut Claims,
    ) -> Option<ListenerClaim> {
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
                    claims.verdicts.push(leads_nowhere(gateway, server, "tcp"));
                    return None;
                }
                ListenerClaim { tunnel, ..self.blank(port, Protocol::Tcp, &first.field) }
            }
            Speaks::Tls => {
                let mut servers: Vec<ServerClaim> = Vec::with_capacity(door.crowd.len());
                for guest in &door.crowd {
                    self.add_servers(guest, &mut servers, claims);
                }
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
                Kind::Redirect => redirects.extend(redirects_of(gateway, server)),
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
    fn add_servers(
        &mut self,
        guest: &Guest<'_>,
        servers: &mut Vec<ServerClaim>,
        claims: &mut Claims,
    ) {
        let Admitted { gateway, server, .. } = &guest.admitted;
        let routes = self.routing.routes_for(gateway, server);
        let claim = |hosts: Vec<Name>, listener: ListenerClaim| ServerClaim {
            name: server.name.clone(),
            declared_by: declaration(guest),
            hosts,
            listener,
        };
        let names = names(server);
        let tls = |termination| {
            secure::tls(&guest.admitted, termination, &names, self.world, self.settings)
        };
        match &server.kind {
            Kind::Https(termination) => {
                let listener = self.inner(server, Protocol::Https, Some(tls(termination)));
                servers
                    .push(claim(names, ListenerClaim { rules: routes.into_rules(), ..listener }));
            }
            Kind::Tls(termination) => {
                let Some(tunnel) = routes.tcp else {
                    claims.verdicts.push(leads_nowhere(gateway, server, "tcp"));
                    return;
                };
                let tls = TlsClaim { http2: false, ..tls(termination) };
                let listener = self.inner(server, Protocol::Tls, Some(tls));
                servers.push(claim(names, ListenerClaim { tunnel: Some(tunnel), ..listener }));
            }
            Kind::Passthrough => {
                if routes.sni.is_empty() {
                    claims.verdicts.push(leads_nowhere(gateway, server, "tls"));
                }
                servers.extend(routes.sni.into_iter().map(|SniRoute { hosts, tunnel }| {
                    let listener = self.inner(server, Protocol::Tls, None);
                    claim(hosts, ListenerClaim { tunnel: Some(tunnel), ..listener })
                }));
            }
            Kind::Http | Kind::Redirect | Kind::Tcp => {}
        }
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

/// To the same URL under `https`. The names come in a rule of their own, as a rule without any
/// gives way to those of other servers that name them.
fn redirects_of(gateway: &GatewayPlan, server: &ServerPlan) -> Vec<Arc<Rule>> {
    let named: Vec<Name> = server.hosts.iter().filter_map(|host| host.name.clone()).collect();
    let mut hosts = Vec::with_capacity(2);
    if !named.is_empty() {
        hosts.push(named);
    }
    if server.is_for_any_name() {
        hosts.push(Vec::new());
    }
    let port = secure_port(gateway).to_string();
    let rule = |hosts| {
        Arc::new(Rule {
            origin: gateway.subject.object.clone(),
            direction: Direction::Request,
            matches: RuleMatch { hosts, ..RuleMatch::default() },
            filters: Vec::new(),
            forwarding: None,
            action: Action::Redirect(Redirect {
                protocol: Some("https".into()),
                host: None,
                port: Some(port.as_str().into()),
                path: None,
                query: None,
                change: None,
                status: StatusCode::MOVED_PERMANENTLY,
            }),
        })
    };
    hosts.into_iter().map(rule).collect()
}

/// 443, unless all HTTPS of the Gateway is elsewhere.
fn secure_port(gateway: &GatewayPlan) -> u16 {
    const HTTPS: u16 = 443;
    let secure = gateway.servers.iter().filter(|server| matches!(server.kind, Kind::Https(_)));
    let mut ports = secure.map(|server| server.port);
    let first = ports.next().unwrap_or(HTTPS);
    if ports.any(|port| port == HTTPS) { HTTPS } else { first }
}
