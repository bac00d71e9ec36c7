//! All VirtualServices of a World, and what they say of each server of a Gateway.

use std::{collections::HashSet, marker::PhantomData, sync::Arc};

use model::{Name, Rule, Tunnel};

use super::gateway::{GatewayPlan, ServerPlan};
use crate::{
    Settings, World,
    dialect::{Claims, Tracked},
    service::Resolver,
    world::{Gateway, Key},
};

/// Read, with their backends.
#[derive(Debug, Default)]
pub(super) struct VirtualServices;

/// What one server of a Gateway does with what it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerRoutes {
    /// For servers that read HTTP, in order of priority. Every rule names the hosts that the
    /// server and its VirtualService have in common; no host: any.
    pub rules: Vec<Arc<Rule>>,
    /// For servers that pass TLS on unopened.
    pub sni: Vec<SniRoute>,
    /// For servers that pass bytes on: of plain TCP, or of a TLS connection that ends here.
    pub tcp: Option<Arc<Tunnel>>,
}

/// Connections that go where their ClientHello says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SniRoute {
    /// Empty: any.
    pub hosts: Vec<Name>,
    pub tunnel: Arc<Tunnel>,
}

/// One run: servers ask for their routes one after the other, in order of priority.
#[derive(Debug)]
pub(super) struct Routing<'a>(PhantomData<&'a VirtualServices>);

impl VirtualServices {
    /// Takes in what changed; see [`super::Kept::follow`].
    pub fn follow(
        &mut self,
        _world: &World,
        _gateways: &Tracked<Gateway, GatewayPlan>,
        _settings: &Settings,
        _changed: &HashSet<Key>,
        _resolver: &mut Resolver<'_>,
    ) -> bool {
        false
    }

    pub fn routing<'a>(&'a self, _settings: &'a Settings) -> Routing<'a> {
        Routing(PhantomData)
    }
}

impl Routing<'_> {
    /// Asked once for every server that is served; one whose requests are all redirected to
    /// HTTPS uses nothing of the answer.
    pub fn routes_for(&mut self, _gateway: &GatewayPlan, _server: &ServerPlan) -> ServerRoutes {
        ServerRoutes::default()
    }

    /// Names every VirtualService as ours, and says what there is to say of it.
    pub fn finish(self, _claims: &mut Claims) {}
}
