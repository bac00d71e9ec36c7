//! A snapshot of all watched objects, as they were written. Made by a source (folder, API
//! server), read by the dialects.
//!
//! Parsed once at the edge: typed Kubernetes objects, and for Secrets the validated
//! certificate instead of its text, so that no stage below sees PEM.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::api::{
    core::v1::{Endpoints, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use model::{Certificate, CertificateId, Credentials, ListenerKey, ObjectRef, Origin, Verdict};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde::{Deserialize, Serialize};

/// Namespace and name; the namespace of cluster-scoped objects is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
}

impl Key {
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

/// All objects of one kind. Each is behind its own `Arc`: an object that did not change keeps its
/// pointer from snapshot to snapshot, which is what the translation's memo looks at.
pub type Objects<T> = BTreeMap<Key, Arc<Object<T>>>;

#[derive(Clone, Debug, Default)]
pub struct World {
    pub ingress_classes: Objects<IngressClass>,
    /// `spec` and `metadata` as written; keys are matched without case by the dialect.
    pub alb_configs: Objects<serde_json::Value>,
    pub ingresses: Objects<Ingress>,
    pub gateways: Objects<Gateway>,
    pub virtual_services: Objects<VirtualService>,
    pub issuers: Objects<Issuer>,
    pub ingress_class_params: Objects<IngressClassParams>,
    pub services: Objects<Service>,
    pub endpoint_slices: Objects<EndpointSlice>,
    pub endpoints: Objects<Endpoints>,
    pub secrets: Objects<Secret>,
    /// What the source itself found wrong: files that do not parse, unknown kinds, doubles.
    pub faults: Vec<Verdict>,
    pub console: Console,
    /// Grows with every change of an object, but not with changes of `console`. One value is
    /// one reconcile.
    pub generation: u64,
}

/// Of `networking.istio.io`, in any version, as written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Gateway(pub serde_json::Value);

/// Of `networking.istio.io`, in any version, as written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct VirtualService(pub serde_json::Value);

/// Of `elbv2.k8s.aws`, as written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct IngressClassParams(pub serde_json::Value);

/// Our own kind (`doorward.dev/v1alpha1`), as written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Issuer(pub serde_json::Value);

/// An object and what the source knows of it.
#[derive(Clone, Debug)]
pub struct Object<T> {
    pub reference: ObjectRef,
    pub origin: Option<Origin>,
    /// `metadata.creationTimestamp`, or when the source saw it first.
    pub created: Timestamp,
    /// Order in which the source saw objects first; breaks ties of `created`.
    pub sequence: u64,
    pub body: T,
}

/// When an object came; the smallest came first. Namespace and name decide among those made in
/// one second and seen at once, as is usual in a cluster, so that the order in which objects are
/// read never matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    created: Timestamp,
    sequence: u64,
    namespace: Option<Arc<str>>,
    name: Arc<str>,
    kind: Arc<str>,
}

impl<T> Object<T> {
    pub fn age(&self) -> Age {
        let ObjectRef { kind, namespace, name } = self.reference.clone();
        Age { created: self.created, sequence: self.sequence, namespace, name, kind }
    }
}

/// A Secret, read.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Label `doorward.dev/certificate-id`, if it is in the store namespace.
    pub store_id: Option<CertificateId>,
    /// The issuer that made it, if Doorward wrote it (label `doorward.dev/issued-by`).
    pub issued_by: Option<Arc<str>>,
    /// What that issuer calls it where it keeps it too: its ARN in AWS Certificate Manager
    /// (annotation `doorward.dev/issued-as`).
    pub issued_as: Option<Arc<str>>,
    /// From `cert` and `key`, or `tls.crt` and `tls.key`.
    pub pair: Result<Arc<Certificate>, SecretProblem>,
    /// From `cacert`, `ca.crt`, or a `tls.crt` without key: what client certificates are checked
    /// against.
    pub roots: Vec<CertificateDer<'static>>,
    /// From `crl` or `ca.crl`: what of those is revoked.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// Why there are no `roots` although something is written there. A revocation list that
    /// cannot be read counts: without it, those it revokes would be let in.
    pub ca_problem: Option<SecretProblem>,
    /// Of a Secret in the store namespace that holds no certificate: what Issuers name, as keys of
    /// accounts and zones.
    pub credentials: Option<Arc<Credentials>>,
}

/// Why a Secret's content cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SecretProblem {
    /// `data["tls.crt"]`, `data["key"]`, ….
    pub field: &'static str,
    /// Says what is wrong and what to do; never holds a byte of the key.
    pub message: String,
}

/// What the console verbs changed (docs/certificates.md, "Changing things by hand").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// Load balancers whose read-only mode was switched; it is on where nothing stands here.
    pub read_only: BTreeMap<Arc<str>, bool>,
    /// The Default that the operator set.
    pub defaults: BTreeMap<ListenerKey, ConsoleEdit>,
    pub added: BTreeMap<ListenerKey, Vec<ConsoleEdit>>,
    pub removed: BTreeMap<ListenerKey, Vec<ConsoleEdit>>,
}

impl Console {
    pub fn is_read_only(&self, load_balancer: &str) -> bool {
        self.read_only.get(load_balancer).copied().unwrap_or(true)
    }
}

/// An edit is obeyed unconditionally while it is fresh; afterwards only a Default that is still
/// wanted survives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleEdit {
    pub id: CertificateId,
    /// Of the World that the edit was made in, or [`ConsoleEdit::STANDING`].
    pub generation: u64,
}

impl ConsoleEdit {
    /// Fresh for as long as it is in the console: somebody else takes it out at the next
    /// reconcile. Replicas share their edits, but each counts its own generations.
    pub const STANDING: u64 = u64::MAX;

    /// Whether it was made in this very reconcile.
    pub fn is_fresh(&self, generation: u64) -> bool {
        self.generation == Self::STANDING || self.generation == generation
    }
}
