//! What one VirtualService gives to a server that it is bound to.

use std::{
    collections::{BTreeSet, HashSet},
    net::IpAddr,
    sync::Arc,
};

use model::{Name, Reason, Tunnel, Verdict};

use super::{ServerRoutes, SniRoute};
use crate::{
    dialect::Problems,
    istio::{
        gateway::ServerPlan,
        virtual_service::{Backing, Candidate, Host, L4Match, L4Route, Site, VirtualServicePlan},
    },
};

#[derive(Debug)]
pub(super) struct Member<'a> {
    pub plan: &'a VirtualServicePlan,
    pub backing: &'a Backing,
    /// Of `spec.http`, in the order in which they are tried.
    pub candidates: Vec<Candidate<'a>>,
    pub problems: Problems,
    /// On its delegates too.
    pub verdicts: Vec<Verdict>,
    /// A server has one of its hosts.
    pub is_bound: bool,
    /// And one of its routes is that server's.
    pub gives: bool,
}

/// Names that connections are passed on by, on each address and port; `None`: any.
pub(super) type Taken = HashSet<(Option<IpAddr>, u16, Option<Name>)>;

impl<'a> Member<'a> {
    pub fn new(
        plan: &'a VirtualServicePlan,
        backing: &'a Backing,
        candidates: Vec<Candidate<'a>>,
        problems: Problems,
    ) -> Self {
        let verdicts = Vec::new();
        Self { plan, backing, candidates, problems, verdicts, is_bound: false, gives: false }
    }

    /// `common` are the hosts of both.
    pub fn add_rules(
        &mut self,
        site: &Site<'_>,
        common: &BTreeSet<Host>,
        routes: &mut ServerRoutes,
    ) {
        let hosts = by_name(common);
        for candidate in self.candidates.iter().filter(|candidate| candidate.fits(site)) {
            self.gives = true;
            let is_catch_all = candidate.is_catch_all();
            let list = if is_catch_all { &mut routes.catch_alls } else { &mut routes.rules };
            let rules = hosts.iter().map(|hosts| candidate.rule(hosts.clone(), site.port));
            list.extend(rules.map(Arc::new));
            if is_catch_all {
                return;
            }
        }
    }

    /// Says which destinations of its own and of its delegates this server leaves undecided.
    pub fn check_ports(&mut self, site: &Site<'_>) {
        let delegates = self.candidates.iter().filter_map(Candidate::delegate);
        let mut sources = vec![(self.plan, self.backing)];
        sources.extend(delegates);
        sources.dedup_by_key(|(plan, _)| &plan.key);
        for (plan, backing) in sources {
            self.verdicts.extend(backing.undecided(plan, site.port));
        }
    }

    pub fn tcp(&mut self, site: &Site<'_>) -> Option<Arc<Tunnel>> {
        let fits = |route: &&L4Route| route.matches.iter().any(|block| block.scope.fits(site));
        let route = self.plan.tcp.iter().find(fits)?;
        self.gives = true;
        Some(self.tunnel(route, site))
    }

    pub fn sni(
        &mut self,
        site: &Site<'_>,
        server: &ServerPlan,
        taken: &mut Taken,
    ) -> Vec<SniRoute> {
        let plan = self.plan;
        let of_server: Vec<Host> = server
            .hosts
            .iter()
            .filter(|host| host.namespace.as_ref().is_none_or(|only| *only == plan.key.namespace))
            .map(|host| Host::new(host.name.clone()))
            .collect();
        let mut routes = Vec::new();
        for route in &plan.tls {
            let tunnel = self.tunnel(route, site);
            for block in route.matches.iter().filter(|block| block.scope.fits(site)) {
                self.gives = true;
                let free = self.take(block, &of_server, server, taken);
                let by_name = by_name(&free).into_iter();
                routes.extend(by_name.map(|hosts| SniRoute { hosts, tunnel: tunnel.clone() }));
            }
        }
        routes
    }

    /// The names of one block that nobody older has.
    fn take(
        &mut self,
        block: &L4Match,
        of_server: &[Host],
        server: &ServerPlan,
        taken: &mut Taken,
    ) -> BTreeSet<Host> {
        let common = |sni| of_server.iter().filter_map(move |host: &Host| host.narrower(sni));
        let wanted: BTreeSet<Host> = block.sni_hosts.iter().flat_map(common).cloned().collect();
        let (free, lost): (BTreeSet<Host>, BTreeSet<Host>) = wanted
            .into_iter()
            .partition(|host| taken.insert((server.bind, server.port, host.name().cloned())));
        for host in lost {
            let text = format!(
                "connections for {host} on port {} go where an earlier route sends them: remove the name from one of the two",
                server.port
            );
            let field = format!("{}.sniHosts", block.field);
            self.problems.warn(Reason::ListenerConflict, field, text);
        }
        free
    }

    fn tunnel(&self, route: &L4Route, site: &Site<'_>) -> Arc<Tunnel> {
        let targets = self.backing.targets(&route.shares, site.port);
        Arc::new(Tunnel { origin: self.plan.subject.object.clone(), targets })
    }
}

/// As rules have them: names, and apart from these no name for any.
fn by_name(hosts: &BTreeSet<Host>) -> Vec<Vec<Name>> {
    let names: Vec<Name> = hosts.iter().filter_map(Host::name).cloned().collect();
    let any = (names.len() < hosts.len()).then(Vec::new);
    (!names.is_empty()).then_some(names).into_iter().chain(any).collect()
}
