//! The dialect `ingress`: plain Ingresses of a class whose controller is `doorward.dev/ingress`.
//! Each such class is one load balancer with the listeners 80 and 443.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use k8s_openapi::api::networking::v1::IngressClass;
use model::{Dialect, ForwardedHeaders, HostChoice, Protocol, TlsVersions};

use crate::{
    claim::{CertificateClaim, Declaration, ListenerClaim, LoadBalancerClaim, OnDelete, TlsClaim},
    dialect::Claims,
    route::{Member, Merge, RuleOrder, no_rule},
    world::{Age, Object},
};

const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Adds the claim of one class.
pub(crate) fn claim(
    class: &Object<IngressClass>,
    mut members: Vec<(Age, Member<'_>)>,
    claims: &mut Claims,
) {
    let objects = members.iter().map(|(_, member)| member.plan.subject.object.clone()).collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    let members: Vec<Member<'_>> = members.into_iter().map(|(_, member)| member).collect();
    let mut merge = Merge::new(&members);
    let wishes = members.iter().flat_map(|member| &member.plan.tls.entries);
    let tls = TlsClaim {
        ciphers: None,
        versions: TlsVersions::V12AndV13,
        http2: true,
        client_ca: None,
        certificates: CertificateClaim {
            on_delete: OnDelete::KeepLastGood,
            fixed: None,
            default: None,
            members: wishes.cloned().collect(),
        },
    };
    let forwarded = Arc::new(ForwardedHeaders {
        client_address: true,
        proto: true,
        host: true,
        port: true,
        ..ForwardedHeaders::default()
    });
    let mut listener = |port, protocol, tls| ListenerClaim {
        host_choice: HostChoice::default(),
        servers: Vec::new(),
        tunnel: None,
        port,
        protocol,
        field: "spec.controller".into(),
        shared_by: Vec::new(),
        tls,
        rules: merge.rules(port, protocol, RuleOrder::Kubernetes),
        default_action: no_rule(StatusCode::NOT_FOUND),
        forwarded: forwarded.clone(),
        access: None,
        idle_timeout: IDLE_TIMEOUT,
        client_timeout: None,
        request_timeout: REQUEST_TIMEOUT,
        gzip: true,
    };
    let listeners =
        vec![listener(80, Protocol::Http, None), listener(443, Protocol::Https, Some(tls))];
    claims.verdicts.extend(merge.finish());
    claims.load_balancers.push(LoadBalancerClaim {
        name: class.reference.name.clone(),
        dialect: Dialect::Ingress,
        declared_by: Declaration::of(class),
        bind: None,
        members: objects,
        listeners,
    });
}

#[cfg(test)]
mod tests;
