//! The kinds of objects that are reported on, as the API server knows them.

use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject},
};
use model::ObjectRef;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub kind: &'static str,
    pub group: &'static str,
    pub plural: &'static str,
}

/// All of version `v1`. Another dialect's objects are one more row. Of Istio's there are events
/// alone, and an older version that the API server may have of them does no harm in these.
const KINDS: &[Kind] = &[
    Kind { kind: "Ingress", group: "networking.k8s.io", plural: "ingresses" },
    Kind { kind: "AlbConfig", group: "alibabacloud.com", plural: "albconfigs" },
    Kind { kind: "Service", group: "", plural: "services" },
    Kind { kind: "Gateway", group: "networking.istio.io", plural: "gateways" },
    Kind { kind: "VirtualService", group: "networking.istio.io", plural: "virtualservices" },
];

impl Kind {
    /// `None` for objects of other kinds, which have no status of ours and no events.
    pub fn of(object: &ObjectRef) -> Option<Self> {
        KINDS.iter().find(|known| *known.kind == *object.kind).copied()
    }

    pub fn api_version(self) -> String {
        match self.group {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        }
    }

    pub fn api(self, client: Client, object: &ObjectRef) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: self.group.to_owned(),
            version: "v1".to_owned(),
            api_version: self.api_version(),
            kind: self.kind.to_owned(),
            plural: self.plural.to_owned(),
        };
        match &object.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        }
    }
}
