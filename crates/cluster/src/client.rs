//! The connection to the API server.
//!
//! Built from kube's own parts, but for two things: a peer that is gone without a word is noticed
//! by the kernel within a minute instead of by the next request, and requests that fail are told
//! by whoever made them instead of by a log line each.

use std::{env, path::PathBuf, time::Duration};

use http::{HeaderValue, header::USER_AGENT};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder, ConfigExt},
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use tower::timeout::TimeoutLayer;

/// Directives for a log filter: kube would warn of every failed try, and quotes whole answers of
/// the API server, Secrets and all, when one of them is not JSON.
pub const LOG_FILTER: &str = "kube_client=off,kube_runtime=off";

const CONNECT: Duration = Duration::from_secs(10);
/// From a request to the head of its answer. API servers give up on their own after a minute.
const ANSWER: Duration = Duration::from_secs(65);
/// An idle connection is probed this often, and given up after [`SILENCE`].
const PROBE: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(60);

/// Which cluster, and as whom. Without either, that of the Pod that Doorward runs in, else what
/// `kubectl` would use.
#[derive(Clone, Debug, Default)]
pub struct ClusterChoice {
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
}

/// No connection can be set up. That the API server does not answer is none of these.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("kubeconfig {path}: {says}; correct it, or name another with --kubeconfig FILE")]
    File { path: PathBuf, says: String },
    #[error(
        "no kubeconfig can be used: {0}; name one with --kubeconfig FILE and --context NAME, or run in a Pod with a ServiceAccount"
    )]
    Default(String),
    #[error(
        "this Pod's ServiceAccount cannot be used: {0}; set automountServiceAccountToken: true, or name a --kubeconfig FILE"
    )]
    InCluster(#[source] InClusterError),
    #[error(
        "the credentials for the API server cannot be used: {0}; correct the user of the kubeconfig"
    )]
    Credentials(#[source] kube::Error),
}

/// Reads the configuration; asks nothing of the API server yet.
pub async fn connect(choice: &ClusterChoice) -> Result<Client, ConnectError> {
    let options = KubeConfigOptions { context: choice.context.clone(), ..Default::default() };
    let config = match &choice.kubeconfig {
        Some(path) => {
            let failed = |says| ConnectError::File { path: path.clone(), says };
            let file = Kubeconfig::read_from(path).map_err(|error| failed(one_line(&error)))?;
            chosen(file, &options).await.map_err(failed)?
        }
        None if choice.context.is_none() && env::var_os("KUBERNETES_SERVICE_HOST").is_some() => {
            Config::incluster().map_err(ConnectError::InCluster)?
        }
        None => {
            let file = Kubeconfig::read();
            let file = file.map_err(|error| ConnectError::Default(one_line(&error)))?;
            chosen(file, &options).await.map_err(ConnectError::Default)?
        }
    };
    client_of(config).map_err(ConnectError::Credentials)
}

async fn chosen(file: Kubeconfig, options: &KubeConfigOptions) -> Result<Config, String> {
    let contexts: Vec<_> = file.contexts.iter().map(|context| context.name.clone()).collect();
    Config::from_custom_kubeconfig(file, options).await.map_err(|error| match error {
        KubeconfigError::CurrentContextNotSet | KubeconfigError::LoadContext(_)
            if !contexts.is_empty() =>
        {
            format!("{error}: give --context one of {}", contexts.join(", "))
        }
        error => one_line(&error),
    })
}

/// kube shows lines of the file below its errors; the first line says what is wrong, and where.
fn one_line(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        error => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

/// A client with Doorward's timeouts and user agent.
pub fn client_of(mut config: Config) -> Result<Client, kube::Error> {
    let agent = concat!("doorward/", env!("CARGO_PKG_VERSION"));
    config.headers.push((USER_AGENT, HeaderValue::from_static(agent)));
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector.set_keepalive(Some(PROBE));
    connector.set_keepalive_interval(Some(PROBE));
    connector.set_tcp_user_timeout(Some(SILENCE));
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let client = HyperClient::builder(TokioExecutor::new()).build::<_, Body>(connector);
    let builder = ClientBuilder::new(client, config.default_namespace.clone())
        .with_layer(&TimeoutLayer::new(ANSWER))
        .with_layer(&config.extra_headers_layer()?);
    let base = config.base_uri_layer();
    Ok(match config.auth_layer()? {
        Some(auth) => builder.with_layer(&auth).with_layer(&base).build(),
        None => builder.with_layer(&base).build(),
    })
}

#[cfg(test)]
mod tests;
