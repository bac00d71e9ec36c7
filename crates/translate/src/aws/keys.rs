//! Says of every annotation under `alb.ingress.kubernetes.io/` whether it counts. Nothing is
//! ignored in silence, and what would keep people out is never passed over.

use model::Reason;

use crate::{
    dialect::{did_you_mean, nearest},
    route::Reader,
};

const HONOURED: &[&str] = &[
    "listen-ports",
    "certificate-arn",
    "create-acm-cert",
    "acm-pca-arn",
    "group.name",
    "group.order",
    "ssl-redirect",
    "ssl-policy",
    "mutual-authentication",
    "inbound-cidrs",
    "backend-protocol",
    "backend-protocol-version",
    "use-regex-path-match",
    "load-balancer-attributes",
];

/// Part of a key: `actions.web`.
const FAMILIES: &[&str] = &["actions.", "conditions."];

/// They describe the cloud's load balancer and its way to pods: nobody misses them here.
const NOT_APPLICABLE: &[&str] = &[
    "load-balancer-name",
    "scheme",
    "subnets",
    "ip-address-type",
    "ipam-ipv4-pool-id",
    "customer-owned-ipv4-pool",
    "security-groups",
    "manage-backend-security-group-rules",
    "security-group-prefix-lists",
    "target-type",
    "target-node-labels",
    "target-group-attributes",
    "multi-cluster-target-group",
    "tags",
    "actions-tags",
    "minimum-load-balancer-capacity",
    "target-control-port",
];

/// Health checks: the gateway serves the endpoints that Kubernetes calls ready and rests one that
/// failed.
const HEALTH_CHECKS: &[&str] = &[
    "healthcheck-protocol",
    "healthcheck-port",
    "healthcheck-path",
    "healthcheck-interval-seconds",
    "healthcheck-timeout-seconds",
    "healthy-threshold-count",
    "unhealthy-threshold-count",
    "success-codes",
];

/// They keep people out. What they guard is not served without them.
const GUARDS: &[&str] = &[
    "auth-type",
    "auth-idp-cognito",
    "auth-idp-oidc",
    "auth-on-unauthenticated-request",
    "auth-scope",
    "auth-session-cookie",
    "auth-session-timeout",
    "jwt-validation",
    "waf-acl-id",
    "web-acl-id",
    "wafv2-acl-arn",
    "wafv2-acl-name",
    "shield-advanced-protection",
];

/// Values of a guard that guard nothing.
const OPEN: &[&str] = &["none", "false"];

pub(super) fn check(reader: &mut Reader<'_>) {
    let prefix = reader.annotations.prefix;
    let written: Vec<(&str, &str)> = reader.annotations.under(prefix).collect();
    for (name, value) in written {
        if HONOURED.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family)) {
            continue;
        }
        if NOT_APPLICABLE.contains(&name) || HEALTH_CHECKS.contains(&name) {
            reader.idle.push(name.to_owned());
        } else if name == "auth-type" && !OPEN.contains(&value) {
            reader.reject(name, format!("{name} {value}: Doorward asks nobody to log in, and without that the Ingress is not served: have the backend do it, and remove the annotation"));
        } else if name == "jwt-validation" {
            reader.reject(name, "Doorward checks no tokens, and without that the Ingress is not served: have the backend do it, and remove the annotation");
        } else if GUARDS.contains(&name) {
            // Firewalls of the cloud stand before its load balancers alone.
            if !OPEN.contains(&value) && !name.starts_with("auth-") {
                reader.not_honoured(
                    name,
                    format!(
                        "{name} has no effect in Doorward: put the firewall before its address"
                    ),
                );
            }
        } else if name.starts_with("transforms.")
            || name == "frontend-nlb-listener-port-mapping"
            || name.starts_with("enable-frontend-nlb")
            || name.starts_with("frontend-nlb")
        {
            reader.not_honoured(
                name,
                format!("{name} has no effect in Doorward; remove it if nothing depends on it"),
            );
        } else {
            let known = HONOURED.iter().chain(NOT_APPLICABLE).chain(HEALTH_CHECKS).chain(GUARDS);
            let like = nearest(name, known.copied()).map(|like| format!("{prefix}{like}"));
            let cure = did_you_mean(like.as_deref());
            let field = reader.field(name);
            let text = format!("{prefix}{name} is no known annotation; {cure}");
            reader.problems.warn(Reason::UnknownKey, field, text);
        }
    }
}
