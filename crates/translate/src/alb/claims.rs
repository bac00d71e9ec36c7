//! An AlbConfig and its Ingresses, put together to a claim.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use http::StatusCode;
use model::{CertificateId, Dialect, HostChoice, ListenerKey, Protocol, Reason};

use super::config::{AlbConfig, ListenerDraft};
use crate::{
    Memory,
    claim::{
        AlbListenerSpec, CertificateClaim, ClientCaClaim, Declaration, ListenerClaim,
        LoadBalancerClaim, OnDelete, Refused, TlsClaim,
    },
    dialect::{Claims, Problem},
    route::{Member, Merge, RuleOrder, no_rule},
    world::Object,
};

/// Adds the claim of one AlbConfig. `members` are its Ingresses by namespace and name.
pub(crate) fn claim(
    object: &Object<serde_json::Value>,
    config: &AlbConfig,
    mut members: Vec<Member<'_>>,
    memory: &Memory,
    claims: &mut Claims,
) {
    let objects = members.iter().map(|member| member.plan.subject.object.clone()).collect();
    // Stable, so that namespace and name decide among equals.
    members.sort_by_key(|member| member.plan.placement.order);
    claims.verdicts.extend(config.verdicts.iter().cloned());
    let name = &object.reference.name;
    let listeners = usable_listeners(name, config, memory);
    let declared = listeners.iter().map(|(draft, _)| (draft.port, draft.protocol)).collect();
    report_missing(name, config, &declared, &members, claims);

    let mut merge = Merge::new(&members);
    let mut wanted = Vec::with_capacity(listeners.len());
    for (draft, settings) in listeners {
        let key = key_of(name, draft.port, draft.protocol);
        let rules = merge.rules(draft.port, draft.protocol, RuleOrder::Group);
        wanted.push(listener_claim(draft, &settings, rules, &members));
        claims.listeners.insert(key, settings);
    }
    claims.verdicts.extend(merge.finish());
    claims.load_balancers.push(LoadBalancerClaim {
        name: name.clone(),
        dialect: Dialect::Alb,
        declared_by: Declaration::of(object),
        bind: None,
        members: objects,
        listeners: wanted,
    });
}

/// The listeners that have settings, be they the written ones or the last good ones.
fn usable_listeners(
    name: &Arc<str>,
    config: &AlbConfig,
    memory: &Memory,
) -> Vec<(ListenerDraft, Arc<AlbListenerSpec>)> {
    if config.listeners_unknown {
        let remembered = memory.listeners.iter().filter(|(key, _)| key.load_balancer == *name);
        return remembered.map(|(key, spec)| (remembered_draft(key, spec), spec.clone())).collect();
    }
    let drafts = config.listeners.iter().filter_map(|draft| {
        let settings = draft.settings.clone().ok().or_else(|| {
            let key = key_of(name, draft.port, draft.protocol);
            let last_good = memory.listeners.get(&key);
            last_good.filter(|last_good| last_good.protocol == draft.protocol).cloned()
        });
        Some((draft.clone(), settings?))
    });
    drafts.collect()
}

/// What stands for a listener whose text cannot be read at all.
fn remembered_draft(key: &ListenerKey, spec: &Arc<AlbListenerSpec>) -> ListenerDraft {
    ListenerDraft {
        port: key.port,
        protocol: spec.protocol,
        field: "spec.listeners".into(),
        settings: Ok(spec.clone()),
        fixed: Some(Err(Refused)),
        default: None,
    }
}

fn key_of(name: &Arc<str>, port: u16, protocol: Protocol) -> ListenerKey {
    ListenerKey { load_balancer: name.clone(), port, quic: protocol == Protocol::Quic }
}

fn listener_claim(
    draft: ListenerDraft,
    settings: &AlbListenerSpec,
    rules: Vec<Arc<model::Rule>>,
    members: &[Member<'_>],
) -> ListenerClaim {
    let tls = (draft.protocol != Protocol::Http).then(|| TlsClaim {
        ciphers: None,
        versions: settings.versions,
        http2: settings.http2,
        client_ca: settings.client_ca.as_ref().map(|ids| client_ca(&draft.field, ids)),
        certificates: CertificateClaim {
            on_delete: OnDelete::KeepLastGood,
            fixed: draft.fixed,
            default: draft.default,
            members: tls_members(members, draft.port, draft.protocol),
        },
    });
    ListenerClaim {
        host_choice: HostChoice::default(),
        servers: Vec::new(),
        tunnel: None,
        port: draft.port,
        protocol: draft.protocol,
        field: draft.field,
        shared_by: Vec::new(),
        tls,
        rules,
        default_action: no_rule(StatusCode::SERVICE_UNAVAILABLE),
        forwarded: settings.forwarded.clone(),
        access: settings.access.clone(),
        idle_timeout: settings.idle_timeout,
        client_timeout: None,
        request_timeout: settings.request_timeout,
        gzip: settings.gzip,
    }
}

fn client_ca(field: &str, ids: &[CertificateId]) -> ClientCaClaim {
    let fields =
        (0..ids.len()).map(|index| format!("{field}.caCertificates[{index}].CertificateId"));
    ClientCaClaim {
        ids: ids.to_vec(),
        fields: fields.collect(),
        cure: "set caEnabled: false",
        ..ClientCaClaim::default()
    }
}

/// The entries of `spec.tls`; and of an Ingress without any, its rule hosts, which count as TLS
/// on HTTPS but not on QUIC.
fn tls_members(
    members: &[Member<'_>],
    port: u16,
    protocol: Protocol,
) -> Vec<Arc<crate::claim::TlsMember>> {
    let mut wishes = Vec::with_capacity(members.len());
    for Member { plan, .. } in members {
        if !plan.placement.listeners.contains(&(port, protocol)) {
            continue;
        }
        wishes.extend(plan.tls.entries.iter().cloned());
        if protocol == Protocol::Https && !plan.tls.has_block {
            wishes.extend(plan.tls.rule_hosts.iter().cloned());
        }
    }
    wishes
}

/// Tells each Ingress of the listeners it wants in vain. Canaries are at home on the listeners of
/// the Ingress that they share with.
fn report_missing(
    name: &str,
    config: &AlbConfig,
    declared: &BTreeSet<(u16, Protocol)>,
    members: &[Member<'_>],
    claims: &mut Claims,
) {
    let mut wanted_by: BTreeMap<(u16, Protocol), Vec<&Member<'_>>> = BTreeMap::new();
    for member in members.iter().filter(|member| !member.plan.is_canary()) {
        for listener in
            member.plan.placement.listeners.iter().filter(|wanted| !declared.contains(wanted))
        {
            wanted_by.entry(*listener).or_default().push(member);
        }
    }
    for ((port, protocol), members) in wanted_by {
        // Both texts are the vendor's. The first is said of what nobody wrote, the second of what
        // is written and yet does not come to exist. Each is told of one Ingress: with the number
        // of all, every new one would change what is said of the others, in the log and in Events.
        let text = match config.asks_for(port, protocol) {
            false => format!(
                "listener not found for ({port}/{protocol}), with ingresses 1; add {{port: {port}, protocol: {protocol}}} to spec.listeners of AlbConfig {name}"
            ),
            true => format!(
                "listener is not exist in {name}, port: {port}, protocol: {protocol}; correct AlbConfig {name}, whose verdicts name the field"
            ),
        };
        for Member { plan, .. } in members {
            let served_elsewhere =
                plan.placement.listeners.iter().any(|other| declared.contains(other));
            let (reason, field) = (Reason::ListenerNotFound, plan.placement.field.clone());
            let problem = match served_elsewhere {
                true => Problem::warning(reason, field, text.clone()),
                false => Problem::rejection(reason, field, text.clone()),
            };
            claims.verdicts.push(plan.subject.verdict(problem));
        }
    }
}
