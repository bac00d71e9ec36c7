//! A plan with its backends: rules that the gateway can use.

use std::sync::Arc;

use http::StatusCode;
use model::{Action, Balancing, Direction, Filter, ForwardTarget, Reason, Redirect, Rule, Verdict};

use super::plan::{Draft, DraftAnswer, Plan};
use crate::{
    dialect::Problem,
    service::{Manner, Resolved, Resolver},
};

/// Holds as long as the plan's Services resolve to the same backends.
#[derive(Debug)]
pub(crate) struct Built {
    /// One for each of [`Plan::drafts`], in the same order.
    pub rules: Vec<BuiltRule>,
    /// On Services and ports that do not exist.
    pub verdicts: Vec<Verdict>,
}

#[derive(Debug)]
pub(crate) struct BuiltRule {
    pub rule: Arc<Rule>,
    /// Stands for `rule` on every port but the secure ones.
    pub redirect: Option<Arc<Rule>>,
}

pub(crate) fn build(plan: &Plan, resolver: &mut Resolver<'_>) -> Built {
    let manner = Manner { protocol: plan.protocol, balancing: Balancing::InTurn };
    let services: Vec<Resolved> = plan
        .services
        .iter()
        .map(|service| resolver.resolve(&service.key, &service.port, manner))
        .collect();
    let missing = plan.services.iter().zip(&services).filter_map(|(service, resolved)| {
        let message = resolved.missing.as_deref()?;
        let problem = Problem::warning(Reason::ServiceNotFound, service.field.clone(), message);
        Some(plan.subject.verdict(problem))
    });
    let verdicts = missing.collect();
    let rules = plan.drafts.iter().map(|draft| built_rule(plan, draft, &services)).collect();
    Built { rules, verdicts }
}

fn built_rule(plan: &Plan, draft: &Draft, services: &[Resolved]) -> BuiltRule {
    let action = match &draft.answer {
        DraftAnswer::Ready(action) => action.clone(),
        DraftAnswer::Forward(targets) => Action::Forward(
            targets
                .iter()
                .map(|(service, weight)| ForwardTarget {
                    filters: Arc::new([]),
                    backend: services[*service].backend.clone(),
                    weight: *weight,
                })
                .collect(),
        ),
    };
    let rule = Rule {
        forwarding: None,
        origin: plan.subject.object.clone(),
        direction: draft.direction,
        matches: draft.matches.clone(),
        filters: draft.filters.clone(),
        action,
    };
    let secure_port = plan.placement.secure_ports.first();
    let redirect = secure_port.filter(|_| draft.redirect);
    let redirect = redirect.map(|port| Arc::new(to_https(&rule, *port)));
    BuiltRule { rule: Arc::new(rule), redirect }
}

fn to_https(rule: &Rule, port: u16) -> Rule {
    debug_assert!(rule.direction == Direction::Request, "responses are not redirected");
    let filters = rule.filters.iter().filter(|filter| !matches!(filter, Filter::Rewrite(_)));
    Rule {
        filters: filters.cloned().collect(),
        action: Action::Redirect(Redirect {
            change: None,
            protocol: Some("https".into()),
            host: None,
            port: Some(port.to_string().into()),
            path: None,
            query: None,
            status: StatusCode::PERMANENT_REDIRECT,
        }),
        ..rule.clone()
    }
}
