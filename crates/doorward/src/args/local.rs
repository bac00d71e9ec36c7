//! Arguments of the commands that need no running Doorward: `run`, `check` and `plan`.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, ValueEnum};

use super::{OutputArgs, PortPair, SdsAddress};

#[derive(Args, Debug, Default)]
pub struct RunArgs {
    /// Folder of manifests (*.yaml, *.yml, *.json, any depth); may be given several times
    #[arg(long, value_name = "DIR", num_args = 1.., value_hint = clap::ValueHint::DirPath)]
    pub manifests: Vec<PathBuf>,
    #[command(flatten)]
    pub kube: KubeArgs,
    /// Settings [default: doorward.yaml in a manifests folder, else in the working directory]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Folder for what Doorward writes: own CA, issued certificates, uploads [default: .doorward]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub state: Option<PathBuf>,
    /// Address that load balancers bind [default: 0.0.0.0]
    #[arg(long, value_name = "IP")]
    pub bind: Option<IpAddr>,
    /// Bind listener port A on local port B, so that no root is needed; B = 0 lets the system choose
    #[arg(long, value_name = "A=B", value_delimiter = ',')]
    pub port_map: Vec<PortPair>,
    /// Address of the admin API [default: 127.0.0.1:15000]
    #[arg(long, value_name = "IP:PORT")]
    pub admin: Option<SocketAddr>,
    /// File with the token that admin requests must carry; needed when --admin is not loopback
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub admin_token_file: Option<PathBuf>,
    /// Address that answers only /healthz, /readyz and /metrics, to everybody [default: none; with
    /// --kube: 0.0.0.0:15001]
    #[arg(long, value_name = "IP:PORT")]
    pub probe: Option<SocketAddr>,
    /// Hand certificates to Envoys over SDS: a loopback address, or `unix:` and the path of a
    /// socket [default: none]
    #[arg(long, value_name = "IP:PORT|unix:PATH")]
    pub sds: Option<SdsAddress>,
    /// Look every hour at the PKI of these machines too (kind ClusterInventory), for metrics and
    /// verdicts [default: none]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub pki_inventory: Option<PathBuf>,
    /// Serve only these load balancers
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub load_balancer: Vec<String>,
    /// A line for each request, on standard output [default: off]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub access_log: Option<AccessLogFormat>,
    /// Seconds that open requests get to finish after SIGTERM or SIGINT [default: 25]
    #[arg(long, value_name = "SECONDS")]
    pub drain_seconds: Option<u64>,
    #[command(flatten)]
    pub log: LogArgs,
}

/// Which cluster to go by, and how much of it. clap waives `requires` where the required flag
/// conflicts with one that is given, so each of these says itself that it does not go with a folder.
#[derive(Args, Clone, Debug, Default)]
pub struct KubeArgs {
    /// Go by the objects of a Kubernetes cluster, instead of a folder
    #[arg(long, conflicts_with = "manifests")]
    pub kube: bool,
    /// How to reach the cluster [default: $KUBECONFIG, ~/.kube/config, or the Pod's own account]
    #[arg(
        long,
        value_name = "FILE",
        requires = "kube",
        conflicts_with = "manifests",
        value_hint = clap::ValueHint::FilePath
    )]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current one]
    #[arg(long, requires = "kube", conflicts_with = "manifests")]
    pub context: Option<String>,
    /// Watch the Secrets of all namespaces, not only of the store's and of watchNamespaces
    #[arg(long, requires = "kube", conflicts_with = "manifests")]
    pub all_namespaces: bool,
}

#[derive(Args, Clone, Debug, Default)]
pub struct LogArgs {
    /// How log lines look, on standard error [default: text]
    #[arg(long, value_enum)]
    pub log_format: Option<LogFormat>,
    /// Log level or filter, such as "debug" or "info,serve=debug" [default: info]
    #[arg(long, value_name = "FILTER", env = "RUST_LOG", hide_env_values = true)]
    pub log_level: Option<String>,
}

impl LogArgs {
    /// Whether standard error is read by people.
    pub fn is_text(&self) -> bool {
        self.log_format.unwrap_or_default() == LogFormat::Text
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessLogFormat {
    #[default]
    Off,
    Text,
    Json,
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    /// Folders or files of manifests
    #[arg(
        id = "manifests",
        required_unless_present = "kube",
        value_name = "PATH",
        value_hint = clap::ValueHint::AnyPath
    )]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub kube: KubeArgs,
    /// State folder of the Doorward that would serve them: what it holds, has on order and has
    /// spent [default: .doorward]
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "kube",
        value_hint = clap::ValueHint::DirPath
    )]
    pub state: Option<PathBuf>,
    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Folders or files of manifests
    #[arg(required = true, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub look: LookArgs,
}

/// How `check` and `plan` look.
#[derive(Args, Debug)]
pub struct LookArgs {
    /// Settings [default: doorward.yaml in a given folder, else in the working directory]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}
