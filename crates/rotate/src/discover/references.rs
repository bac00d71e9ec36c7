//! Kubeconfigs that name files instead of holding certificates.

use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    pub authorities: Vec<PathBuf>,
    /// Certificate and key.
    pub pairs: Vec<(PathBuf, PathBuf)>,
}

#[derive(Deserialize)]
struct Kubeconfig {
    #[serde(default)]
    clusters: Vec<NamedCluster>,
    #[serde(default)]
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedCluster {
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    certificate_authority: Option<PathBuf>,
}

#[derive(Deserialize)]
struct NamedUser {
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
}

/// The files that a kubeconfig names; relative ones begin at its own folder.
pub fn of(path: &Path, content: &[u8]) -> References {
    let text = String::from_utf8_lossy(content);
    let Ok(read) = serde_saphyr::from_str::<Kubeconfig>(&text) else {
        return References::default();
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let at = |path: PathBuf| folder.join(path);
    let named = read.clusters.into_iter().filter_map(|named| named.cluster.certificate_authority);
    let pairs = read.users.into_iter().filter_map(|NamedUser { user }| {
        Some((at(user.client_certificate?), at(user.client_key?)))
    });
    References { authorities: named.map(at).collect(), pairs: pairs.collect() }
}
