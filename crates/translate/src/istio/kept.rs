//! What is kept of Istio's objects from run to run.

use std::collections::HashSet;

use super::{gateway::GatewayPlan, virtual_services::VirtualServices};
use crate::{
    World,
    dialect::Tracked,
    service::Resolver,
    world::{Gateway, Key},
};

#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(super) gateways: Tracked<Gateway, GatewayPlan>,
    pub(super) virtual_services: VirtualServices,
}

impl Kept {
    /// Takes in what changed; `changed` are the Services whose backends are others now. Returns
    /// whether any backend may be out of use.
    pub fn follow(
        &mut self,
        world: &World,
        changed: &HashSet<Key>,
        resolver: &mut Resolver<'_>,
    ) -> bool {
        self.gateways.follow(&world.gateways, GatewayPlan::read, |_| ());
        self.virtual_services.follow(world, changed, resolver)
    }
}
