//! What is watched: one row for each kind, and for Secrets no more than can be wanted.
//!
//! In each namespace whose Secrets may be seen, those of type `kubernetes.io/tls` are watched
//! whole, and of all others but their names: a Secret that some object names is then fetched, and
//! again whenever its name comes up. So no other Secret's content ever leaves the API server.

use std::{collections::BTreeSet, sync::Arc};

use kube::{discovery::ApiResource, runtime::watcher};
use model::{ObjectRef, Reason, Verdict};
use watch::read::{CERTIFICATE_ID, Kind};

/// The type of Secrets that is meant for certificates.
const TLS: &str = "kubernetes.io/tls";
/// Types whose Secrets never hold a certificate to serve, and of which there can be many.
const NEVER_WANTED: [&str; 7] = [
    TLS, // watched whole
    "helm.sh/release.v1",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/dockercfg",
    "bootstrap.kubernetes.io/token",
    "doorward.dev/order", // written at each step of an order
];
/// What the control plane writes on Endpoints that it mirrors as EndpointSlices, since
/// Kubernetes 1.33. These are read from the slices.
const MIRRORED: &str = "endpoints.kubernetes.io/managed-by!=endpoint-controller";

/// Objects on a page of a list. Secrets can be large, up to 1 MiB each.
const PAGE: u32 = 500;
const PAGE_OF_SECRETS: u32 = 50;

/// One list and watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    pub(super) kind: Kind,
    /// `None` = all of them.
    pub(super) namespace: Option<Arc<str>>,
    pub(super) part: Part,
}

/// Which objects of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    All,
    /// Secrets for certificates.
    Tls,
    /// Other Secrets that carry an id of the certificate store.
    Stored,
    /// The names of all Secrets but those of [`Part::Tls`].
    Names,
}

/// All watches. `secret_namespaces` are those whose Secrets may be seen; `None` = all.
pub(super) fn watches(
    store_namespace: &Arc<str>,
    secret_namespaces: Option<&BTreeSet<Arc<str>>>,
) -> Vec<Watch> {
    let mut watches = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Secret) {
        watches.push(Watch { kind, namespace: None, part: Part::All });
    }
    let secrets = |namespace, part| Watch { kind: Kind::Secret, namespace, part };
    let namespaces = match secret_namespaces {
        None => vec![None],
        Some(namespaces) => {
            let all: BTreeSet<_> = namespaces.iter().chain([store_namespace]).cloned().collect();
            all.into_iter().map(Some).collect()
        }
    };
    for namespace in namespaces {
        watches.push(secrets(namespace.clone(), Part::Tls));
        watches.push(secrets(namespace, Part::Names));
    }
    watches.push(secrets(Some(store_namespace.clone()), Part::Stored));
    watches
}

impl Watch {
    /// As each version of its API names it, the one to be asked for first.
    pub(super) fn resources(&self) -> impl Iterator<Item = ApiResource> {
        self.kind.api_versions().iter().map(|version| resource(self.kind, version))
    }

    pub(super) fn config(&self) -> watcher::Config {
        let config = watcher::Config::default();
        match (self.kind, self.part) {
            (_, Part::Tls) => config.page_size(PAGE_OF_SECRETS).fields(&format!("type={TLS}")),
            (_, Part::Stored) => config
                .page_size(PAGE_OF_SECRETS)
                .labels(CERTIFICATE_ID)
                .fields(&format!("type!={TLS}")),
            (_, Part::Names) => {
                let others = NEVER_WANTED.map(|kind| format!("type!={kind}"));
                config.page_size(PAGE).fields(&others.join(","))
            }
            (Kind::Endpoints, Part::All) => config.page_size(PAGE).labels(MIRRORED),
            (_, Part::All) => config.page_size(PAGE),
        }
    }

    /// Whether a Secret of this namespace is one of those watched here.
    pub(super) fn covers(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|own| own == namespace)
    }

    /// What to say when the API server refuses `verb`. `says` is its own text.
    pub(super) fn refused(&self, verb: &str, says: &str) -> Verdict {
        let ApiResource { group, plural, .. } = newest(self.kind);
        let (place, role) = match &self.namespace {
            None => (String::new(), "a ClusterRole".to_owned()),
            Some(namespace) => {
                (format!(" in namespace {namespace}"), format!("a Role in namespace {namespace}"))
            }
        };
        let message = format!(
            "the API server refuses to {verb} {plural}{place} ({says}); what was known of them stays: \
             bind Doorward's ServiceAccount to {role} with \
             {{apiGroups: [{group:?}], resources: [{plural:?}], verbs: [\"get\", \"list\", \"watch\"]}}"
        );
        let name = match &*group {
            "" => plural,
            group => format!("{plural}.{group}"),
        };
        let object = ObjectRef {
            kind: "Access".into(),
            namespace: self.namespace.clone(),
            name: name.into(),
        };
        Verdict::rejected(object, Reason::AccessDenied, message)
    }
}

/// `Ingress`, or `Secret shop` for a single namespace.
impl std::fmt::Display for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            None => f.write_str(self.kind.as_str()),
            Some(namespace) => write!(f, "{} {namespace}", self.kind.as_str()),
        }
    }
}

pub(super) fn newest(kind: Kind) -> ApiResource {
    resource(kind, kind.api_versions()[0])
}

fn resource(kind: Kind, api_version: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version.to_owned(),
        kind: kind.as_str().to_owned(),
        plural: kind.plural().to_owned(),
    }
}

#[cfg(test)]
mod tests;
