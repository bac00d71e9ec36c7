//! What kinds there are: those of Kubernetes that the tests touch, and those a CRD defines.

use serde_json::Value;

use super::table::Column;

/// One kind of object and how it is addressed.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// `""` is the core group.
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) kind: String,
    pub(super) short_names: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) namespaced: bool,
    /// Whether `…/status` is a path of its own.
    pub(super) has_status: bool,
    /// Whether `metadata.generation` counts the changes of what is wanted.
    pub(super) has_generation: bool,
    pub(super) definition: Definition,
}

/// Who defined a kind.
#[derive(Clone, Debug)]
pub(super) enum Definition {
    BuiltIn,
    Custom { columns: Vec<Column>, schema: Value },
}

/// Under what the store keeps an object. A group's versions share their objects, and so do the
/// Events of both their groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) group: String,
    pub(super) plural: String,
    /// `""` for what is of the whole cluster.
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Resource {
    pub(super) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The version that the store holds: Events are kept in their core form.
    pub(super) fn stored_version(&self) -> String {
        if self.is_event() { "v1".into() } else { self.api_version() }
    }

    /// As messages name it: `ingresses.networking.k8s.io`.
    pub(super) fn qualified(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }

    pub(super) fn key(&self, namespace: &str, name: &str) -> Key {
        let group = if self.is_event() { "" } else { &self.group };
        Key {
            group: group.into(),
            plural: self.plural.clone(),
            namespace: if self.namespaced { namespace.into() } else { String::new() },
            name: name.into(),
        }
    }

    pub(super) fn is_event(&self) -> bool {
        self.plural == "events" && matches!(self.group.as_str(), "" | "events.k8s.io")
    }

    /// Whether a PUT of an object that is not there makes it.
    pub(super) fn is_made_by_update(&self) -> bool {
        let kinds = ["Lease", "Event", "Service", "Endpoints"];
        !self.is_custom() && kinds.contains(&self.kind.as_str())
    }

    pub(super) fn is_custom(&self) -> bool {
        matches!(self.definition, Definition::Custom { .. })
    }
}

/// The kinds that are there before any CRD is: those that Doorward reads and writes, and those
/// it is deployed with.
pub(super) fn built_in() -> Vec<Resource> {
    let core = |plural, kind, short| built("", plural, kind, short);
    let apps = |plural, kind, short| built("apps", plural, kind, short).with_status().in_all();
    let rbac = |plural, kind| built("rbac.authorization.k8s.io", plural, kind, "");
    let networks = |plural, kind, short| built("networking.k8s.io", plural, kind, short);
    vec![
        core("namespaces", "Namespace", "ns").of_the_cluster().with_status(),
        core("secrets", "Secret", ""),
        core("services", "Service", "svc").with_status().in_all(),
        core("endpoints", "Endpoints", "ep").called("endpoints"),
        core("configmaps", "ConfigMap", "cm"),
        core("events", "Event", "ev"),
        core("pods", "Pod", "po").with_status().in_all(),
        core("serviceaccounts", "ServiceAccount", "sa"),
        built("discovery.k8s.io", "endpointslices", "EndpointSlice", "").with_generation(),
        networks("ingresses", "Ingress", "ing").called("ingress").with_status().with_generation(),
        networks("ingressclasses", "IngressClass", "")
            .called("ingressclass")
            .of_the_cluster()
            .with_generation(),
        networks("networkpolicies", "NetworkPolicy", "netpol")
            .called("networkpolicy")
            .with_generation(),
        built("coordination.k8s.io", "leases", "Lease", ""),
        built("events.k8s.io", "events", "Event", "ev"),
        apps("deployments", "Deployment", "deploy").with_generation(),
        apps("daemonsets", "DaemonSet", "ds").with_generation(),
        built("policy", "poddisruptionbudgets", "PodDisruptionBudget", "pdb")
            .with_status()
            .with_generation(),
        rbac("roles", "Role"),
        rbac("rolebindings", "RoleBinding"),
        rbac("clusterroles", "ClusterRole").of_the_cluster(),
        rbac("clusterrolebindings", "ClusterRoleBinding").of_the_cluster(),
        built(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "CustomResourceDefinition",
            "crd",
        )
        .of_the_cluster()
        .with_status()
        .with_generation(),
    ]
}

/// A namespaced kind of a group's `v1`, without a status.
fn built(group: &str, plural: &str, kind: &str, short_name: &str) -> Resource {
    let short_names = Some(short_name).filter(|name| !name.is_empty()).map(Into::into);
    Resource {
        group: group.into(),
        version: "v1".into(),
        plural: plural.into(),
        singular: plural.trim_end_matches('s').into(),
        kind: kind.into(),
        short_names: short_names.into_iter().collect(),
        categories: Vec::new(),
        namespaced: true,
        has_status: false,
        has_generation: false,
        definition: Definition::BuiltIn,
    }
}

impl Resource {
    fn of_the_cluster(self) -> Self {
        Self { namespaced: false, ..self }
    }

    fn with_status(self) -> Self {
        Self { has_status: true, ..self }
    }

    fn with_generation(self) -> Self {
        Self { has_generation: true, ..self }
    }

    /// Among those that `kubectl get all` means.
    fn in_all(self) -> Self {
        Self { categories: vec!["all".into()], ..self }
    }

    fn called(self, singular: &str) -> Self {
        Self { singular: singular.into(), ..self }
    }
}

/// One kind as the paths of the API name it.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) name: String,
    pub(crate) is_namespaced: bool,
    group: String,
    version: String,
    plural: String,
}

impl From<Resource> for Kind {
    fn from(resource: Resource) -> Self {
        Self {
            name: resource.kind,
            is_namespaced: resource.namespaced,
            group: resource.group,
            version: resource.version,
            plural: resource.plural,
        }
    }
}

impl Kind {
    /// Of the object, or of all objects where `name` is empty; of all namespaces where
    /// `namespace` is.
    pub(crate) fn path(&self, namespace: &str, name: &str) -> String {
        let mut path = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        if self.is_namespaced && !namespace.is_empty() {
            path += &format!("/namespaces/{namespace}");
        }
        path += &format!("/{}", self.plural);
        if !name.is_empty() {
            path += &format!("/{name}");
        }
        path
    }
}
