//! Raw arguments: what the user typed, checked for form only. `config` makes settings of them,
//! `cli` and `app` carry them out.

mod help;
mod local;
mod pki;
mod remote;
mod value;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use local::{AccessLogFormat, CheckArgs, KubeArgs, LogArgs, LogFormat, PlanArgs, RunArgs};
pub use pki::{
    InventoryArgs, LimitsArgs, ModeChoice, PkiOutput, PkiPlanArgs, PkiRenewArgs, PkiResumeArgs,
    PkiRollbackArgs, PkiStatusArgs, PkiVerb, PkiVerifyArgs, RunsArgs, WishArgs,
};
pub use remote::{
    CertificateVerb, Describe, GetArgs, Kind, ListenerVerb, LoadBalancerVerb, OrderVerb,
    RemoteArgs, Switch,
};
pub use value::{PortPair, SdsAddress};

/// Gives every door of a Kubernetes platform its certificate.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, after_help = help::ROOT, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve HTTPS for the load balancers of a manifests folder or a Kubernetes cluster
    #[command(after_help = help::RUN)]
    Run(Box<RunArgs>),
    /// Show what would be served for manifests, and every problem; starts nothing
    #[command(after_help = help::CHECK)]
    Check(CheckArgs),
    /// Show what would be ordered for manifests, and what would be served differently; touches
    /// nothing
    #[command(after_help = help::PLAN)]
    Plan(PlanArgs),
    /// List what a running Doorward serves, holds and thinks
    #[command(after_help = help::GET)]
    Get(GetArgs),
    /// Show one listener, certificate, load balancer or order in full
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
    /// Manage the certificates that issuers make
    #[command(after_help = help::ORDER)]
    Order {
        #[command(subcommand)]
        verb: OrderVerb,
    },
    /// Look after the cluster's own PKI: etcd and the control plane, over SSH
    #[command(after_help = help::PKI)]
    Pki {
        #[command(subcommand)]
        verb: PkiVerb,
    },
    /// Print the CustomResourceDefinitions that Doorward reads
    #[command(after_help = help::CRDS)]
    Crds,
    /// Print a completion script for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions { shell: Shell },
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

#[cfg(test)]
mod tests;
