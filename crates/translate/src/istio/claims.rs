//! From the Gateways of one workload to the claims on its load balancer.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use model::{Dialect, ObjectRef};

use super::{
    Kept,
    admit::admit,
    doors::{Doors, Guest},
    draft::Draft,
    gateway::GatewayPlan,
};
use crate::{
    Settings,
    claim::LoadBalancerClaim,
    dialect::{Claims, Problems},
    world::Age,
};

/// Adds what all Gateways together ask for. A Gateway for another workload is somebody else's,
/// and nothing is said of it.
pub(crate) fn claim(kept: &Kept, settings: &Settings, claims: &mut Claims) {
    let workload = settings.mesh.workload.as_ref();
    let entries = kept.gateways.entries.iter().filter(|entry| entry.value.is_for(workload));
    let mut gateways: Vec<(Age, &GatewayPlan)> =
        entries.map(|entry| (entry.object.age(), &entry.value)).collect();
    gateways.sort_by(|(a, _), (b, _)| a.cmp(b));

    let mut doors = Doors::default();
    for (age, gateway) in &gateways {
        enter(age, gateway, settings, &mut doors, claims);
    }
    let mut members: Vec<ObjectRef> =
        gateways.iter().map(|(_, gateway)| gateway.subject.object.clone()).collect();
    members.sort();
    let routing = kept.virtual_services.routing(&kept.gateways, &settings.mesh);
    let mut draft = Draft::new(&settings.mesh, routing);
    let members: Arc<[ObjectRef]> = members.into();
    let mut parts: BTreeMap<(Option<IpAddr>, &Age), LoadBalancerClaim> = BTreeMap::new();
    for ((bind, port), door) in &doors.0 {
        let first = door.first();
        let part = parts.entry((*bind, first.age)).or_insert_with(|| LoadBalancerClaim {
            name: match bind {
                Some(address) => format!("{}@{address}", settings.mesh.name).into(),
                None => settings.mesh.name.clone(),
            },
            dialect: Dialect::Istio,
            declared_by: first.declaration(),
            bind: *bind,
            members: members.clone(),
            listeners: Vec::new(),
        });
        part.listeners.extend(draft.listener(*port, door));
    }
    draft.finish(claims);
    claims.load_balancers.extend(parts.into_values());
}

/// Lets a Gateway's servers in, and says what there is to say of it.
fn enter<'a>(
    age: &'a Age,
    gateway: &'a GatewayPlan,
    settings: &Settings,
    doors: &mut Doors<'a>,
    claims: &mut Claims,
) {
    let subject = &gateway.subject;
    claims.objects.push((subject.object.clone(), subject.origin.clone(), subject.dialect));
    claims.verdicts.extend(gateway.verdicts.iter().cloned());
    let mut problems = Problems::default();
    let mut some_are_served = false;
    for server in &gateway.servers {
        let Some(admitted) = admit(gateway, server, &settings.mesh, &mut problems) else {
            continue;
        };
        match doors.enter(Guest { age, admitted }) {
            Ok(()) => some_are_served = true,
            Err(problem) => problems.push(problem),
        }
    }
    if some_are_served {
        problems.soften_parts("; this server is not served until then");
    }
    claims.verdicts.extend(problems.into_verdicts(subject));
}
