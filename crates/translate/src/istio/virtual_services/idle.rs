//! VirtualServices that nobody asks: whose they are, and why.

use std::collections::BTreeSet;

use model::{Name, Reason};

use super::member::Member;
use crate::{
    dialect::Tracked,
    istio::{gateway::GatewayPlan, virtual_service::VirtualServicePlan},
    settings::Mesh,
    world::{Gateway, Key},
};

/// The Gateways that there are, and the workload that some are meant for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub gateways: &'a Tracked<Gateway, GatewayPlan>,
    pub mesh: &'a Mesh,
}

impl Known<'_> {
    /// Not if every Gateway that it names is another workload's.
    pub fn is_ours(&self, plan: &VirtualServicePlan) -> bool {
        let is_ours = |key: &Key| self.gateway(key).is_none_or(|gateway| self.selects(gateway));
        plan.is_for_gateways
            && (plan.gateways.is_empty() || plan.gateways.iter().any(|(key, _)| is_ours(key)))
    }

    pub fn say_why_idle(&self, member: &mut Member<'_>) {
        let Member { plan, problems, .. } = member;
        if !plan.is_for_gateways || plan.is_refused || member.gives {
            return;
        }
        let namespace = &self.mesh.gateway_namespace;
        if !plan.is_exported_to(namespace) {
            let text = format!(
                "the gateway runs in namespace {namespace}, to which this is not exported: add it, or remove exportTo"
            );
            return problems.warn(Reason::NotHonoured, "spec.exportTo", text);
        }
        if member.is_bound {
            if member.candidates.is_empty() && plan.delegates().next().is_some() {
                // Why each of them gives nothing is told where it is named.
                return;
            }
            let text = "servers have its hosts, but for none of them there is a route: HTTP needs http, PASSTHROUGH tls, and TCP or TLS tcp routes, whose matches fit port and Gateway";
            return problems.warn(Reason::NotHonoured, "spec", text);
        }
        for (key, field) in &plan.gateways {
            let Key { namespace, name } = key;
            match self.gateway(key) {
                None => {
                    let text = format!(
                        "Gateway {namespace}/{name} does not exist: create it, or name another as NAMESPACE/NAME"
                    );
                    problems.warn(Reason::ConfigNotFound, field.clone(), text);
                }
                Some(gateway) if self.selects(gateway) => {
                    let text = format!(
                        "no server of Gateway {namespace}/{name} has one of these hosts in common; it serves {}: add a host there, or correct these",
                        hosts_of(gateway)
                    );
                    problems.warn(Reason::ListenerNotFound, "spec.hosts", text);
                }
                Some(_) => {}
            }
        }
    }

    fn gateway(&self, key: &Key) -> Option<&GatewayPlan> {
        let entries = &self.gateways.entries;
        let place = entries.binary_search_by(|entry| entry.key.cmp(key)).ok()?;
        Some(&entries[place].value)
    }

    fn selects(&self, gateway: &GatewayPlan) -> bool {
        gateway.is_for(self.mesh.workload.as_ref())
    }
}

fn hosts_of(gateway: &GatewayPlan) -> String {
    let hosts = gateway.servers.iter().flat_map(|server| &server.hosts);
    let hosts: BTreeSet<String> = hosts
        .map(|host| {
            let name = host.name.as_ref().map_or("*", Name::as_str);
            match &host.namespace {
                Some(namespace) => format!("{namespace}/{name}"),
                None => name.to_owned(),
            }
        })
        .collect();
    match hosts.len() {
        0 => "none".to_owned(),
        _ => hosts.into_iter().collect::<Vec<_>>().join(", "),
    }
}
