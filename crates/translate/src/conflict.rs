//! Who keeps an address and port that two listeners want: the object that came first. The other
//! loses that one listener.
//!
//! Several objects, even of several dialects, may ask for listeners of one load balancer; each
//! listener belongs to one of them.

use std::{collections::BTreeMap, net::IpAddr};

use model::{ListenerKey, ObjectRef, Origin, Protocol, Reason, Verdict};

use crate::{
    Settings,
    claim::{ListenerClaim, LoadBalancerClaim},
};

/// A listener that keeps its place.
struct Place {
    address: IpAddr,
    key: ListenerKey,
    holder: String,
}

/// Takes the losing listeners out of the claims and says so.
///
/// Who is older, [`Age`](crate::world::Age) says. Port 0 lets the system choose
/// and never conflicts; UDP and TCP do not meet.
pub fn settle(claims: &mut [LoadBalancerClaim], settings: &Settings) -> Vec<Verdict> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    let age = |index: usize| &claims[index].declared_by.age;
    order.sort_by(|a, b| age(*a).cmp(age(*b)));
    let mut taken: BTreeMap<(u16, bool), Vec<Place>> = BTreeMap::new();
    let mut verdicts = Vec::new();
    for index in order {
        let claim = &mut claims[index];
        let address = claim.address(settings);
        let (name, declared_by, dialect) = (&claim.name, &claim.declared_by, claim.dialect);
        claim.listeners.retain(|listener| {
            let key = key_of(name, listener);
            let port = settings.local_port(listener.port);
            let places = taken.entry((port, key.quic)).or_default();
            let meets =
                |place: &&Place| place.key == key || (port != 0 && overlap(place.address, address));
            if let Some(place) = places.iter().find(meets) {
                let lost = |object: &ObjectRef, origin: &Option<Origin>, field: &str| {
                    let message = place.refusal(&key, port, object);
                    Verdict::rejected(object.clone(), Reason::PortConflict, message)
                        .at(field)
                        .in_dialect(dialect)
                        .from_origin(origin.clone())
                };
                verdicts.push(lost(&declared_by.object, &declared_by.origin, &listener.field));
                let sharers = listener.shared_by.iter();
                verdicts.extend(sharers.map(|one| lost(&one.object, &one.origin, &one.field)));
                return false;
            }
            places.push(Place { address, key, holder: declared_by.object.to_string() });
            true
        });
    }
    verdicts
}

impl Place {
    /// What the one who came later is told.
    fn refusal(&self, key: &ListenerKey, port: u16, loser: &ObjectRef) -> String {
        let Self { address, key: held, holder } = self;
        if held == key {
            return format!(
                "{key} is not served for {loser}: {holder} came first and has this listener, which cannot be shared with it; take another port, or another load balancer"
            );
        }
        let name = &key.load_balancer;
        let cure = match held.load_balancer == *name {
            true => "map one of the two to another port (portMap)".to_owned(),
            false => format!(
                "give {name} an address of its own (loadBalancers.{name}.bind), or another port"
            ),
        };
        format!(
            "{key} is not served: {held} of {holder} came first and has {address} port {port}; {cure}"
        )
    }
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
