//! Canary Ingresses: they have no rules of their own but take a share of the requests of another
//! Ingress' rule for the same host and path.
//!
//! Header decides before cookie before weight. The value `never` keeps a request with the other
//! Ingress. Rules with conditions are left alone: their traffic is chosen already.

use std::{cell::Cell, collections::HashMap, sync::Arc};

use model::{
    Action, ForwardTarget, HeaderMatch, Reason, Rule, RuleMatch, TextMatch, TextPattern, Verdict,
};

use super::{
    merge::Member,
    options::Canary,
    plan::{Draft, Plan},
};
use crate::dialect::Problem;

/// All canaries of one load balancer, by the place they look for.
pub(super) struct Canaries<'a> {
    by_place: HashMap<&'a str, Vec<Share<'a>>>,
}

/// What one canary wants of one place.
struct Share<'a> {
    plan: &'a Plan,
    canary: &'a Canary,
    draft: &'a Draft,
    rule: &'a Arc<Rule>,
    /// It cut in somewhere.
    counts: Cell<bool>,
}

impl<'a> Canaries<'a> {
    pub fn of(members: &'a [Member<'a>]) -> Self {
        let mut by_place: HashMap<&str, Vec<Share<'a>>> = HashMap::new();
        for Member { plan, built } in members {
            let Some(canary) = &plan.canary else { continue };
            for (draft, built) in plan.drafts.iter().zip(&built.rules) {
                let rule = &built.rule;
                let share = Share { plan, canary, draft, rule, counts: Cell::new(false) };
                by_place.entry(&*draft.place).or_default().push(share);
            }
        }
        Self { by_place }
    }

    /// Adds a rule, with the canaries that cut in before it or share its traffic.
    pub fn push(&self, draft: &Draft, rule: &Arc<Rule>, rules: &mut Vec<Arc<Rule>>) {
        let may_share = !self.by_place.is_empty()
            && !draft.is_conditional
            && !matches!(rule.action, Action::Redirect(_));
        let shares = self.by_place.get(&*draft.place).filter(|_| may_share);
        let shares = shares.map_or(&[][..], Vec::as_slice);
        shares.iter().for_each(|share| share.cut_in_by_header(rule, rules));
        shares.iter().for_each(|share| share.cut_in_by_cookie(rule, rules));
        rules.push(split(rule, shares).unwrap_or_else(|| rule.clone()));
    }

    /// Warns of canaries that found no rule.
    pub fn finish(self) -> Vec<Verdict> {
        let mut idle: Vec<_> =
            self.by_place.into_values().flatten().filter(|share| !share.counts.get()).collect();
        idle.sort_by(|a, b| (&a.plan.key, &a.draft.field).cmp(&(&b.plan.key, &b.draft.field)));
        idle.into_iter().map(Share::idle).collect()
    }
}

impl Share<'_> {
    fn cut_in_by_header(&self, stable: &Arc<Rule>, rules: &mut Vec<Arc<Rule>>) {
        let Some(header) = &self.canary.header else { return };
        self.counts.set(true);
        let with = |value: &TextPattern| {
            let mut matches = stable.matches.clone();
            let values = vec![TextMatch::Pattern(value.clone())];
            matches.headers.push(HeaderMatch {
                is_inverted: false,
                name: header.name.clone(),
                values,
            });
            matches
        };
        match &header.value {
            Some(value) => rules.push(narrowed(self.rule, with(value))),
            None => {
                rules.push(narrowed(self.rule, with(&TextPattern::new("always"))));
                rules.push(narrowed(stable, with(&TextPattern::new("never"))));
            }
        }
    }

    fn cut_in_by_cookie(&self, stable: &Arc<Rule>, rules: &mut Vec<Arc<Rule>>) {
        let Some(cookie) = &self.canary.cookie else { return };
        self.counts.set(true);
        let with = |value: &str| RuleMatch {
            cookies: vec![(TextPattern::new(cookie), TextPattern::new(value))],
            ..stable.matches.clone()
        };
        rules.push(narrowed(self.rule, with("always")));
        rules.push(narrowed(stable, with("never")));
    }

    fn idle(self) -> Verdict {
        let text = "the canary has no effect: no other Ingress forwards this host and path; add such a rule, or correct them";
        let field = self.draft.field.clone();
        self.plan.subject.verdict(Problem::warning(Reason::InvalidField, field, text))
    }
}

fn narrowed(rule: &Arc<Rule>, matches: RuleMatch) -> Arc<Rule> {
    Arc::new(Rule { matches, ..Rule::clone(rule) })
}

/// The rule with its traffic shared by weight, if some canary asks for that.
fn split(stable: &Arc<Rule>, shares: &[Share<'_>]) -> Option<Arc<Rule>> {
    let Action::Forward(stable_targets) = &stable.action else { return None };
    let mut parts: Vec<(u32, &[ForwardTarget])> = Vec::new();
    for share in shares {
        if let (Some(weight), Action::Forward(targets)) = (share.canary.weight, &share.rule.action)
        {
            share.counts.set(true);
            parts.push((weight, targets));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let taken: u32 = parts.iter().map(|(weight, _)| weight).sum();
    parts.insert(0, (100u32.saturating_sub(taken), stable_targets));
    // Percent will do, unless one side has shares of its own.
    let scale = if parts.iter().all(|(_, targets)| targets.len() == 1) { 1 } else { 1000 };
    let targets = parts.iter().flat_map(|(percent, targets)| {
        let sum = targets.iter().map(|target| target.weight).sum::<u32>().max(1);
        targets.iter().map(move |target| ForwardTarget {
            filters: Arc::new([]),
            backend: target.backend.clone(),
            weight: percent * scale * target.weight / sum,
        })
    });
    Some(Arc::new(Rule { action: Action::Forward(targets.collect()), ..Rule::clone(stable) }))
}
