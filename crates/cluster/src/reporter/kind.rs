//! The kinds of objects that are reported on, as the API server knows them.

use ::watch::read;
use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject},
};
use model::ObjectRef;

/// Another dialect's objects are one more row. Of Issuers and of Istio's objects there are events
/// alone, and an older version that the API server may have of them does no harm in these.
pub(crate) const REPORTED: [read::Kind; 6] = [
    read::Kind::AlbConfig,
    read::Kind::Gateway,
    read::Kind::Ingress,
    read::Kind::Issuer,
    read::Kind::Service,
    read::Kind::VirtualService,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(read::Kind);

impl Kind {
    /// `None` for objects of other kinds, which have no status of ours and no events.
    pub fn of(object: &ObjectRef) -> Option<Self> {
        REPORTED.into_iter().find(|known| known.as_str() == &*object.kind).map(Self)
    }

    pub fn as_str(self) -> &'static str {
        self.0.as_str()
    }

    pub fn api_version(self) -> &'static str {
        self.0.api_versions()[0]
    }

    /// `""` is the core group.
    pub fn group(self) -> &'static str {
        self.group_and_version().0
    }

    pub fn plural(self) -> &'static str {
        self.0.plural()
    }

    pub fn api(self, client: Client, object: &ObjectRef) -> Api<DynamicObject> {
        let (group, version) = self.group_and_version();
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version().to_owned(),
            kind: self.as_str().to_owned(),
            plural: self.plural().to_owned(),
        };
        match &object.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        }
    }

    fn group_and_version(self) -> (&'static str, &'static str) {
        self.api_version().split_once('/').unwrap_or(("", self.api_version()))
    }
}
