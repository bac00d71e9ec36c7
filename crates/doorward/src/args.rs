//! Raw arguments: what the user typed, checked for form only. `config` makes settings of them,
//! `cli` and `app` carry them out.

mod help;
mod value;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use model::ListenerKey;

pub use value::PortPair;

/// Gives every door of a Kubernetes platform its certificate.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, after_help = help::ROOT, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve HTTPS for the load balancers of a manifests folder
    #[command(after_help = help::RUN)]
    Run(RunArgs),
    /// Show what would be served for manifests, and every problem; starts nothing
    #[command(after_help = help::CHECK)]
    Check(CheckArgs),
    /// List what a running Doorward serves, holds and thinks
    #[command(after_help = help::GET)]
    Get(GetArgs),
    /// Show one listener, certificate or load balancer in full
    #[command(after_help = help::DESCRIBE, subcommand_value_name = "KIND")]
    Describe {
        #[command(subcommand)]
        what: Describe,
    },
    /// Manage the certificate store
    #[command(after_help = help::CERTIFICATE)]
    Certificate {
        #[command(subcommand)]
        verb: CertificateVerb,
    },
    /// Change the certificates of a listener (needs read-only mode off)
    #[command(after_help = help::LISTENER)]
    Listener {
        #[command(subcommand)]
        verb: ListenerVerb,
    },
    /// Switch a load balancer's read-only mode
    #[command(after_help = help::LOAD_BALANCER)]
    Loadbalancer {
        #[command(subcommand)]
        verb: LoadBalancerVerb,
    },
    /// Print a completion script for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions { shell: Shell },
}

#[derive(Args, Debug, Default)]
pub struct RunArgs {
    /// Folder of manifests (*.yaml, *.yml, *.json, any depth); may be given several times
    #[arg(long, value_name = "DIR", num_args = 1.., value_hint = clap::ValueHint::DirPath)]
    pub manifests: Vec<PathBuf>,
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
pub struct CheckArgs {
    /// Folders or files of manifests
    #[arg(required = true, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Settings [default: doorward.yaml in a given folder, else in the working directory]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct OutputArgs {
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    #[default]
    Table,
    Json,
}

/// Where the running Doorward is, and how to print its answer.
#[derive(Args, Clone, Debug)]
pub struct RemoteArgs {
    /// Admin API of the running Doorward
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "DOORWARD_ADMIN",
        default_value = "127.0.0.1:15000"
    )]
    pub admin: String,
    /// File with the admin token, if the running Doorward asks for one
    #[arg(long, value_name = "FILE", env = "DOORWARD_ADMIN_TOKEN_FILE")]
    pub admin_token_file: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Args, Debug)]
pub struct GetArgs {
    #[arg(value_enum, value_name = "KIND")]
    pub kind: Kind,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    #[value(alias = "listener")]
    Listeners,
    #[value(alias = "certificate")]
    Certificates,
    #[value(alias = "loadbalancer")]
    Loadbalancers,
    #[value(alias = "order")]
    Orders,
    #[value(alias = "verdict")]
    Verdicts,
}

#[derive(Debug, Subcommand)]
pub enum Describe {
    /// A listener: its certificates, what it serves for each name, its problems
    Listener {
        #[arg(value_name = "LB:PORT")]
        listener: ListenerKey,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// A certificate: its names, dates, chain, and the listeners that use it
    Certificate {
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// A load balancer: its listeners and its read-only mode
    Loadbalancer {
        #[arg(value_name = "LB")]
        name: String,
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum CertificateVerb {
    /// Put a certificate and its key into the store, or replace the one with the same id
    Upload {
        /// PEM file: the leaf first, then its issuers
        #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        cert: PathBuf,
        /// PEM file: the unencrypted private key
        #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        key: PathBuf,
        /// Name in the store [default: the first 8 hex digits of the fingerprint]
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// List all certificates
    List {
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Show one certificate in full
    Show {
        id: String,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Take a certificate out of the store; refused while a listener uses it
    Delete {
        id: String,
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum ListenerVerb {
    /// Make a certificate the Default; the old Default stays as an Additional
    SetDefault(ListenerChange),
    /// Add a certificate as an Additional; never changes the Default
    Add(ListenerChange),
    /// Remove an Additional
    Remove(ListenerChange),
}

#[derive(Args, Debug)]
pub struct ListenerChange {
    #[arg(value_name = "LB:PORT")]
    pub listener: ListenerKey,
    /// Id of a certificate of the store, or NAMESPACE/NAME of a Secret
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
pub enum LoadBalancerVerb {
    /// Switch read-only mode on or off
    ReadOnly {
        #[arg(value_name = "LB")]
        name: String,
        #[arg(value_enum, value_name = "on|off")]
        switch: Switch,
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[cfg(test)]
mod tests;
