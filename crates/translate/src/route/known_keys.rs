//! Says of every annotation under a known prefix whether it counts. Nothing is ignored in
//! silence: a key that is known but without effect here, and a key that is nobody's, each give a
//! warning.

use model::{Dialect, Reason};

use super::annotations::{ALB_PREFIX, Annotations, NGINX_PREFIX, OWN_PREFIX, field};
use crate::dialect::{Problems, did_you_mean, nearest};

/// Read somewhere in this crate.
const HONOURED: &[&str] = &[
    "ssl-redirect",
    "backend-protocol",
    "use-regex",
    "rewrite-target",
    "canary",
    "canary-by-header",
    "canary-by-header-value",
    "canary-by-cookie",
    "canary-weight",
    "enable-cors",
    "cors-allow-origin",
    "cors-allow-methods",
    "cors-allow-headers",
    "cors-expose-headers",
    "cors-allow-credentials",
    "cors-max-age",
    "traffic-limit-qps",
    "traffic-limit-ip-qps",
];

/// Read where an AlbConfig declares the listeners.
const ALB_ONLY: &[&str] = &["albconfig.name", "albconfig.order", "order", "listen-ports"];

/// Part of a key: `actions.web`.
const FAMILIES: &[&str] = &["actions.", "conditions.", "rule-direction."];

/// Known to ALB, without effect here, each with the values that ask for nothing.
const NOT_HONOURED: &[(&str, &[&str])] = &[
    ("backend-scheduler", &["wrr"]),
    ("backend-scheduler-uch-value", &[]),
    ("backend-keepalive", &["true", "false"]),
    ("sticky-session", &["false"]),
    ("sticky-session-type", &[]),
    ("cookie-timeout", &[]),
    ("cookie", &[]),
    ("slow-start-enabled", &["false"]),
    ("slow-start-duration", &[]),
    ("healthcheck-enabled", &["false"]),
    ("healthcheck-path", &[]),
    ("healthcheck-protocol", &[]),
    ("healthcheck-httpversion", &[]),
    ("healthcheck-method", &[]),
    ("healthcheck-httpcode", &[]),
    ("healthcheck-code", &[]),
    ("healthcheck-timeout-seconds", &[]),
    ("healthcheck-interval-seconds", &[]),
    ("healthcheck-connect-port", &[]),
    ("healthy-threshold-count", &[]),
    ("unhealthy-threshold-count", &[]),
    ("server-group-id", &[]),
    ("backend-label", &[]),
    ("remove-unscheduled-backend", &[]),
];

/// They describe the instance of an AlbConfig that the vendor makes from an Ingress; here an
/// AlbConfig is always written by its owner.
const INSTANCE: &[&str] = &[
    "id",
    "force-override-listeners",
    "name",
    "address-type",
    "address-allocated-mode",
    "vswitch-ids",
    "charge-type",
    "edition",
    "access-log",
];

/// What is read under nginx's prefix too.
const NGINX: &[&str] = &[
    "ssl-redirect",
    "canary",
    "canary-by-header",
    "canary-by-header-value",
    "canary-by-cookie",
    "canary-weight",
];

const OWN: &[&str] = &["issuer", "echo", "use-regex"];

/// Read where load balancers are AWS's.
const OWN_OF_AWS: &str = "aws-listener-arn";

const BACKEND_TYPE: &str = "service.beta.kubernetes.io/backend-type";

/// Warns of every annotation that has no effect, but for those of the dialect `elb`, which has
/// them on Services too, and of `aws`, which see to theirs themselves.
pub(super) fn check(annotations: &Annotations<'_>, dialect: Dialect, problems: &mut Problems) {
    let foreign = match dialect {
        Dialect::Ingress | Dialect::Alb | Dialect::Istio => {
            check_alb(annotations, dialect, problems);
            annotations.under(NGINX_PREFIX).filter(|(name, _)| !NGINX.contains(name)).collect()
        }
        Dialect::Elb => {
            for (name, _) in annotations.under(ALB_PREFIX) {
                problems.warn(
                    Reason::NotHonoured,
                    field(ALB_PREFIX, name),
                    not_honoured(ALB_PREFIX, name),
                );
            }
            annotations.under(NGINX_PREFIX).collect::<Vec<_>>()
        }
        Dialect::Aws => annotations.under(NGINX_PREFIX).collect(),
    };
    for (name, _) in foreign {
        let field = field(NGINX_PREFIX, name);
        problems.warn(Reason::NotHonoured, field, not_honoured(NGINX_PREFIX, name));
    }
    for (name, _) in annotations.under(OWN_PREFIX).filter(|(name, _)| !OWN.contains(name)) {
        match (name, dialect) {
            (OWN_OF_AWS, Dialect::Aws) => {}
            (OWN_OF_AWS, _) => problems.warn(
                Reason::NotHonoured,
                field(OWN_PREFIX, name),
                format!("{OWN_PREFIX}{name} has an effect only on Ingresses of a class with the controller ingress.k8s.aws/alb: take such a class, or remove it"),
            ),
            _ => {
                let known = OWN.iter().copied().chain([OWN_OF_AWS]);
                unknown(OWN_PREFIX, name, nearest(name, known), problems);
            }
        }
    }
    if annotations.exact(BACKEND_TYPE).is_some() {
        problems.warn(Reason::NotHonoured, field(BACKEND_TYPE, ""), not_honoured(BACKEND_TYPE, ""));
    }
}

/// `hash` is the vendor's own bookkeeping.
fn check_alb(annotations: &Annotations<'_>, dialect: Dialect, problems: &mut Problems) {
    for (name, value) in annotations.under(ALB_PREFIX) {
        let family = FAMILIES.iter().any(|family| name.starts_with(family));
        if family || name == "hash" || HONOURED.contains(&name) {
            continue;
        }
        if ALB_ONLY.contains(&name) && dialect == Dialect::Alb {
            continue;
        }
        let field = field(ALB_PREFIX, name);
        if let Some((_, harmless)) = NOT_HONOURED.iter().find(|(known, _)| *known == name) {
            if !harmless.contains(&value) {
                problems.warn(Reason::NotHonoured, field, not_honoured(ALB_PREFIX, name));
            }
        } else if ALB_ONLY.contains(&name) {
            let text = format!(
                "{ALB_PREFIX}{name} has no effect with this IngressClass, which has no AlbConfig; remove it"
            );
            problems.warn(Reason::NotHonoured, field, text);
        } else if INSTANCE.contains(&name) {
            problems.warn(
                Reason::NotHonoured,
                field,
                format!("{ALB_PREFIX}{name} describes an instance and has no effect on an Ingress; write it in spec.config of the AlbConfig"),
            );
        } else {
            let known = NOT_HONOURED.iter().map(|(key, _)| *key);
            let known = known.chain(HONOURED.iter().chain(ALB_ONLY).chain(INSTANCE).copied());
            unknown(ALB_PREFIX, name, nearest(name, known), problems);
        }
    }
}

fn not_honoured(prefix: &str, name: &str) -> String {
    format!("{prefix}{name} has no effect in Doorward; remove it if nothing depends on it")
}

fn unknown(prefix: &str, name: &str, nearest: Option<&str>, problems: &mut Problems) {
    let nearest = nearest.map(|nearest| format!("{prefix}{nearest}"));
    let cure = did_you_mean(nearest.as_deref());
    problems.warn(
        Reason::UnknownKey,
        field(prefix, name),
        format!("{prefix}{name} is no known annotation; {cure}"),
    );
}
