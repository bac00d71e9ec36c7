//! Ingresses of class `cce`: all that name one load balancer and port share a listener.

mod first_route;
mod read;

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::networking::v1::Ingress;
use model::{Dialect, ObjectRef, Protocol, Rule};

use super::past::{OF_INGRESS, Past};
use crate::{
    claim::{Declaration, ListenerClaim, LoadBalancerClaim},
    dialect::Claims,
    route::{Member, Merge, RuleOrder},
    world::{Age, Object},
};
use first_route::Crowd;
use read::Wish;

pub(crate) use read::ElbIngress;

/// One Ingress of ours, as the memo has it.
pub(crate) struct ElbMember<'a> {
    pub object: &'a Object<Ingress>,
    pub member: Member<'a>,
    pub elb: &'a ElbIngress,
}

/// One that shares a load balancer.
struct Shared<'a> {
    member: Member<'a>,
    declaration: Declaration,
    wish: &'a Wish,
}

impl Shared<'_> {
    fn age(&self) -> &Age {
        &self.declaration.age
    }

    fn object(&self) -> &ObjectRef {
        &self.declaration.object
    }

    /// A canary has no rules of its own and is on the listeners of the Ingress that it shares
    /// with.
    fn opens_listeners(&self) -> bool {
        !self.member.plan.is_canary()
    }
}

/// Adds the claims of all Ingresses of the dialect.
pub(crate) fn claim_ingresses(members: Vec<ElbMember<'_>>, past: Past<'_>, claims: &mut Claims) {
    let mut balancers: BTreeMap<Arc<str>, Vec<Shared<'_>>> = BTreeMap::new();
    for member in members {
        if let Some(shared) = look(&member, past, claims) {
            balancers.entry(shared.wish.balancer.clone()).or_default().push(shared);
        }
    }
    for (name, mut group) in balancers {
        group.sort_by(|a, b| a.age().cmp(b.age()));
        claim_balancer(&name, &group, claims);
    }
}

/// One Ingress in the light of its past.
fn look<'a>(member: &ElbMember<'a>, past: Past<'_>, claims: &mut Claims) -> Option<Shared<'a>> {
    let ElbMember { object, member, elb } = member;
    claims.verdicts.extend(elb.verdicts.iter().cloned());
    elb.standing.settle(&member.plan.subject, OF_INGRESS, past, claims);
    let wish = elb.wish.as_ref()?;
    Some(Shared { member: *member, declaration: Declaration::of(object), wish })
}

/// `group` is in order of age.
fn claim_balancer(name: &Arc<str>, group: &[Shared<'_>], claims: &mut Claims) {
    let mut members: Vec<Member<'_>> = group.iter().map(|shared| shared.member).collect();
    // Stable, so that age decides among equals.
    members.sort_by_key(|member| member.plan.placement.order);
    let mut objects: Vec<ObjectRef> = group.iter().map(|one| one.object().clone()).collect();
    objects.sort();
    let objects: Arc<[ObjectRef]> = objects.into();

    let mut merge = Merge::new(&members);
    let mut parts: BTreeMap<&Age, LoadBalancerClaim> = BTreeMap::new();
    for crowd in crowds(name, group, claims) {
        claims.verdicts.extend(crowd.verdicts(name));
        claims.verdicts.extend(crowd.doubled_orders());
        let rules = merge.rules(crowd.port, crowd.protocol, RuleOrder::Priority);
        let part = parts.entry(crowd.first.age()).or_insert_with(|| LoadBalancerClaim {
            name: name.clone(),
            dialect: Dialect::Elb,
            declared_by: crowd.first.declaration.clone(),
            bind: None,
            members: objects.clone(),
            listeners: Vec::new(),
        });
        part.listeners.push(listener_claim(&crowd, rules));
    }
    claims.verdicts.extend(merge.finish());
    claims.load_balancers.extend(parts.into_values());
}

/// Who is on which port. The first decides its protocol.
fn crowds<'g, 'a>(name: &str, group: &'g [Shared<'a>], claims: &mut Claims) -> Vec<Crowd<'g, 'a>> {
    let mut crowds: Vec<Crowd<'g, 'a>> = Vec::new();
    for one in group.iter().filter(|shared| shared.opens_listeners()) {
        for &(port, protocol) in &one.member.plan.placement.listeners {
            match crowds.iter_mut().find(|crowd| crowd.port == port) {
                None => crowds.push(Crowd { port, protocol, first: one, others: Vec::new() }),
                Some(crowd) if crowd.protocol == protocol => crowd.others.push(one),
                Some(crowd) => claims.verdicts.push(crowd.refusal(name, one, protocol)),
            }
        }
    }
    crowds
}

fn listener_claim(crowd: &Crowd<'_, '_>, rules: Vec<Arc<Rule>>) -> ListenerClaim {
    let Wish { settings, client_ca_field, .. } = crowd.first.wish;
    let tls = || settings.tls(client_ca_field.clone(), crowd.certificates());
    let added = settings.filters();
    let rules = match added.is_empty() {
        true => rules,
        false => rules.iter().map(|rule| Arc::new(with_filters(rule, &added))).collect(),
    };
    let tls = (crowd.protocol == Protocol::Https).then(tls);
    let field = &crowd.first.member.plan.placement.field;
    let listener = settings.listener(crowd.port, crowd.protocol, field, tls, rules);
    ListenerClaim { shared_by: crowd.sharers(), ..listener }
}

fn with_filters(rule: &Rule, added: &[model::Filter]) -> Rule {
    let filters = added.iter().chain(&rule.filters).cloned().collect();
    Rule { filters, ..rule.clone() }
}
