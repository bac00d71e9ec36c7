//! What `run --kube` and `plan --kube` need besides the rest: which cluster, which Secrets, which address to
//! publish, and who this replica is.

use std::{
    collections::BTreeSet,
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use cluster::{
    client::ClusterChoice,
    source::{Pace, SourceOptions},
};
use translate::{Settings, world::Key};

use super::{FILE_NAME, check_namespace, file::File, is_label};
use crate::args::KubeArgs;

/// Kubelets and scrapers come from other addresses; what is told there is no secret.
pub const DEFAULT_PROBE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 15001);

#[derive(Debug)]
pub struct KubeConfig {
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    /// Whose Secrets are watched, besides the store's and Doorward's own; `None` = all.
    pub secret_namespaces: Option<BTreeSet<Arc<str>>>,
    pub publish_address: Option<String>,
    /// Namespace and name.
    pub gateway_service: (String, String),
    pub pod: Pod,
}

/// Who this replica is, as the downward API tells it.
#[derive(Debug)]
pub struct Pod {
    /// Other replicas have another.
    pub name: String,
    pub namespace: Option<String>,
}

impl KubeConfig {
    /// What `sds` hands out is watched as well, and what Gateways of a `mesh` name.
    pub fn new(
        args: &KubeArgs,
        file: &File,
        store_namespace: &str,
        sds: Option<&publish::Settings>,
        mesh: Option<&translate::settings::Mesh>,
    ) -> Result<Self> {
        let pod = Pod::from_environment();
        check_namespace("storeNamespace", store_namespace)?;
        for namespace in file.watch_namespaces.iter().flatten() {
            check_namespace("watchNamespaces", namespace)?;
        }
        let named = file.watch_namespaces.iter().flatten().map(String::as_str);
        let own = [store_namespace].into_iter().chain(pod.namespace.as_deref());
        let published = sds.iter().flat_map(|sds| sds.namespaces());
        let gateway = mesh.map(|mesh| &*mesh.gateway_namespace);
        let namespaces = named.chain(own).chain(published).chain(gateway).map(Arc::from).collect();
        let gateway_service = match &file.gateway_service {
            None => (store_namespace.to_owned(), "doorward".to_owned()),
            Some(text) => parse_service(text)
                .with_context(|| format!("gatewayService in {FILE_NAME}: {text:?}"))?,
        };
        if let Some(address) = &file.publish_address {
            check_address(address)
                .with_context(|| format!("publishAddress in {FILE_NAME}: {address:?}"))?;
        }
        Ok(Self {
            kubeconfig: args.kubeconfig.clone(),
            context: args.context.clone(),
            secret_namespaces: (!args.all_namespaces).then_some(namespaces),
            publish_address: file.publish_address.clone(),
            gateway_service,
            pod,
        })
    }
}

impl KubeConfig {
    pub fn choice(&self) -> ClusterChoice {
        ClusterChoice { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() }
    }

    /// What is read of the cluster.
    pub fn watched(&self, settings: &Settings) -> SourceOptions {
        let (namespace, name) = &self.gateway_service;
        SourceOptions {
            store_namespace: settings.store_namespace.clone(),
            secret_namespaces: settings.secret_namespaces.clone(),
            gateway_namespace: settings.mesh.gateway_namespace.clone(),
            gateway_service: Some(Key::new(namespace, name)),
            pace: Pace::default(),
        }
    }

    /// The cluster, as people name it.
    pub fn cluster_name(&self) -> String {
        match (&self.context, &self.kubeconfig) {
            (Some(context), _) => format!("the Kubernetes cluster of context {context}"),
            (None, Some(file)) => format!("the Kubernetes cluster of {}", file.display()),
            (None, None) => "a Kubernetes cluster".into(),
        }
    }
}

impl Pod {
    fn from_environment() -> Self {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let name = set("POD_NAME").or_else(|| set("HOSTNAME"));
        Self { name: name.unwrap_or_else(|| "doorward".into()), namespace: set("POD_NAMESPACE") }
    }
}

fn parse_service(text: &str) -> Result<(String, String)> {
    let parts =
        text.split_once('/').filter(|(namespace, name)| is_label(namespace) && is_label(name));
    let (namespace, name) = parts.context("write NAMESPACE/NAME")?;
    Ok((namespace.to_owned(), name.to_owned()))
}

/// What Kubernetes takes as an address in a status.
fn check_address(text: &str) -> Result<()> {
    let is_name = model::Name::parse(text).is_ok_and(|name| !name.is_wildcard());
    // No host's name ends so (RFC 1123): it is an address that lacks a part.
    let is_number = text.rsplit('.').next().is_some_and(|last| last.parse::<u32>().is_ok());
    ensure!(
        text.parse::<IpAddr>().is_ok() || (is_name && !is_number),
        "write an IP address or a host name, without a port"
    );
    Ok(())
}
