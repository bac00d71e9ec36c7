//! The Ingresses of all groups, put together to claims.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::StatusCode;
use model::{
    Action, Dialect, ForwardedHeaders, HostChoice, ObjectRef, Protocol, Reason, Redirect, Rule,
    Verdict,
};

use super::{
    attach,
    certificates::Certificates,
    group::{AwsMember, Crowd, Shared, crowds},
    members::members,
};
use crate::{
    claim::{
        CertificateClaim, Declaration, DefaultClaim, ListenerClaim, LoadBalancerClaim, OnDelete,
        TlsClaim,
    },
    dialect::{Claims, Problem},
    route::{Member, Merge, RuleOrder, no_rule},
    world::{Issuer, Objects},
};

const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Adds the claims of all Ingresses of the dialect. `issuers`: who may make certificates.
pub(crate) fn claim(members: Vec<AwsMember<'_>>, issuers: &Objects<Issuer>, claims: &mut Claims) {
    let mut balancers: BTreeMap<Arc<str>, Vec<Shared<'_>>> = BTreeMap::new();
    for AwsMember { object, member, aws } in members {
        claims.verdicts.extend(aws.verdicts.iter().cloned());
        let Some(wish) = &aws.wish else { continue };
        let shared = Shared { member, declaration: Declaration::of(object), wish };
        balancers.entry(wish.balancer.clone()).or_default().push(shared);
    }
    for (name, group) in &mut balancers {
        // Stable, so that namespace and name decide among equals.
        group.sort_by_key(|shared| shared.wish.order);
        claim_balancer(name, group, issuers, claims);
    }
    let all = balancers.values().flatten();
    claims.attachments.extend(attach::claims(all, issuers, &mut claims.verdicts));
}

fn claim_balancer(
    name: &Arc<str>,
    group: &[Shared<'_>],
    issuers: &Objects<Issuer>,
    claims: &mut Claims,
) {
    let members: Vec<Member<'_>> = group.iter().map(|shared| shared.member).collect();
    let mut objects: Vec<ObjectRef> = group.iter().map(|one| one.object().clone()).collect();
    objects.sort();
    let objects: Arc<[ObjectRef]> = objects.into();

    let crowds = crowds(group, &mut claims.verdicts);
    let redirect = redirect(group, &crowds, &mut claims.verdicts);
    let mut merge = Merge::new(&members);
    let mut parts: BTreeMap<&ObjectRef, LoadBalancerClaim> = BTreeMap::new();
    for crowd in &crowds {
        let redirect = redirect.as_ref().filter(|_| crowd.protocol == Protocol::Http);
        let rules = match redirect {
            Some(_) => Vec::new(),
            None => merge.rules(crowd.port, crowd.protocol, RuleOrder::Group),
        };
        let first = crowd.first();
        let part = parts.entry(first.object()).or_insert_with(|| LoadBalancerClaim {
            bind: None,
            name: name.clone(),
            dialect: Dialect::Aws,
            declared_by: first.declaration.clone(),
            members: objects.clone(),
            listeners: Vec::new(),
        });
        let listener = listener_claim(crowd, rules, issuers, &mut claims.verdicts);
        let default_action = redirect.cloned().unwrap_or(listener.default_action);
        part.listeners.push(ListenerClaim { default_action, ..listener });
    }
    claims.verdicts.extend(merge.finish());
    claims.load_balancers.extend(parts.into_values());
}

/// What every HTTP listener of the group answers once one of its Ingresses asks for a redirect.
fn redirect(
    group: &[Shared<'_>],
    crowds: &[Crowd<'_, '_>],
    verdicts: &mut Vec<Verdict>,
) -> Option<Action> {
    let mut asking = group.iter().filter_map(|one| Some((one, one.wish.ssl_redirect?)));
    let (one, port) = asking.next()?;
    let is_https = |crowd: &Crowd<'_, '_>| crowd.port == port && crowd.protocol == Protocol::Https;
    let field = || crate::route::field(crate::route::ALB_PREFIX, "ssl-redirect");
    if !crowds.iter().any(is_https) {
        let text = format!(
            "nothing is redirected to port {port}, as the group has no HTTPS listener there: add it to listen-ports"
        );
        let problem = Problem::warning(Reason::ListenerNotFound, field(), text);
        verdicts.push(one.member.plan.subject.verdict(problem));
        return None;
    }
    for (other, theirs) in asking.filter(|(_, theirs)| *theirs != port) {
        let text = format!(
            "the group redirects to port {port}, as {} says, which comes first, and not to {theirs}: write the same",
            one.object()
        );
        let problem = Problem::warning(Reason::InvalidAnnotation, field(), text);
        verdicts.push(other.member.plan.subject.verdict(problem));
    }
    Some(Action::Redirect(Redirect {
        protocol: Some("https".into()),
        host: None,
        port: Some(port.to_string().into()),
        path: None,
        query: None,
        change: None,
        status: StatusCode::MOVED_PERMANENTLY,
    }))
}

fn listener_claim(
    crowd: &Crowd<'_, '_>,
    rules: Vec<Arc<Rule>>,
    issuers: &Objects<Issuer>,
    verdicts: &mut Vec<Verdict>,
) -> ListenerClaim {
    let tls = (crowd.protocol == Protocol::Https).then(|| TlsClaim {
        versions: crowd.versions(verdicts),
        ciphers: None,
        http2: crowd.http2(),
        client_ca: crowd.client_ca(),
        certificates: certificates(crowd, issuers, verdicts),
    });
    ListenerClaim {
        port: crowd.port,
        protocol: crowd.protocol,
        field: crowd.first().member.plan.placement.field.clone(),
        shared_by: crowd.sharers(),
        tls,
        servers: Vec::new(),
        tunnel: None,
        host_choice: HostChoice::default(),
        rules,
        default_action: no_rule(StatusCode::NOT_FOUND),
        forwarded: Arc::new(ForwardedHeaders {
            client_address: true,
            proto: true,
            port: true,
            ..ForwardedHeaders::default()
        }),
        access: crowd.access(),
        idle_timeout: crowd.idle_timeout().unwrap_or(IDLE_TIMEOUT),
        client_timeout: None,
        request_timeout: REQUEST_TIMEOUT,
        gzip: false,
    }
}

/// The lists of all Ingresses on the port, one after the other. The first that is named is the
/// Default.
fn certificates(
    crowd: &Crowd<'_, '_>,
    issuers: &Objects<Issuer>,
    verdicts: &mut Vec<Verdict>,
) -> CertificateClaim {
    let mut claim = CertificateClaim {
        fixed: None,
        default: None,
        members: Vec::new(),
        on_delete: OnDelete::KeepLastGood,
    };
    for one in &crowd.members {
        if let Certificates::Named { named, field } = &one.wish.certificates
            && let (None, Some(first)) = (&claim.default, named.first())
        {
            claim.default = Some(DefaultClaim { id: first.id.clone(), field: field.clone() });
        }
        match members(one, issuers) {
            Ok(members) => claim.members.extend(members.into_iter().map(|member| member.tls)),
            Err(verdict) => verdicts.push(verdict),
        }
    }
    claim
}
