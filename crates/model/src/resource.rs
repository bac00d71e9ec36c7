//! What the name of a resource of Istio's asks for, be it written in a Gateway or asked for by an
//! Envoy. Which Secret that is, and whether the asker may have it, is decided elsewhere.
//!
//! In a Gateway `credentialName: NAME` becomes `kubernetes://NAME`, and
//! `kubernetes://NAME-cacert` for the CA that client certificates are checked against.

/// The longest name that is looked at: a Secret's name and namespace take 317 characters, a host
/// name 253.
pub const MAX_NAME: usize = 512;

const CA_SUFFIX: &str = "-cacert";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    Secret {
        scheme: Scheme,
        /// `None`: the asker's own.
        namespace: Option<&'a str>,
        name: &'a str,
        part: Part,
    },
    /// A name that Doorward does not serve, and why.
    Nothing(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `kubernetes://NAME`, `kubernetes://NAMESPACE/NAME`: the asker's own namespace only, as in
    /// Istio.
    Kubernetes,
    /// `kubernetes-gateway://NAMESPACE/NAME`: any namespace that the asker may read.
    KubernetesGateway,
    /// `NAME`, `NAMESPACE/NAME`, an id of the certificate store, or a host name as Envoy's
    /// on-demand selector sends it; `sds://NAME`, as an Istio extension provider asks.
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Pair,
    /// The CA certificates.
    Roots,
}

impl<'a> Asked<'a> {
    pub fn parse(text: &'a str) -> Self {
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::Plain, text),
            Some(("kubernetes", rest)) => (Scheme::Kubernetes, rest),
            Some(("kubernetes-gateway", rest)) => (Scheme::KubernetesGateway, rest),
            Some(("sds", rest)) => (Scheme::Plain, rest),
            Some(("builtin", _)) => {
                return Self::Nothing(
                    "builtin:// is the workload's own identity: ask the mesh's agent",
                );
            }
            Some(("configmap", _)) => {
                return Self::Nothing("configmap:// is not served: put the CA into a Secret");
            }
            Some(("invalid", _)) => return Self::Nothing("invalid:// never exists"),
            Some(_) => {
                return Self::Nothing(
                    "unknown scheme: use kubernetes://, kubernetes-gateway:// or a plain name",
                );
            }
        };
        if text.starts_with("file-cert:") || text.starts_with("file-root:") {
            return Self::Nothing("files are served by the mesh's agent");
        }
        let (rest, part) = match rest.strip_suffix(CA_SUFFIX) {
            Some(rest) => (rest, Part::Roots),
            None => (rest, Part::Pair),
        };
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, rest),
        };
        if scheme == Scheme::KubernetesGateway && namespace.is_none() {
            return Self::Nothing("write kubernetes-gateway://NAMESPACE/NAME");
        }
        if name.is_empty() || name.contains('/') || namespace == Some("") {
            return Self::Nothing("write NAME or NAMESPACE/NAME");
        }
        Self::Secret { scheme, namespace, name, part }
    }
}

/// The Secret that holds the CA of `name` alone, which goes before the CA in `name` itself.
pub fn ca_secret(name: &str) -> String {
    format!("{name}{CA_SUFFIX}")
}

#[cfg(test)]
mod tests;
