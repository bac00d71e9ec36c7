//! From objects to claims: every dialect looks at the World and says which load balancers its
//! objects ask for. Nothing here chooses a certificate, an address or a winner among claims.

mod class;
mod fields;
mod memo;
mod problem;
#[cfg(test)]
pub(crate) mod scene;
mod tls_policy;
mod tracked;

use std::{collections::BTreeMap, sync::Arc};

use model::{Dialect, ListenerKey, ObjectRef, Origin, Verdict};

pub use memo::Memo;

pub(crate) use fields::{Fields, Place};
pub(crate) use problem::{Problem, Problems, Subject, did_you_mean, nearest};
pub(crate) use tls_policy::{TlsPolicies, TlsPolicy};
pub(crate) use tracked::Tracked;

use crate::{
    Memory, Settings, World, alb, aws,
    claim::{AlbListenerSpec, AttachmentClaim, LoadBalancerClaim},
    elb, ingress, istio,
    memory::ElbPast,
};
use class::Classes;

/// What all dialects together ask for.
#[derive(Debug, Default)]
pub struct Claims {
    /// Sorted by name.
    pub load_balancers: Vec<LoadBalancerClaim>,
    /// Sorted by listener.
    pub attachments: Vec<AttachmentClaim>,
    pub verdicts: Vec<Verdict>,
    /// Every object that some dialect took as its own; those without any verdict are accepted.
    pub objects: Vec<(ObjectRef, Option<Origin>, Dialect)>,
    /// The last good settings of AlbConfig listeners, to be remembered.
    pub listeners: BTreeMap<ListenerKey, Arc<AlbListenerSpec>>,
    /// What objects of the dialect `elb` wrote, to be remembered.
    pub elb: BTreeMap<ObjectRef, ElbPast>,
}

/// Reads every object that a dialect knows.
pub fn claims(world: &World, settings: &Settings, memory: &Memory, memo: &mut Memo) -> Claims {
    let mut claims = Claims::default();
    let classes = Classes::of(world);
    for class in world.ingress_classes.values() {
        let Some((dialect, problem)) = class::check(class) else { continue };
        let subject =
            Subject { object: class.reference.clone(), origin: class.origin.clone(), dialect };
        claims.verdicts.extend(problem.map(|problem| subject.verdict(problem)));
        claims.objects.push((subject.object, subject.origin, dialect));
    }
    for object in world.alb_configs.values() {
        claims.objects.push((object.reference.clone(), object.origin.clone(), Dialect::Alb));
    }

    for object in world.ingress_class_params.values() {
        let (reference, origin) = (object.reference.clone(), object.origin.clone());
        let subject = Subject { object: reference, origin, dialect: Dialect::Aws };
        claims.verdicts.extend(aws::check_params(object).into_verdicts(&subject));
        claims.objects.push((subject.object, subject.origin, Dialect::Aws));
    }

    let past = elb::Past { objects: &memory.elb, retain: settings.retain_removed_settings };
    let homes = memo.follow(world, &classes, past);
    let mut groups = memo.groups(homes, &mut claims);
    for (object, config) in memo.alb_configs() {
        let members = groups.alb.remove(&*object.reference.name).unwrap_or_default();
        alb::claim(object, config, members, memory, &mut claims);
    }
    for class in class::own_classes(world) {
        let members = groups.own.remove(&*class.reference.name).unwrap_or_default();
        ingress::claim(class, members, &mut claims);
    }
    elb::claim_ingresses(groups.elb, past, &mut claims);
    aws::claim(groups.aws, &world.issuers, &mut claims);
    for (object, service) in memo.elb_services() {
        elb::claim_service(object, service, past, &mut claims);
    }
    istio::claim(memo.istio(), settings, &mut claims);
    claims.load_balancers.sort_by(|a, b| a.name.cmp(&b.name));
    claims
}

#[cfg(test)]
mod tests;
