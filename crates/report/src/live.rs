//! What the API server shows now of the objects that are reported on.

use std::{collections::BTreeMap, sync::Arc};

use model::ObjectRef;
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// Of the kinds that there is something to say of, whether ours or not.
    pub objects: BTreeMap<ObjectRef, Arc<LiveObject>>,
    /// `status.loadBalancer` of the Service in front of the gateway, once it has one.
    pub gateway: Option<Arc<Value>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LiveObject {
    pub uid: Arc<str>,
    /// Another number whenever the spec, annotations or labels change, but not the status: one
    /// value is one reconcile of the object.
    pub revision: u64,
    /// `status` as it stands; null where there is none.
    pub status: Value,
    /// Our field manager owns a part of the status.
    pub is_ours: bool,
}
