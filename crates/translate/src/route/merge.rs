//! The rules of one listener, out of all Ingresses that are on it: who comes first, who is a
//! double, and where canaries cut in.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use http::{HeaderValue, StatusCode};
use model::{Action, Direction, FixedResponse, Protocol, Reason, Rule, Verdict};

use super::{
    build::Built,
    canary::Canaries,
    plan::{Draft, Plan},
};
use crate::dialect::Problem;

/// One Ingress of a load balancer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    pub plan: &'a Plan,
    pub built: &'a Built,
}

/// Merges the members of one load balancer, listener by listener.
pub(crate) struct Merge<'a> {
    /// In group order.
    members: &'a [Member<'a>],
    canaries: Canaries<'a>,
    /// Doubles that have their verdict already: a rule may lose on several listeners.
    told: HashSet<(usize, usize)>,
    pub verdicts: Vec<Verdict>,
}

/// In which order the rules of different Ingresses are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleOrder {
    /// All rules of one Ingress, then those of the next.
    Group,
    /// By host and path over all Ingresses; group order breaks ties.
    Kubernetes,
    /// First the rules of Ingresses with a priority, as they are written; the others as above.
    Priority,
}

/// A rule of a member, and both their places.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    member: usize,
    index: usize,
    draft: &'a Draft,
    rule: &'a Arc<Rule>,
}

impl<'a> Merge<'a> {
    pub fn new(members: &'a [Member<'a>]) -> Self {
        let canaries = Canaries::of(members);
        Self { members, canaries, told: HashSet::new(), verdicts: Vec::new() }
    }

    /// The rules of one listener, first tried first.
    pub fn rules(&mut self, port: u16, protocol: Protocol, order: RuleOrder) -> Vec<Arc<Rule>> {
        let mut candidates = Vec::with_capacity(self.members.len());
        for (place, member) in self.members.iter().enumerate() {
            if !member.plan.is_canary()
                && member.plan.placement.listeners.contains(&(port, protocol))
            {
                candidates.extend(candidates_of(place, member, port, protocol));
            }
        }
        match order {
            RuleOrder::Kubernetes => candidates.sort_by_key(|rule| rule.draft.precedence),
            RuleOrder::Group => candidates.sort_by_key(|rule| rule.draft.is_default),
            RuleOrder::Priority => candidates.sort_by_key(|rule| {
                let is_first = self.members[rule.member].plan.placement.has_priority;
                (rule.draft.is_default, !is_first, if is_first { 0 } else { rule.draft.precedence })
            }),
        }
        self.without_doubles(&mut candidates);
        let mut rules = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            self.canaries.push(candidate.draft, candidate.rule, &mut rules);
        }
        rules
    }

    /// What is left to say after all listeners.
    pub fn finish(mut self) -> Vec<Verdict> {
        self.verdicts.extend(self.canaries.finish());
        self.verdicts
    }

    /// Of rules that match the same, only the first can ever answer.
    fn without_doubles(&mut self, candidates: &mut Vec<Candidate<'a>>) {
        let mut first: HashMap<u64, &Arc<Rule>, foldhash::fast::RandomState> =
            HashMap::with_capacity_and_hasher(
                candidates.len(),
                foldhash::fast::RandomState::default(),
            );
        let (told, verdicts, members) = (&mut self.told, &mut self.verdicts, self.members);
        candidates.retain(|candidate| {
            if candidate.draft.direction == Direction::Response {
                return true;
            }
            let winner = *first.entry(candidate.draft.fingerprint).or_insert(candidate.rule);
            if Arc::ptr_eq(winner, candidate.rule) || winner.matches != candidate.rule.matches {
                return true;
            }
            if told.insert((candidate.member, candidate.index)) {
                verdicts.push(double(members[candidate.member].plan, candidate.draft, winner));
            }
            false
        });
    }
}

fn candidates_of<'a>(
    place: usize,
    member: &'a Member<'a>,
    port: u16,
    protocol: Protocol,
) -> impl Iterator<Item = Candidate<'a>> {
    let rules = member.plan.drafts.iter().zip(&member.built.rules).enumerate();
    let landing =
        rules.filter(move |(_, (draft, _))| draft.lands_on(protocol, member.plan.placement.forced));
    landing.map(move |(index, (draft, built))| {
        let is_secure = member.plan.placement.secure_ports.contains(&port);
        let redirect = built.redirect.as_ref().filter(|_| !is_secure);
        Candidate { member: place, index, draft, rule: redirect.unwrap_or(&built.rule) }
    })
}

fn double(plan: &Plan, draft: &Draft, winner: &Rule) -> Verdict {
    let host = draft.host.as_ref().map_or("any host", |host| host.as_str());
    let text = format!(
        "{host} with this path is already taken by {}, which comes first: remove one of the two rules",
        winner.origin
    );
    plan.subject.verdict(Problem::warning(Reason::ListenerConflict, draft.field.clone(), text))
}

/// What answers where no rule matches.
pub(crate) fn no_rule(status: StatusCode) -> Action {
    Action::Fixed(FixedResponse {
        status,
        content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
        body: "no rule matches this request\n".into(),
        reason: Some("no-rule"),
    })
}
