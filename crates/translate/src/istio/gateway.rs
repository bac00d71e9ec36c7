//! All that follows from one Gateway alone; kept as long as the object stays the same.

mod server;

use std::{collections::BTreeMap, sync::Arc};

use model::{Dialect, Reason, Verdict};
use serde_json::Value;

pub(crate) use server::{Kind, ServerHost, ServerPlan, Termination};

use crate::{
    claim::OnDelete,
    dialect::{Fields, Place, Problems, Subject},
    world::{Gateway, Object},
};

#[derive(Debug)]
pub(crate) struct GatewayPlan {
    pub subject: Subject,
    /// The labels that a workload must have for this Gateway to be meant for it; none: any.
    pub selector: BTreeMap<String, String>,
    /// Those that can be served, in written order.
    pub servers: Vec<Arc<ServerPlan>>,
    /// The Issuer that the object asks for.
    pub issuer: Option<Arc<str>>,
    pub on_delete: Option<OnDelete>,
    pub verdicts: Vec<Verdict>,
}

impl GatewayPlan {
    pub fn read(object: &Object<Gateway>) -> Self {
        let subject = Subject {
            object: object.reference.clone(),
            origin: object.origin.clone(),
            dialect: Dialect::Istio,
        };
        let mut problems = Problems::default();
        let place = Place {
            path: "spec".to_owned(),
            go_type: "Gateway",
            go_path: String::new(),
            go_prefix: "",
            reason: Reason::InvalidField,
        };
        let spec = object.body.0.get("spec").unwrap_or(&Value::Null);
        let spec = Fields::open(spec, place, &mut problems).map(Fields::in_exact_case);
        if spec.is_none() && !problems.has_rejection() {
            problems.reject(Reason::InvalidField, "spec", "the Gateway has no servers: write some");
        }
        let verdicts = problems.into_verdicts(&subject);
        let (selector, servers) = (BTreeMap::new(), Vec::new());
        Self { subject, selector, servers, issuer: None, on_delete: None, verdicts }
    }
}
