//! All VirtualServices of a World, and what they say of each server of a Gateway.

mod host_index;
mod idle;
mod member;
mod routing;

use std::{collections::HashSet, sync::Arc};

use model::{Name, Rule, Tunnel};

use super::virtual_service::{Backing, VirtualServicePlan};
use crate::{
    World,
    dialect::Tracked,
    service::Resolver,
    world::{Key, VirtualService},
};

pub(super) use routing::Routing;

/// Read, with their backends.
#[derive(Debug, Default)]
pub(super) struct VirtualServices(Tracked<VirtualService, Kept>);

#[derive(Debug)]
struct Kept {
    plan: VirtualServicePlan,
    /// `None` until its backends were looked up.
    backing: Option<Backing>,
}

/// What one server of a Gateway does with what it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerRoutes {
    /// For servers that read HTTP, in order of priority. Every rule names the hosts that the
    /// server and its VirtualService have in common; no host: any.
    pub rules: Vec<Arc<Rule>>,
    /// Of the same kind, for every request of their hosts: behind the `rules` of all servers that
    /// share a table.
    pub catch_alls: Vec<Arc<Rule>>,
    /// For servers that pass TLS on unopened.
    pub sni: Vec<SniRoute>,
    /// For servers that pass bytes on: of plain TCP, or of a TLS connection that ends here.
    pub tcp: Option<Arc<Tunnel>>,
}

impl ServerRoutes {
    /// Of a server that has its table alone.
    pub fn into_rules(mut self) -> Vec<Arc<Rule>> {
        self.rules.append(&mut self.catch_alls);
        self.rules
    }
}

/// Connections that go where their ClientHello says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SniRoute {
    /// Empty: any.
    pub hosts: Vec<Name>,
    pub tunnel: Arc<Tunnel>,
}

impl VirtualServices {
    /// Takes in what changed; see [`super::Kept::follow`].
    pub fn follow(
        &mut self,
        world: &World,
        changed: &HashSet<Key>,
        resolver: &mut Resolver<'_>,
    ) -> bool {
        let mut some_news = false;
        let fresh = |object: &_| Kept { plan: VirtualServicePlan::read(object), backing: None };
        self.0.follow(&world.virtual_services, fresh, |_| some_news = true);
        for entry in &mut self.0.entries {
            let Kept { plan, backing } = &mut entry.value;
            let is_good = |backing: &Backing| !backing.is_outdated(plan, changed);
            if !backing.as_ref().is_some_and(is_good) {
                some_news = true;
                *backing = Some(Backing::resolve(plan, resolver));
            }
        }
        some_news
    }
}

#[cfg(test)]
mod tests;
