//! What each object may say of itself: that it is served, or nothing.

use std::collections::{HashMap, HashSet};

use model::{LoadBalancer, ObjectRef, State};

use super::alb_config;
use crate::Situation;

/// An Issuer has no status. Those of Istio's kinds hold conditions of its own controllers, and no
/// address.
const WITHOUT_ADDRESS: [&str; 3] = ["Gateway", "Issuer", "VirtualService"];

type ByObject<'a, T> = HashMap<&'a ObjectRef, T, foldhash::fast::RandomState>;
type Objects<'a> = HashSet<&'a ObjectRef, foldhash::fast::RandomState>;

#[derive(Clone, Copy, Debug)]
pub enum Standing<'a> {
    /// An AlbConfig, whose status describes its load balancer.
    Describes(&'a LoadBalancer),
    /// Clients reach it.
    Served,
    /// Not ours, or ours and not served: it must not claim an address.
    Nowhere,
    /// Ours, on a load balancer that this Doorward was told not to serve; another one speaks. Or
    /// of a kind that has no address.
    LeftAlone,
}

/// Of all objects, looked up by reference.
pub struct Standings<'a> {
    homes: ByObject<'a, Home<'a>>,
    /// Those that a rule of an open listener is of.
    routed: Objects<'a>,
    verdicts: ByObject<'a, State>,
}

/// The load balancers that an object belongs to.
#[derive(Clone, Copy, Default)]
struct Home<'a> {
    declares: Option<&'a LoadBalancer>,
    /// One of them has a listener that clients can connect to.
    is_open: bool,
}

impl<'a> Standings<'a> {
    pub fn of(situation: &Situation<'a>) -> Self {
        let mut homes = ByObject::<Home<'a>>::default();
        let mut routed = Objects::default();
        for balancer in &situation.model.load_balancers {
            let mut is_open = false;
            for listener in situation.open_listeners(balancer) {
                is_open = true;
                homes.entry(&listener.declared_by).or_default().is_open = true;
                routed.extend(listener.routes.rules().iter().map(|rule| &rule.origin));
            }
            for member in balancer.members.iter() {
                homes.entry(member).or_default().is_open |= is_open;
            }
            let home = homes.entry(&balancer.declared_by).or_default();
            home.is_open |= is_open;
            home.declares = Some(balancer);
        }
        let mut verdicts = ByObject::default();
        for verdict in situation.verdicts.iter().filter(|verdict| verdict.dialect.is_some()) {
            // The gravest comes first.
            verdicts.entry(&verdict.object).or_insert(verdict.state);
        }
        Self { homes, routed, verdicts }
    }

    pub fn of_object(&self, object: &ObjectRef) -> Standing<'a> {
        if WITHOUT_ADDRESS.contains(&&*object.kind) {
            return Standing::LeftAlone;
        }
        let Some(state) = self.verdicts.get(object) else { return Standing::Nowhere };
        let is_refused = *state == State::Rejected && !self.routed.contains(object);
        let Some(home) = self.homes.get(object) else {
            return if is_refused { Standing::Nowhere } else { Standing::LeftAlone };
        };
        match home.declares.filter(|_| &*object.kind == alb_config::KIND) {
            // The load balancer is there without any listener, too, unless it is refused.
            Some(balancer) if home.is_open || !is_refused => Standing::Describes(balancer),
            None if home.is_open && !is_refused => Standing::Served,
            _ => Standing::Nowhere,
        }
    }
}
