//! The whole of what should be, published as one value.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Attachment, Certificate, CertificateId, Challenges, Issuer, KeyKind, Listener, ListenerKey,
    Name, ObjectRef,
};

/// All load balancers and the certificates that somebody has to obtain for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// Sorted by name.
    pub load_balancers: Vec<LoadBalancer>,
    /// Sorted by id; one for each certificate, however many listeners want it.
    pub wants: Vec<Want>,
    /// Sorted by listener.
    pub attachments: Vec<Arc<Attachment>>,
    /// Sorted by name.
    pub issuers: Vec<Arc<Issuer>>,
    /// Open ones, which every replica answers.
    pub challenges: Arc<Challenges>,
}

impl Model {
    pub fn listeners(&self) -> impl Iterator<Item = &Arc<Listener>> {
        self.load_balancers.iter().flat_map(|balancer| &balancer.listeners)
    }

    pub fn listener(&self, key: &ListenerKey) -> Option<&Arc<Listener>> {
        self.listeners().find(|listener| listener.key == *key)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    pub name: Arc<str>,
    pub dialect: Dialect,
    pub declared_by: ObjectRef,
    /// The objects that belong to it, be they served or not: its Ingresses. Sorted.
    pub members: Arc<[ObjectRef]>,
    /// Console verbs that change a listener are refused while this is on.
    pub read_only: bool,
    /// Sorted by port, HTTPS before QUIC.
    pub listeners: Vec<Arc<Listener>>,
}

/// One way of asking for a load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Ingress,
    Alb,
    /// Huawei's `kubernetes.io/elb.*` annotations, on Services and on Ingresses.
    Elb,
    /// Istio's Gateway and VirtualService.
    Istio,
    /// Ingresses for the AWS Load Balancer Controller.
    Aws,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Alb => "alb",
            Self::Elb => "elb",
            Self::Istio => "istio",
            Self::Aws => "aws",
        })
    }
}

/// A certificate that an issuer should obtain and keep renewed; it comes back as the Secret
/// that `id` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub id: CertificateId,
    /// Sorted, each once.
    pub names: Vec<Name>,
    /// The name of the Issuer; `local` is the own CA.
    pub issuer: Arc<str>,
    /// `None`: whatever the Issuer makes by itself.
    pub key: Option<KeyKind>,
    /// Who asked, for messages.
    pub wanted_by: ObjectRef,
    /// The certificate in hand for it, good or outlived; the issuer decides by it.
    pub held: Option<Arc<Certificate>>,
    /// The Issuer that made what is held, as its Secret says.
    pub held_from: Option<Arc<str>>,
}
