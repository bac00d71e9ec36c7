//! Which kinds the dialects read, and what to say of the others.

use std::sync::{Arc, LazyLock};

/// A kind that goes into the World.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    AlbConfig,
    EndpointSlice,
    Endpoints,
    Gateway,
    Ingress,
    IngressClass,
    IngressClassParams,
    Issuer,
    Secret,
    Service,
    VirtualService,
}

/// What a document's `apiVersion` and `kind` come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    Read(Kind),
    /// A kind that is read, in a version that is not.
    OtherVersion(Kind),
    /// It commonly lies beside what is read, and asks nothing of a gateway.
    Beside,
    /// Perhaps a spelling mistake for the kind named.
    Unknown(Option<&'static str>),
}

impl Kind {
    pub const ALL: [Self; 11] = [
        Self::AlbConfig,
        Self::EndpointSlice,
        Self::Endpoints,
        Self::Gateway,
        Self::Ingress,
        Self::IngressClass,
        Self::IngressClassParams,
        Self::Issuer,
        Self::Secret,
        Self::Service,
        Self::VirtualService,
    ];

    pub fn recognise(api_version: &str, kind: &str) -> Recognised {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if let Some(known) = Self::ALL.into_iter().find(|known| known.as_str() == kind) {
            if known.api_versions().contains(&api_version) {
                return Recognised::Read(known);
            }
            if known.groups().contains(&group) {
                return Recognised::OtherVersion(known);
            }
            // Another project's kind of the same name, as Knative's Service.
            return Recognised::Unknown(None);
        }
        let built_in = !group.contains('.') || group.ends_with(".k8s.io");
        if (built_in && BESIDE.contains(&kind)) || group == "kustomize.config.k8s.io" {
            return Recognised::Beside;
        }
        let nearest = Self::ALL
            .into_iter()
            .map(|known| (strsim::damerau_levenshtein(known.as_str(), kind), known.as_str()))
            .min();
        Recognised::Unknown(nearest.filter(|(distance, _)| *distance <= 2).map(|(_, name)| name))
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlbConfig => "AlbConfig",
            Self::EndpointSlice => "EndpointSlice",
            Self::Endpoints => "Endpoints",
            Self::Gateway => "Gateway",
            Self::Ingress => "Ingress",
            Self::IngressClass => "IngressClass",
            Self::IngressClassParams => "IngressClassParams",
            Self::Issuer => "Issuer",
            Self::Secret => "Secret",
            Self::Service => "Service",
            Self::VirtualService => "VirtualService",
        }
    }

    /// The one text of the kind that all references share.
    pub fn shared(self) -> Arc<str> {
        static NAMES: LazyLock<[Arc<str>; 11]> =
            LazyLock::new(|| Kind::ALL.map(|kind| kind.as_str().into()));
        NAMES[self as usize].clone()
    }

    /// As the kind stands in paths and in rules of RBAC.
    pub fn plural(self) -> &'static str {
        match self {
            Self::AlbConfig => "albconfigs",
            Self::EndpointSlice => "endpointslices",
            Self::Endpoints => "endpoints",
            Self::Gateway => "gateways",
            Self::Ingress => "ingresses",
            Self::IngressClass => "ingressclasses",
            Self::IngressClassParams => "ingressclassparams",
            Self::Issuer => "issuers",
            Self::Secret => "secrets",
            Self::Service => "services",
            Self::VirtualService => "virtualservices",
        }
    }

    /// The versions that are read, the one to be asked for first.
    pub fn api_versions(self) -> &'static [&'static str] {
        match self {
            Self::AlbConfig => &["alibabacloud.com/v1"],
            Self::EndpointSlice => &["discovery.k8s.io/v1"],
            Self::Gateway | Self::VirtualService => &[
                "networking.istio.io/v1",
                "networking.istio.io/v1beta1",
                "networking.istio.io/v1alpha3",
            ],
            Self::Ingress | Self::IngressClass => &["networking.k8s.io/v1"],
            Self::IngressClassParams => &["elbv2.k8s.aws/v1beta1"],
            Self::Issuer => &["doorward.dev/v1alpha1"],
            Self::Endpoints | Self::Secret | Self::Service => &["v1"],
        }
    }

    pub fn is_namespaced(self) -> bool {
        !matches!(
            self,
            Self::AlbConfig | Self::IngressClass | Self::IngressClassParams | Self::Issuer
        )
    }

    /// The API groups in which the kind lives or has lived.
    fn groups(self) -> &'static [&'static str] {
        match self {
            Self::AlbConfig => &["alibabacloud.com"],
            Self::EndpointSlice => &["discovery.k8s.io"],
            Self::Ingress => &["networking.k8s.io", "extensions"],
            Self::Gateway | Self::VirtualService => &["networking.istio.io"],
            Self::IngressClass => &["networking.k8s.io"],
            Self::IngressClassParams => &["elbv2.k8s.aws"],
            Self::Issuer => &["doorward.dev"],
            Self::Endpoints | Self::Secret | Self::Service => &[""],
        }
    }
}

/// Kinds built into Kubernetes that say nothing of doors.
const BESIDE: &[&str] = &[
    "APIService",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "ControllerRevision",
    "CronJob",
    "CSIDriver",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "Event",
    "FlowSchema",
    "HorizontalPodAutoscaler",
    "Job",
    "Lease",
    "LimitRange",
    "MutatingWebhookConfiguration",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PodTemplate",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

#[cfg(test)]
mod tests;
