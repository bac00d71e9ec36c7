//! Who keeps an address and port that two listeners want: the load balancer that came first.
//! The other loses that one listener.

use std::{collections::BTreeMap, net::IpAddr};

use model::{ListenerKey, Protocol, Reason, Verdict};

use crate::{
    Settings,
    claim::{Declaration, ListenerClaim, LoadBalancerClaim},
};

/// A listener that keeps its place.
struct Place {
    address: IpAddr,
    key: ListenerKey,
    holder: String,
}

/// Takes the losing listeners out of the claims and says so.
///
/// Older is who was created first, then whom the source saw first. Port 0 lets the system choose
/// and never conflicts; UDP and TCP do not meet.
pub fn settle(claims: &mut [LoadBalancerClaim], settings: &Settings) -> Vec<Verdict> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    let age = |declared: &Declaration| (declared.created, declared.sequence);
    order.sort_by_key(|index| age(&claims[*index].declared_by));
    let mut taken: BTreeMap<(u16, bool), Vec<Place>> = BTreeMap::new();
    let mut verdicts = Vec::new();
    for index in order {
        let claim = &mut claims[index];
        let address = settings.address_of(&claim.name);
        let (name, declared_by, dialect) = (&claim.name, &claim.declared_by, claim.dialect);
        claim.listeners.retain(|listener| {
            let key = key_of(name, listener);
            let port = settings.local_port(listener.port);
            let places = taken.entry((port, key.quic)).or_default();
            let meets = |place: &&Place| {
                place.key == key || (port != 0 && overlap(place.address, address))
            };
            if let Some(place) = places.iter().find(meets) {
                let cure = match place.key.load_balancer == *name {
                    true => "map one of the two to another port (portMap)".to_owned(),
                    false => format!(
                        "give {name} an address of its own (loadBalancers.{name}.bind), or another port"
                    ),
                };
                let message = format!(
                    "{key} is not served: {} of {} came first and has {} port {port}; {cure}",
                    place.key, place.holder, place.address
                );
                let verdict =
                    Verdict::rejected(declared_by.object.clone(), Reason::PortConflict, message)
                        .at(&*listener.field)
                        .in_dialect(dialect)
                        .from_origin(declared_by.origin.clone());
                verdicts.push(verdict);
                return false;
            }
            places.push(Place { address, key, holder: declared_by.object.to_string() });
            true
        });
    }
    verdicts
}

pub fn key_of(load_balancer: &std::sync::Arc<str>, listener: &ListenerClaim) -> ListenerKey {
    ListenerKey {
        load_balancer: load_balancer.clone(),
        port: listener.port,
        quic: listener.protocol == Protocol::Quic,
    }
}

/// The unspecified address takes the port on every address of its family, and `::` on all.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let takes_all =
        |all: IpAddr, single: IpAddr| all.is_unspecified() && (all.is_ipv6() || single.is_ipv4());
    one == other || takes_all(one, other) || takes_all(other, one)
}

#[cfg(test)]
mod tests;
