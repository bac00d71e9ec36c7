//! The status of an AlbConfig, as the vendor's controller writes it and `kubectl get albconfig`
//! shows it: id, DNS name, and of each HTTPS listener the certificates that are served.
//!
//! Source: the CRD's printer columns and `status` in alibaba/alibaba-load-balancer-controller.

use model::{LoadBalancer, Protocol};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{LiveObject, Situation, publish::Address};

pub const KIND: &str = "AlbConfig";

/// `status.loadBalancer`. Only what is Doorward's; managed versions of the vendor's controller
/// have a `phase` beside it.
#[derive(Serialize)]
struct Status<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dnsname: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listeners: Vec<Listener<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listener<'a> {
    port_and_protocol: String,
    certificates: Vec<Certificate<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate<'a> {
    certificate_id: &'a str,
    /// Left out where false, as the vendor's `omitempty` does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_default: bool,
}

const FIELDS: &[&str] = &["id", "dnsname", "listeners"];

/// `None`: it stands there already.
pub fn status(
    balancer: &LoadBalancer,
    situation: &Situation<'_>,
    addresses: &[Address],
    live: &LiveObject,
) -> Option<Value> {
    let said = live.status.get("loadBalancer");
    let field = |key| said.and_then(|said| said.get(key));
    let name = addresses.iter().find(|address| matches!(address, Address::Name(_)));
    let told = || field("dnsname").and_then(Value::as_str).filter(|_| live.is_ours);
    let status = Status {
        id: &balancer.name,
        dnsname: name
            .or_else(|| addresses.first())
            .map(ToString::to_string)
            .or_else(|| told().map(str::to_owned)),
        listeners: listeners(balancer, situation),
    };
    let status = json!(status);
    let differs = FIELDS.iter().any(|key| status.get(key) != field(key));
    differs.then(|| json!({ "loadBalancer": status }))
}

/// Those of HTTPS that are open. A certificate that is on order, or bad with no good one before
/// it, is not served and not shown.
fn listeners<'a>(balancer: &'a LoadBalancer, situation: &Situation<'a>) -> Vec<Listener<'a>> {
    let open = situation.open_listeners(balancer);
    let https = open.filter(|listener| listener.protocol == Protocol::Https);
    let shown = https.map(|listener| {
        let bindings = listener.certificates.bindings.iter();
        let served = bindings.filter(|binding| binding.certificate.is_some());
        Listener {
            port_and_protocol: format!("{}/{}", listener.key.port, listener.protocol),
            certificates: served
                .map(|binding| Certificate {
                    certificate_id: binding.id.as_str(),
                    is_default: binding.is_default,
                })
                .collect(),
        }
    });
    shown.collect()
}
