//! Authorities whose place another one has taken already: on a host that a rotation left out, and
//! in the overlap that a rotation of Kubernetes leaves. They need nothing new, only to follow.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Authority, Hosts, Scope, certificates,
    issuers::{slug, unique},
};
use crate::{HostName, Purpose, Reread, certificate::Certificate};

/// An authority that lives on few hosts alone, while all others present and trust a newer one and
/// no longer this one. A run that was cut off looks otherwise: there the old one is still trusted.
pub(super) fn find_left_behind(scope: &mut Scope, now: Timestamp) {
    let found: Vec<(usize, String)> = (0..scope.authorities.len())
        .filter_map(|index| Some((index, successor(scope, &scope.authorities[index], now)?)))
        .collect();
    for (index, successor) in found {
        // Who left it need not take it back for those who follow.
        let id = scope.authorities[index].id.clone();
        for spot in scope.trusts.iter_mut().filter(|spot| !spot.present.contains(&id)) {
            spot.authorities.remove(&id);
        }
        scope.authorities[index].successor = Some(successor);
    }
}

fn successor(scope: &Scope, old: &Authority, now: Timestamp) -> Option<String> {
    let purposes = purposes(scope, &old.id);
    let behind: BTreeSet<&HostName> =
        purposes.iter().flat_map(|purpose| hosts(scope, &old.id, *purpose)).collect();
    let found = scope.authorities.iter().find(|new| {
        let ahead: BTreeSet<&HostName> =
            purposes.iter().flat_map(|purpose| hosts(scope, &new.id, *purpose)).collect();
        let are_trusts_done = scope
            .trusts
            .iter()
            .filter(|spot| !behind.contains(&spot.host) && spot.authorities.contains(&new.id))
            .all(|spot| spot.present.contains(&new.id) && !spot.present.contains(&old.id));
        new.id != old.id
            && new.has_key
            && new.certificate.is_valid_at(now)
            && is_newer(&new.certificate, &old.certificate)
            && behind.is_disjoint(&ahead)
            && behind.len() < ahead.len()
            && are_trusts_done
    })?;
    (!behind.is_empty()).then(|| found.id.clone())
}

fn purposes(scope: &Scope, authority: &str) -> BTreeSet<Purpose> {
    let leaves = scope.leaves.iter().filter(|leaf| leaf.authority == authority);
    leaves.flat_map(|leaf| &leaf.spots).map(|spot| spot.purpose).collect()
}

/// Hosts where a program presents the authority's leaves for a purpose.
fn hosts<'a>(
    scope: &'a Scope,
    authority: &str,
    purpose: Purpose,
) -> impl Iterator<Item = &'a HostName> {
    let leaves = scope.leaves.iter().filter(move |leaf| leaf.authority == authority);
    leaves
        .flat_map(|leaf| &leaf.spots)
        .filter(move |spot| spot.purpose == purpose && spot.reread != Reread::Never)
        .map(|spot| &spot.host)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The same name before the `@`, and younger.
pub(super) fn is_newer(new: &Certificate, old: &Certificate) -> bool {
    let base = |one: &Certificate| one.name().split('@').next().unwrap_or_default().to_owned();
    new.name().contains('@') && base(new) == base(old) && new.not_before > old.not_before
}

/// What stands in trust files of Kubernetes beside its successor.
pub(super) fn find_dropped(scope: &mut Scope, hosts: &Hosts<'_>) {
    for index in 0..scope.trusts.len() {
        let spot = &scope.trusts[index];
        let purpose = spot.purpose;
        let facts = hosts.iter().find(|(name, _)| **name == spot.host).map(|(_, facts)| facts);
        let found = facts.map(|facts| certificates(facts, &spot.path)).unwrap_or_default();
        for old in found {
            let successor = scope.authorities.iter().find(|new| {
                is_newer(&new.certificate, &old) && scope.has_strangers(&new.id, purpose)
            });
            let Some(successor) = successor.map(|new| new.id.clone()) else { continue };
            let id = dropped(scope, old, successor);
            scope.trusts[index].present.insert(id.clone());
            scope.trusts[index].authorities.insert(id);
        }
    }
}

fn dropped(scope: &mut Scope, old: Certificate, successor: String) -> String {
    let known = scope.authorities.iter().find(|one| one.certificate.is_same_authority(&old));
    if let Some(known) = known {
        return known.id.clone();
    }
    let taken = scope.authorities.iter().map(|one| one.id.clone()).collect();
    let id = unique(&format!("{}-before", slug(old.name())), &taken);
    scope.authorities.push(Authority {
        id: id.clone(),
        certificate: old,
        has_key: false,
        kept_at: Vec::new(),
        also_issued: Vec::new(),
        successor: Some(successor),
    });
    id
}
