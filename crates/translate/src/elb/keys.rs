//! Says of every annotation under `kubernetes.io/elb.` whether it counts. Nothing is ignored in
//! silence: not what is known without effect here, not what the open-source controller for the
//! same cloud calls otherwise, and not what nobody knows.

use model::Reason;

use crate::{
    dialect::{did_you_mean, nearest},
    route::Reader,
};

/// The kind of object that carries the annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Service,
    Ingress,
}

/// Read on both kinds.
const BOTH: &[&str] = &[
    "class",
    "id",
    "autocreate",
    "tls-certificate-ids",
    "client-ca-cert-id",
    "tls-ciphers-policy",
    "security_policy_id",
    "http2-enable",
    "keepalive_timeout",
    "client_timeout",
    "member_timeout",
    "x-forwarded-port",
    "x-forwarded-for-port",
    "x-forwarded-host",
    "gzip-enabled",
    "acl-id",
    "acl-status",
    "acl-type",
];

const SERVICE: &[&str] = &[
    "protocol-port",
    "cert-id",
    "lb-algorithm",
    "session-affinity-mode",
    "session-affinity-option",
    "health-check-flag",
    "health-check-option",
    "health-check-options",
    "connection-drain-enable",
    "connection-drain-timeout",
];

const INGRESS: &[&str] = &[
    "ip",
    "port",
    "listen-ports",
    "ssl-redirect",
    "pool-protocol",
    "ingress-order",
    "rule-priority-enabled",
    "slowstart",
    "rewrite-target",
    "cors-allow-origin",
    "cors-allow-methods",
    "cors-allow-headers",
    "cors-allow-credentials",
    "cors-expose-headers",
    "cors-max-age",
    "canary",
    "canary-weight",
];

/// Part of a key on an Ingress: `actions.web`.
pub(crate) const FAMILIES: &[&str] = &["headers.", "conditions.", "actions."];

/// They describe the cloud instance, or CCE writes them itself: nobody misses them here.
const NOT_APPLICABLE: &[&str] = &[
    "subnet-id",
    "enterpriseID",
    "tags",
    "custom-eip-id",
    "eip-id",
    "custom-eip-status",
    "listener-master-ingress",
    // The gateway reaches every endpoint directly, so that all have an equal share as it is.
    "adaptive-weight",
];

/// Known to CCE, without effect here: what happens instead.
const NOT_HONOURED: &[(&str, &str)] = &[
    ("pass-through", "clients inside the cluster reach the Service as kube-proxy has it"),
    (
        "transparent-client-ip",
        "it is for TCP and UDP; over HTTP the client's address comes as X-Forwarded-For",
    ),
];

/// Words of cloud-provider-huaweicloud, the open-source controller, and what CCE has instead.
const OPEN_SOURCE: &[(&str, &str)] = &[
    (
        "default-tls-container-ref",
        "CCE reads cert-id, and protocol-port \"https:443\" makes a port HTTPS",
    ),
    ("idle-timeout", "CCE reads keepalive_timeout"),
    ("request-timeout", "CCE reads client_timeout"),
    ("response-timeout", "CCE reads member_timeout"),
    ("session-affinity-flag", "CCE reads session-affinity-mode"),
    ("enable-transparent-client-ip", "CCE reads transparent-client-ip"),
    ("keep-eip", "CCE has no such key"),
    ("eip-auto-create-option", "CCE reads autocreate"),
    ("availability-zones", "CCE reads autocreate"),
    ("l4-flavor-id", "CCE reads autocreate"),
    ("l7-flavor-id", "CCE reads autocreate"),
    ("enable-cross-vpc", "CCE has no such key"),
    ("connection-limit", "CCE has no such key"),
];

/// Warns of every annotation that has no effect.
pub(super) fn check(reader: &mut Reader<'_>, on: On) {
    let (own, others, other_kind) = match on {
        On::Service => (SERVICE, INGRESS, "an Ingress"),
        On::Ingress => (INGRESS, SERVICE, "a Service"),
    };
    let prefix = reader.annotations.prefix;
    let written: Vec<(&str, &str)> = reader.annotations.under(prefix).collect();
    for (name, value) in written {
        let is_family = |family: &&str| name.starts_with(*family);
        let of_family = FAMILIES.iter().any(is_family);
        if BOTH.contains(&name) || own.contains(&name) || (on == On::Ingress && of_family) {
            continue;
        }
        if NOT_APPLICABLE.contains(&name) {
            reader.idle.push(name.to_owned());
        } else if let Some((_, instead)) = of(NOT_HONOURED, name) {
            if value != "false" {
                reader.not_honoured(name, format!("{name} has no effect in Doorward: {instead}"));
            }
        } else if let Some((_, instead)) = of(OPEN_SOURCE, name) {
            let text = format!(
                "{prefix}{name} is of cloud-provider-huaweicloud, the open-source controller, and has no effect: {instead}"
            );
            unknown(reader, name, text);
        } else if others.contains(&name) || of_family {
            let text =
                format!("{prefix}{name} is for {other_kind} and has no effect here: remove it");
            unknown(reader, name, text);
        } else {
            let known = BOTH.iter().chain(own).chain(others).copied();
            let known = known.chain(NOT_HONOURED.iter().map(|(key, _)| *key));
            let like = nearest(name, known.chain(NOT_APPLICABLE.iter().copied()));
            let like = like.map(|like| format!("{prefix}{like}"));
            let cure = did_you_mean(like.as_deref());
            unknown(reader, name, format!("{prefix}{name} is no known annotation; {cure}"));
        }
    }
}

/// CCE's own key beside the prefix.
pub(super) fn check_host_network(reader: &mut Reader<'_>) {
    const KEY: &str = "kubernetes.io/hws-hostNetwork";
    if reader.annotations.exact(KEY).is_some_and(|value| value != "false") {
        let text = "it has no effect in Doorward: pods are reached at the addresses that their EndpointSlices have, on the host network too";
        reader.problems.note(Reason::NotHonoured, crate::route::field(KEY, ""), text);
    }
}

fn of(table: &'static [(&str, &str)], name: &str) -> Option<&'static (&'static str, &'static str)> {
    table.iter().find(|(key, _)| *key == name)
}

fn unknown(reader: &mut Reader<'_>, name: &str, text: String) {
    let field = reader.field(name);
    reader.problems.warn(Reason::UnknownKey, field, text);
}
