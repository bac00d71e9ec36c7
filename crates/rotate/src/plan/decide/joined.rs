//! A run that was cut off and given up leaves leaves of two authorities for one purpose. When both
//! are exchanged, it is for one: two new ones would only carry the mixture on.

use std::collections::BTreeSet;

use super::{AuthorityPlan, Scope};
use crate::{Purpose, Reread};

/// Those that follow another come after it.
pub(super) fn join(planned: &mut [AuthorityPlan], scope: &Scope) {
    // Rather one whose key lies on hosts, for the new key will lie there too.
    planned.sort_by_key(|authority| authority.kept_at.is_empty());
    for index in 1..planned.len() {
        let (before, rest) = planned.split_at_mut(index);
        let later = &mut rest[0];
        let mut made = before.iter().filter(|first| first.is_made());
        if let Some(first) = made.find(|first| is_one(first, later, scope)) {
            later.joins = Some(first.id.clone());
            later.subject.clone_from(&first.subject);
            later.common_name.clone_from(&first.common_name);
            later.not_after = first.not_after;
        }
    }
}

/// The same name before the `@`, and leaves that are shown at the same doors.
fn is_one(first: &AuthorityPlan, later: &AuthorityPlan, scope: &Scope) -> bool {
    let base = |one: &AuthorityPlan| {
        let name = scope.authority(&one.id)?.certificate.name();
        name.split('@').next().map(str::to_owned)
    };
    let is_new = |one: &AuthorityPlan| one.is_made() && !one.same_key;
    is_new(first)
        && is_new(later)
        && base(first) == base(later)
        && !doors(first, scope).is_disjoint(&doors(later, scope))
}

fn doors(authority: &AuthorityPlan, scope: &Scope) -> BTreeSet<Purpose> {
    let leaves = scope.leaves.iter().filter(|leaf| leaf.authority == authority.id);
    let spots = leaves.flat_map(|leaf| &leaf.spots);
    spots.filter(|spot| spot.reread != Reread::Never).map(|spot| spot.purpose).collect()
}
