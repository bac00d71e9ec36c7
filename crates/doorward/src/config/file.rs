//! `doorward.yaml` as it is written.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Result, anyhow, ensure};
use serde::Deserialize;

use super::{mesh::Mesh, sds::SdsFile};
use crate::args::AccessLogFormat;

/// Every key is optional; an unknown one is an error. Relative paths start at the file's folder.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct File {
    pub manifests: Vec<PathBuf>,
    pub state: Option<PathBuf>,
    pub bind: Option<IpAddr>,
    /// Listener port to local port.
    pub port_map: BTreeMap<u16, u16>,
    pub load_balancers: BTreeMap<String, LoadBalancer>,
    /// `local` is the own CA; left out, nothing is issued unasked.
    pub default_issuer: Option<String>,
    pub store_namespace: Option<String>,
    pub elb: Elb,
    pub admin: Option<SocketAddr>,
    pub admin_token_file: Option<PathBuf>,
    pub probe: Option<SocketAddr>,
    pub access_log: Option<AccessLogFormat>,
    pub drain_seconds: Option<u64>,
    /// Namespaces whose Secrets are watched besides the store's and Doorward's own.
    pub watch_namespaces: Option<Vec<String>>,
    /// What statuses say: an IP address or a host name.
    pub publish_address: Option<String>,
    /// The Service in front of the gateway, `NAMESPACE/NAME`.
    pub gateway_service: Option<String>,
    pub mesh: Option<Mesh>,
    pub sds: Option<SdsFile>,
    /// The machines whose PKI is watched.
    pub pki_inventory: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LoadBalancer {
    pub bind: Option<IpAddr>,
}

/// Settings of the dialect `elb`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Elb {
    /// What CCE keeps in force after its annotation was removed stays in force here as well.
    pub retain_removed_settings: bool,
}

impl File {
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        // An empty file, or one of comments alone, says nothing.
        let file: Option<Self> =
            serde_saphyr::from_str(text).map_err(|error| explain(&error, path))?;
        let file = file.unwrap_or_default();
        ensure!(
            !file.port_map.contains_key(&0),
            "{}: portMap: a listener's port is 1-65535, not 0",
            path.display()
        );
        Ok(file)
    }

    /// The keys that are written and do nothing, on Kubernetes or in a folder, with SDS or without.
    pub fn unused_keys(&self, on_kubernetes: bool, with_sds: bool) -> Vec<&'static str> {
        let elsewhere = [
            ("watchNamespaces", self.watch_namespaces.is_some() && !on_kubernetes),
            ("publishAddress", self.publish_address.is_some() && !on_kubernetes),
            ("gatewayService", self.gateway_service.is_some() && !on_kubernetes),
            ("manifests", !self.manifests.is_empty() && on_kubernetes),
            ("sds", self.sds.is_some() && !with_sds),
        ];
        elsewhere.into_iter().filter_map(|(key, unused)| unused.then_some(key)).collect()
    }
}

/// One line: file, line, column, what is wrong, and the cure.
fn explain(error: &serde_saphyr::Error, path: &Path) -> anyhow::Error {
    let error = error.without_snippet();
    let place = match error.location() {
        Some(at) => format!("{}:{}:{}", path.display(), at.line(), at.column()),
        None => path.display().to_string(),
    };
    match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            anyhow!("{place}: unknown key {field:?}; {}", suggestion(field, expected))
        }
        other => {
            let text = other.to_string();
            anyhow!("{place}: {}", text.lines().next().unwrap_or_default())
        }
    }
}

fn suggestion(field: &str, known: &[&str]) -> String {
    let distance =
        |key: &&&str| strsim::damerau_levenshtein(&field.to_lowercase(), &key.to_lowercase());
    match known.iter().min_by_key(distance) {
        Some(nearest) if distance(&nearest) * 2 <= field.len() => {
            format!("did you mean {nearest:?}?")
        }
        _ => format!("known keys are {}", known.join(", ")),
    }
}
