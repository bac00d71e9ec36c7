//! One run over all VirtualServices: who is bound to which server, and what comes of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    ServerRoutes, VirtualServices,
    host_index::HostIndex,
    idle::Known,
    member::{Member, Taken},
};
use crate::{
    dialect::{Claims, Problems, Tracked},
    istio::{
        gateway::{GatewayPlan, Kind, ServerPlan},
        virtual_service::{Host, Site, candidates},
    },
    settings::Mesh,
    world::{Gateway, Key},
};

/// Servers ask for their routes one after the other, in order of priority.
#[derive(Debug)]
pub(in crate::istio) struct Routing<'a> {
    mesh: &'a Mesh,
    gateways: &'a Tracked<Gateway, GatewayPlan>,
    /// The oldest first.
    members: Vec<Member<'a>>,
    by_gateway: HashMap<&'a Key, HostIndex<'a>>,
    taken: Taken,
}

impl VirtualServices {
    pub fn routing<'a>(
        &'a self,
        gateways: &'a Tracked<Gateway, GatewayPlan>,
        mesh: &'a Mesh,
    ) -> Routing<'a> {
        let find = |key: &Key| {
            let entries = &self.0.entries;
            let place = entries.binary_search_by(|entry| entry.key.cmp(key)).ok()?;
            let kept = &entries[place].value;
            Some((&kept.plan, kept.backing.as_ref()?))
        };
        let mut members: Vec<Member<'a>> = Vec::with_capacity(self.0.entries.len());
        for entry in &self.0.entries {
            let (plan, Some(backing)) = (&entry.value.plan, &entry.value.backing) else { continue };
            let mut problems = Problems::default();
            let candidates = match plan.is_for_gateways {
                true => candidates((plan, backing), find, &mut problems),
                false => Vec::new(),
            };
            members.push(Member::new(plan, backing, candidates, problems));
        }
        members.sort_by(|a, b| a.plan.age.cmp(&b.plan.age));
        let mut by_gateway: HashMap<&Key, HostIndex<'_>> = HashMap::new();
        for (place, Member { plan, .. }) in members.iter().enumerate() {
            if plan.is_refused || !plan.is_exported_to(&mesh.gateway_namespace) {
                continue;
            }
            for (gateway, _) in &plan.gateways {
                let index = by_gateway.entry(gateway).or_default();
                plan.hosts.iter().for_each(|host| index.add(place, host));
            }
        }
        Routing { mesh, gateways, members, by_gateway, taken: Taken::new() }
    }
}

impl Routing<'_> {
    /// Asked once for every server that is served; one whose requests are all redirected to
    /// HTTPS uses nothing of the answer.
    pub fn routes_for(&mut self, gateway: &GatewayPlan, server: &ServerPlan) -> ServerRoutes {
        let gateway = key_of(gateway);
        let site = Site { gateway: &gateway, port: server.port, mesh: self.mesh };
        let mut routes = ServerRoutes::default();
        for (place, common) in self.bound(&site, server) {
            let member = &mut self.members[place];
            member.is_bound = true;
            member.check_ports(&site);
            match server.kind {
                Kind::Redirect => member.gives = true,
                Kind::Http | Kind::Https(_) => member.add_rules(&site, &common, &mut routes),
                Kind::Tcp | Kind::Tls(_) => {
                    routes.tcp = routes.tcp.take().or_else(|| member.tcp(&site));
                }
                Kind::Passthrough => routes.sni.extend(member.sni(&site, server, &mut self.taken)),
            }
        }
        routes
    }

    /// Members with a host of the server, each with the hosts that they have in common.
    fn bound(&self, site: &Site<'_>, server: &ServerPlan) -> BTreeMap<usize, BTreeSet<Host>> {
        let mut bound: BTreeMap<usize, BTreeSet<Host>> = BTreeMap::new();
        let Some(index) = self.by_gateway.get(site.gateway) else { return bound };
        for server_host in &server.hosts {
            let host = Host::new(server_host.name.clone());
            for (place, common) in index.in_common(&host) {
                let of = &self.members[place].plan.key.namespace;
                if server_host.namespace.as_ref().is_none_or(|only| only == of) {
                    bound.entry(place).or_default().insert(common.clone());
                }
            }
        }
        bound
    }

    /// Names every VirtualService that is ours, and says what there is to say of it.
    pub fn finish(mut self, claims: &mut Claims) {
        let members = std::mem::take(&mut self.members);
        let known = Known { gateways: self.gateways, mesh: self.mesh };
        let ours = members.iter().filter(|member| known.is_ours(member.plan));
        let delegates: HashSet<&Key> = ours.flat_map(|member| member.plan.delegates()).collect();
        for mut member in members {
            let plan = member.plan;
            if !known.is_ours(plan) && !delegates.contains(&plan.key) {
                continue;
            }
            known.say_why_idle(&mut member);
            let subject = &plan.subject;
            claims.objects.push((subject.object.clone(), subject.origin.clone(), subject.dialect));
            claims.verdicts.extend(plan.verdicts.iter().chain(&member.backing.verdicts).cloned());
            claims.verdicts.append(&mut member.verdicts);
            claims.verdicts.extend(member.problems.into_verdicts(subject));
        }
    }
}

fn key_of(gateway: &GatewayPlan) -> Key {
    let object = &gateway.subject.object;
    Key { namespace: object.namespace.clone().unwrap_or_default(), name: object.name.clone() }
}
