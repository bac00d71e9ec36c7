//! `spec.config`: the cloud instance. A gateway of one's own has no zones, editions or bills, so
//! most of it is accepted as not applicable.

use model::Reason;

use crate::dialect::{Fields, Problems};

/// Fields that describe the cloud instance only. Nobody misses them here.
const NOT_APPLICABLE: &[&str] = &[
    "id",
    "name",
    "addressType",
    "ipv6AddressType",
    "addressIpVersion",
    "addressAllocatedMode",
    "resourceGroupId",
    "zoneMappings",
    "billingConfig",
    "deletionProtectionEnabled",
    "modificationProtectionConfig",
    "forceOverride",
    "listenerForceOverride",
    "tags",
    "securityGroupIds",
];

/// `idle` collects the paths of fields that ask for something which is missing here.
pub(super) fn read(mut config: Fields<'_>, idle: &mut Vec<String>, problems: &mut Problems) {
    match config.text("edition", problems) {
        Some("Basic") => {
            let text =
                "LoadBalancer Edition: Basic can't use for ingress controller: write Standard";
            problems.reject(Reason::InvalidField, config.path_of("edition"), text);
        }
        Some("StandardWithWaf") => idle.push(config.path_of("edition")),
        _ => {}
    }
    if config.asks_for("accessLogConfig") {
        idle.push(config.path_of("accessLogConfig"));
    }
    config.accept(&["accessLogConfig"]);
    config.accept(NOT_APPLICABLE);
    config.finish(problems);
}
