//! Names that a leaf needs and lacks: where its members listen, what they tell others, and where
//! the API servers look for them.

use std::collections::BTreeSet;

use super::{Hosts, Leaf, PairSpot, Scope};
use crate::{Program, Purpose, Reread, component::Port, health::Health};

pub(super) fn add(scope: &mut Scope, hosts: &Hosts<'_>, health: &Health) {
    for leaf in &mut scope.leaves {
        // A peer without any name is not asked where it connects from; one name changes that.
        if leaf.certificate.names.is_empty() {
            continue;
        }
        let wanted = leaf.spots.iter().flat_map(|spot| wanted(spot, hosts, health));
        let wanted: BTreeSet<String> = wanted.collect();
        leaf.added = wanted.into_iter().filter(|name| !covers(leaf, name)).collect();
    }
    let asked = asked_by_apiservers(hosts);
    let servers = |leaf: &Leaf| leaf.spots.iter().any(|spot| spot.purpose == Purpose::EtcdServer);
    for name in asked {
        let is_covered = scope
            .leaves
            .iter()
            .filter(|leaf| servers(leaf))
            .any(|leaf| covers(leaf, &name) || leaf.added.contains(&name));
        if is_covered {
            continue;
        }
        for leaf in scope.leaves.iter_mut().filter(|leaf| servers(leaf)) {
            leaf.added.push(name.clone());
        }
    }
}

/// What those who connect to this spot's program check.
fn wanted(spot: &PairSpot, hosts: &Hosts<'_>, health: &Health) -> Vec<String> {
    // A copy that nobody reads here is another host's own.
    let port = match spot.purpose {
        _ if spot.reread == Reread::Never => return Vec::new(),
        Purpose::EtcdServer => Port::Client,
        Purpose::EtcdPeer => Port::Peer,
        _ => return Vec::new(),
    };
    let listens = hosts
        .components()
        .filter(|(host, _, component)| **host == spot.host && component.program == spot.program)
        .flat_map(|(_, _, component)| &component.endpoints)
        .filter(|endpoint| endpoint.port == port && !endpoint.is_plain)
        .map(|endpoint| endpoint.address.ip())
        .filter(|address| !address.is_unspecified())
        .map(|address| address.to_string());
    let told = health.member_of(&spot.host).into_iter().flat_map(|member| match port {
        Port::Peer => &member.peer_urls,
        _ => &member.client_urls,
    });
    listens.chain(told.filter_map(|url| host_of(url))).collect()
}

fn asked_by_apiservers(hosts: &Hosts<'_>) -> BTreeSet<String> {
    hosts
        .components()
        .filter(|(_, _, component)| component.program == Program::KubeApiserver)
        .flat_map(|(_, _, component)| component.settings.all("etcd-servers"))
        .filter_map(host_of)
        .collect()
}

/// The host of an HTTPS URL; plain ones need no certificate.
fn host_of(url: &str) -> Option<String> {
    let rest = url.trim().strip_prefix("https://")?;
    let authority = rest.split('/').next()?;
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_owned())
}

/// As clients compare (RFC 6125 section 6.4.3): a star stands for one label.
fn covers(leaf: &Leaf, name: &str) -> bool {
    let names = &leaf.certificate.names;
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
        || name.split_once('.').is_some_and(|(_, parent)| {
            name.parse::<std::net::IpAddr>().is_err() && names.contains(&format!("*.{parent}"))
        })
}
