//! The match blocks of a VirtualService in the order in which they are tried, with those of its
//! delegates in their places.

use std::borrow::Cow;

use model::{FactMatch, HeaderMatch, ParameterMatch, Reason, TextMatch};

use super::{
    Backing, VirtualServicePlan,
    http_route::{Answer, HttpRoute, Policy, Then},
    matches::HttpMatch,
};
use crate::{
    dialect::{Problem, Problems},
    world::Key,
};

/// A VirtualService and its backends.
pub(in crate::istio) type Pair<'a> = (&'a VirtualServicePlan, &'a Backing);

/// One match block, on its way to a rule.
#[derive(Debug)]
pub(in crate::istio) struct Candidate<'a> {
    /// Whose route it is.
    pub(super) source: Pair<'a>,
    pub(super) answer: &'a Answer,
    pub(super) policy: &'a Policy,
    /// Of the route that delegates here.
    pub(super) root: Option<(&'a Policy, &'a Backing)>,
    pub(super) matches: Cow<'a, HttpMatch>,
}

/// `find` knows all VirtualServices.
pub(in crate::istio) fn candidates<'a>(
    source: Pair<'a>,
    find: impl Fn(&Key) -> Option<Pair<'a>>,
    problems: &mut Problems,
) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for route in &source.0.http {
        let key = match &route.then {
            Then::Delegate(key) => key,
            Then::Answer(answer) => {
                candidates.extend(route.matches.iter().map(|matches| Candidate {
                    source,
                    answer,
                    policy: &route.policy,
                    root: None,
                    matches: Cow::Borrowed(matches),
                }));
                continue;
            }
        };
        let field = format!("{}.delegate", route.field);
        match usable(find(key), key, &source.0.key.namespace) {
            Ok(delegate) => take_over(source, route, delegate, &mut candidates, problems),
            Err(text) => problems.push(Problem::warning(Reason::ConfigNotFound, field, text)),
        }
    }
    candidates
}

fn usable<'a>(found: Option<Pair<'a>>, key: &Key, namespace: &str) -> Result<Pair<'a>, String> {
    let Key { namespace: of, name } = key;
    let (cure, found) = match found {
        None => (format!("VirtualService {of}/{name} does not exist: create it"), None),
        Some((plan, _)) if plan.is_refused => {
            (format!("VirtualService {of}/{name} is refused: correct it"), None)
        }
        Some((plan, _)) if !plan.is_delegate() => (
            format!(
                "VirtualService {of}/{name} has hosts, so it is no delegate: remove spec.hosts and spec.gateways there"
            ),
            None,
        ),
        Some((plan, _)) if !plan.is_exported_to(namespace) => (
            format!(
                "VirtualService {of}/{name} is not exported to namespace {namespace}: add it to spec.exportTo there"
            ),
            None,
        ),
        Some(found) => (String::new(), Some(found)),
    };
    found.ok_or_else(|| format!("this route is left out, as {cure}"))
}

/// The routes of a delegate, each within the bounds of the root's route.
fn take_over<'a>(
    (_, root_backing): Pair<'a>,
    root: &'a HttpRoute,
    delegate: Pair<'a>,
    candidates: &mut Vec<Candidate<'a>>,
    problems: &mut Problems,
) {
    for route in &delegate.0.http {
        // A delegate that delegates is refused.
        let Then::Answer(answer) = &route.then else { continue };
        let mut merged = Vec::new();
        let is_within = route.matches.iter().all(|leaf| {
            let before = merged.len();
            merged.extend(root.matches.iter().filter_map(|bounds| narrowed(bounds, leaf)));
            merged.len() > before
        });
        if !is_within {
            let text = format!(
                "{} of {} leaves the bounds of this match and is left out: match a longer prefix there, and no regex",
                route.field, delegate.0.subject.object
            );
            problems.warn(Reason::NotHonoured, format!("{}.delegate", root.field), text);
            continue;
        }
        candidates.extend(merged.into_iter().map(|matches| Candidate {
            source: delegate,
            answer,
            policy: &route.policy,
            root: Some((&root.policy, root_backing)),
            matches: Cow::Owned(matches),
        }));
    }
}

/// What fits both; `None` if the leaf asks for something that the root does not let through.
/// As in Istio a regex, on either side, leaves the bounds.
fn narrowed(root: &HttpMatch, leaf: &HttpMatch) -> Option<HttpMatch> {
    let scope = root.scope.narrowed_by(&leaf.scope)?;
    let mut merged = leaf.clone();
    merged.scope = scope;
    merged.uri = match (&root.uri, &leaf.uri) {
        (Some(root), Some(leaf)) if !is_within(root, leaf) => return None,
        (root, leaf) => leaf.clone().or_else(|| root.clone()),
    };
    for fact in &root.matches.facts {
        match leaf.matches.facts.iter().find(|other| part_of(other).0 == part_of(fact).0) {
            None => merged.matches.facts.push(fact.clone()),
            Some(other) if !is_within(part_of(fact).1, part_of(other).1) => return None,
            Some(_) => {}
        }
    }
    for header in &root.matches.headers {
        let same = |other: &&HeaderMatch| {
            other.name == header.name && other.is_inverted == header.is_inverted
        };
        match leaf.matches.headers.iter().find(same) {
            None => merged.matches.headers.push(header.clone()),
            Some(other) if !are_within(header.values.first(), other.values.first()) => return None,
            Some(_) => {}
        }
    }
    for parameter in &root.matches.parameters {
        let same = |other: &&ParameterMatch| other.key == parameter.key;
        match leaf.matches.parameters.iter().find(same) {
            None => merged.matches.parameters.push(parameter.clone()),
            Some(other) if !are_within(parameter.value.as_ref(), other.value.as_ref()) => {
                return None;
            }
            Some(_) => {}
        }
    }
    Some(merged)
}

fn part_of(fact: &FactMatch) -> (&'static str, &TextMatch) {
    match fact {
        FactMatch::Method(text) => ("method", text),
        FactMatch::Scheme(text) => ("scheme", text),
        FactMatch::Authority(text) => ("authority", text),
    }
}

/// `None`: it need only be there.
fn are_within(root: Option<&TextMatch>, leaf: Option<&TextMatch>) -> bool {
    match (root, leaf) {
        (Some(root), Some(leaf)) => is_within(root, leaf),
        (None, _) => true,
        (Some(_), None) => false,
    }
}

fn is_within(root: &TextMatch, leaf: &TextMatch) -> bool {
    use TextMatch::{Exact, Prefix};
    match (root, leaf) {
        (Exact { .. }, Exact { .. }) => root == leaf,
        (
            Prefix { text: root, ignore_case },
            Prefix { text: leaf, ignore_case: other } | Exact { text: leaf, ignore_case: other },
        ) => ignore_case == other && leaf.starts_with(&**root),
        _ => false,
    }
}
