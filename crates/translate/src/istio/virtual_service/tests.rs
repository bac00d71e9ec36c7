//! What is said of one VirtualService, whatever Gateways there are.

mod faults;
mod no_panic;

use jiff::Timestamp;
use model::{ObjectRef, State};

use super::VirtualServicePlan;
use crate::world::{Object, VirtualService};

/// `VirtualService shop/web` with this spec.
fn read(spec: serde_json::Value) -> VirtualServicePlan {
    VirtualServicePlan::read(&Object {
        reference: ObjectRef::namespaced("VirtualService", "shop", "web"),
        origin: None,
        created: Timestamp::UNIX_EPOCH,
        sequence: 0,
        body: VirtualService(serde_json::json!({"spec": spec})),
    })
}

fn read_yaml(spec: &str) -> VirtualServicePlan {
    read(serde_saphyr::from_str(spec).unwrap_or_else(|error| panic!("{error}\n{spec}")))
}

/// `Rejected spec.hosts: …`, one a line.
fn said(plan: &VirtualServicePlan) -> Vec<String> {
    let line = |verdict: &model::Verdict| {
        let state = if verdict.state == State::Rejected { "Rejected" } else { "Warning" };
        let field = verdict.field.as_deref().expect("every verdict names its field");
        format!("{state} {field}: {}", verdict.message)
    };
    plan.verdicts.iter().map(line).collect()
}
