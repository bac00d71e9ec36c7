//! IngressClassParams: what a class decides for all its Ingresses.

use ipnet::IpNet;
use model::Reason;
use serde_json::Value;

use super::certificates::{self, Named};
use crate::{
    dialect::{Fields, Place, Problems},
    route::parse_net,
    world::{IngressClassParams, Object},
};

/// What of it counts here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Params {
    pub certificates: Vec<Named>,
    pub group: Option<Box<str>>,
    pub ssl_policy: Option<Box<str>>,
    pub inbound: Vec<IpNet>,
}

/// They describe the cloud's load balancer.
const NOT_APPLICABLE: &[&str] = &[
    "scheme",
    "subnets",
    "ipAddressType",
    "tags",
    "loadBalancerAttributes",
    "loadBalancerName",
    "listeners",
    "namespaceSelector",
    "minimumLoadBalancerCapacity",
    "ipamConfiguration",
    "targetType",
    "prefixListsIDs",
    "wafv2AclArn",
    "wafv2AclName",
];

impl Params {
    pub(super) fn read(object: &Object<IngressClassParams>) -> (Self, Problems) {
        let mut problems = Problems::default();
        let mut params = Self::default();
        let spec = object.body.0.get("spec").unwrap_or(&Value::Null);
        let place = Place {
            path: "spec".into(),
            go_type: "IngressClassParamsSpec",
            go_path: String::new(),
            go_prefix: "",
            reason: Reason::InvalidField,
        };
        let Some(mut spec) = Fields::open(spec, place, &mut problems) else {
            return (params, problems);
        };
        for text in spec.texts("certificateArn", &mut problems) {
            match certificates::named(text) {
                Some(named) => params.certificates.push(named),
                None => problems.reject(
                    Reason::InvalidField,
                    spec.path_of("certificateArn"),
                    format!("{text:?} is no certificate: write its ARN"),
                ),
            }
        }
        if let Some(mut group) = spec.child("group", "IngressGroup", &mut problems) {
            params.group = group.text("name", &mut problems).map(Box::from);
            group.finish(&mut problems);
        }
        params.ssl_policy = spec.text("sslPolicy", &mut problems).map(Box::from);
        for text in spec.texts("inboundCIDRs", &mut problems) {
            match parse_net(text) {
                Ok(net) => params.inbound.push(net),
                Err(wrong) => problems.reject(
                    Reason::InvalidField,
                    spec.path_of("inboundCIDRs"),
                    format!("{text:?}: {wrong}"),
                ),
            }
        }
        spec.accept(NOT_APPLICABLE);
        spec.finish(&mut problems);
        (params, problems)
    }
}

/// What is wrong with the object itself.
pub(crate) fn check(object: &Object<IngressClassParams>) -> Problems {
    Params::read(object).1
}
