//! From the Gateways of one workload to the claims on one load balancer.

use super::Kept;
use crate::{Settings, dialect::Claims};

/// Adds what all Gateways together ask for.
pub(crate) fn claim(kept: &Kept, settings: &Settings, claims: &mut Claims) {
    let mut routing = kept.virtual_services.routing(settings);
    for entry in &kept.gateways.entries {
        let plan = &entry.value;
        claims.objects.push((
            plan.subject.object.clone(),
            plan.subject.origin.clone(),
            plan.subject.dialect,
        ));
        claims.verdicts.extend(plan.verdicts.iter().cloned());
        for server in &plan.servers {
            routing.routes_for(plan, server);
        }
    }
    routing.finish(claims);
}
