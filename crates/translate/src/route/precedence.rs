//! Which of two rules of one listener is tried first, as far as their hosts and paths say.

use std::{collections::HashMap, hash::BuildHasher};

use model::{Name, PathMatch, RuleMatch};

use super::plan::Draft;

/// Kubernetes' rule as a number, smaller first: an exact host before a wildcard before none, an
/// exact path before others, a longer path before a shorter one; and for one host and path, a
/// rule with conditions before one without.
pub(super) fn precedence(
    host: &Option<Name>,
    path: &Option<PathMatch>,
    path_len: usize,
    conditional: bool,
) -> u32 {
    let host = match host {
        Some(host) if !host.is_wildcard() => 0,
        Some(_) => 1,
        None => 2,
    };
    let other = u32::from(!matches!(path, Some(PathMatch::Exact(_))));
    let len = u16::try_from(path_len).unwrap_or(u16::MAX);
    (host << 18) | (other << 17) | (u32::from(u16::MAX - len) << 1) | u32::from(!conditional)
}

/// A default backend comes behind everything.
pub(super) const LAST: u32 = u32::MAX;

/// Within one host of an Ingress precedence rules; hosts stay as they were first written.
pub(super) fn sort_within_hosts(drafts: &mut [Draft]) {
    let mut first_seen: HashMap<Option<Name>, usize> = HashMap::new();
    for draft in drafts.iter() {
        let next = first_seen.len();
        first_seen.entry(draft.host.clone()).or_insert(next);
    }
    drafts.sort_by_cached_key(|draft| (first_seen.get(&draft.host).copied(), draft.precedence));
}

/// Equal for equal matches, so that doubles are found without comparing all with all.
pub(super) fn fingerprint(matches: &RuleMatch) -> u64 {
    foldhash::fast::FixedState::default().hash_one(format!("{matches:?}"))
}
