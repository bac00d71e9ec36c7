//! The Ingresses of one load balancer, in the order of their group, and what they make of each
//! listener together.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ipnet::IpNet;
use k8s_openapi::api::networking::v1::Ingress;
use model::{AccessList, AccessMode, ObjectRef, Protocol, Reason, TlsVersions, Verdict};

use super::{
    policy::POLICIES,
    read::{AwsIngress, Policy, Wish},
};
use crate::{
    claim::{ClientCaClaim, Declaration, Sharer},
    dialect::{Problem, Problems},
    route::Member,
    world::Object,
};

/// One Ingress of ours, as the memo has it.
pub(crate) struct AwsMember<'a> {
    pub object: &'a Object<Ingress>,
    pub member: Member<'a>,
    pub aws: &'a AwsIngress,
}

/// One that shares a load balancer.
pub(super) struct Shared<'a> {
    pub member: Member<'a>,
    pub declaration: Declaration,
    pub wish: &'a Wish,
}

/// All on one port; the first in the group's order decides what it can alone.
pub(super) struct Crowd<'g, 'a> {
    pub port: u16,
    pub protocol: Protocol,
    /// In the group's order; never empty.
    pub members: Vec<&'g Shared<'a>>,
}

impl Shared<'_> {
    pub fn object(&self) -> &ObjectRef {
        &self.declaration.object
    }

    fn warning(&self, field: &str, message: String) -> Verdict {
        let problem = Problem::warning(Reason::InvalidAnnotation, field, message);
        self.member.plan.subject.verdict(problem)
    }
}

/// Who is on which port. The first decides its protocol, and the others are told.
pub(super) fn crowds<'g, 'a>(
    group: &'g [Shared<'a>],
    verdicts: &mut Vec<Verdict>,
) -> Vec<Crowd<'g, 'a>> {
    let mut crowds: BTreeMap<u16, Crowd<'g, 'a>> = BTreeMap::new();
    for one in group {
        let placement = &one.member.plan.placement;
        for &(port, protocol) in &placement.listeners {
            let crowd =
                crowds.entry(port).or_insert_with(|| Crowd { port, protocol, members: Vec::new() });
            if crowd.protocol == protocol {
                crowd.members.push(one);
                continue;
            }
            let first = crowd.members[0].object();
            let text = format!(
                "port {port} is {} for {first}, which comes first in the group, so the Ingress is not on it: take another port, or the same protocol",
                crowd.protocol
            );
            verdicts.push(one.warning(&placement.field, text));
        }
    }
    crowds.into_values().collect()
}

impl<'a> Crowd<'_, 'a> {
    pub fn first(&self) -> &Shared<'a> {
        self.members[0]
    }

    pub fn sharers(&self) -> Vec<Sharer> {
        let others = self.members[1..].iter();
        let sharer = |one: &&Shared<'_>| Sharer {
            object: one.object().clone(),
            origin: one.declaration.origin.clone(),
            field: one.member.plan.placement.field.clone(),
        };
        others.map(sharer).collect()
    }

    /// The first policy that is written; who asks for another one is told.
    pub fn versions(&self, verdicts: &mut Vec<Verdict>) -> TlsVersions {
        let mut written =
            self.members.iter().filter_map(|one| Some((*one, one.wish.ssl_policy.as_ref()?)));
        let Some((first, policy)) = written.next() else { return TlsVersions::V12AndV13 };
        for (other, theirs) in written.filter(|(_, theirs)| theirs.name != policy.name) {
            let text = format!(
                "port {} has ssl-policy {} of {}, which comes first in the group: write the same",
                self.port,
                policy.name,
                first.object()
            );
            verdicts.push(other.warning(&theirs.field, text));
        }
        let Policy { name, field, of_class } = policy;
        let mut problems = Problems::default();
        let field = if *of_class { "spec.ingressClassName" } else { field };
        let versions = POLICIES.versions(Some(name), field, &mut problems);
        verdicts.extend(problems.into_verdicts(&first.member.plan.subject));
        versions
    }

    pub fn client_ca(&self) -> Option<ClientCaClaim> {
        let all = self.members.iter().flat_map(|one| &one.wish.mutual);
        let mutual = all.into_iter().find(|mutual| mutual.port == self.port)?;
        Some(ClientCaClaim {
            ids: vec![mutual.trust.clone()],
            fields: vec![mutual.field.clone()],
            cure: "set the port's mode to off",
            ..ClientCaClaim::default()
        })
    }

    /// Who limits nobody opens the port to everybody.
    pub fn access(&self) -> Option<Arc<AccessList>> {
        let all: Vec<&[IpNet]> = self.members.iter().map(|one| &*one.wish.inbound).collect();
        if all.iter().any(|nets| nets.is_empty()) {
            return None;
        }
        let entries = all.concat();
        Some(Arc::new(AccessList { mode: AccessMode::White, entries }))
    }

    pub fn idle_timeout(&self) -> Option<Duration> {
        self.members.iter().find_map(|one| one.wish.idle_timeout)
    }

    pub fn http2(&self) -> bool {
        self.members.iter().find_map(|one| one.wish.http2).unwrap_or(true)
    }
}
