//! Arguments of `doorward pki`, which needs no running Doorward: the cluster's own PKI.

mod time;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Span;

use super::{OutputArgs, help};

#[derive(Debug, Subcommand)]
pub enum PkiVerb {
    /// Show every certificate of etcd and the control plane, and what the processes present
    #[command(after_help = help::PKI_STATUS)]
    Status(PkiStatusArgs),
    /// Print every step of a renewal; touches nothing
    Plan(PkiPlanArgs),
    /// Renew certificates and authorities in place, one member at a time
    Renew(PkiRenewArgs),
    /// Go on with a run that was cut off
    Resume(PkiResumeArgs),
    /// Walk a run back, with the same gates
    Rollback(PkiRollbackArgs),
    /// Print what each file holds, and compare with what is served
    Verify(PkiVerifyArgs),
}

/// Which machines.
#[derive(Args, Clone, Debug)]
pub struct InventoryArgs {
    /// The machines of the cluster (kind ClusterInventory)
    #[arg(
        long,
        value_name = "FILE",
        env = "DOORWARD_INVENTORY",
        default_value = "inventory.yaml",
        value_hint = clap::ValueHint::FilePath
    )]
    pub inventory: PathBuf,
}

/// Where runs are kept: plans, journals, new keys, backups.
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    /// Folder whose `pki` holds the runs
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".doorward",
        value_hint = clap::ValueHint::DirPath
    )]
    pub state: PathBuf,
}

#[derive(Args, Debug)]
pub struct PkiStatusArgs {
    #[command(flatten)]
    pub inventory: InventoryArgs,
    /// What ends within this time is warned of
    #[arg(long, value_name = "TIME", default_value = "60d", value_parser = time::ahead)]
    pub expiring_within: Span,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub output: PkiOutput,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PkiOutput {
    #[default]
    Table,
    Json,
    /// Text for node_exporter's textfile collector
    Prometheus,
}

#[derive(Args, Debug)]
pub struct PkiPlanArgs {
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub wish: WishArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What is to be done, where it is not to be chosen by what is found.
#[derive(Args, Clone, Debug)]
pub struct WishArgs {
    /// How authorities are renewed
    #[arg(long, value_enum, default_value_t)]
    pub mode: ModeChoice,
    /// How long new certificates last, as 50y [default: as long as the present ones]
    #[arg(long, value_name = "TIME", value_parser = time::life)]
    pub validity: Option<Span>,
    /// Keep the leaves' private keys: not one handshake falls between key and certificate
    #[arg(long)]
    pub reuse_keys: bool,
    /// Make anew, before all else, the pairs whose key is another's
    #[arg(long)]
    pub repair: bool,
    /// The old keys are known to others: new keys everywhere, a short overlap
    #[arg(long, conflicts_with = "reuse_keys")]
    pub compromised: bool,
    /// Also the authority of Kubernetes and the front proxy's
    #[arg(long)]
    pub kubernetes: bool,
    /// End the overlap in which Kubernetes trusts the old authority beside the new one
    #[arg(long)]
    pub drop_old: bool,
    /// Go on with a member down: each restart is then without quorum for its time
    #[arg(long)]
    pub allow_degraded: bool,
    /// How far the machines' clocks may be apart
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time::skew)]
    pub max_skew: Duration,
    /// Leave a host out; it is locked out of what the others change to
    #[arg(long, value_name = "HOST")]
    pub exclude: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ModeChoice {
    /// Whatever fits what is found
    #[default]
    Auto,
    /// New leaves under the same authority; no restart
    Leaf,
    /// The authority's certificate anew, with its key
    SameKey,
    /// A new authority that the old one vouches for; one restart of each
    Cross,
    /// Old and new authority trusted for a while; two restarts of each
    Bundle,
    /// Everything anew, all at once: etcd is away from the first stop to the last start
    Sweep,
}

/// How long the machines are waited for. Kept with the run; `resume` and `rollback` may change it.
#[derive(Args, Clone, Debug)]
pub struct LimitsArgs {
    /// How long a program may take to end when it is told to [default: 30s, or the run's]
    #[arg(long, value_name = "TIME", value_parser = time::wait)]
    pub stop_timeout: Option<Duration>,
    /// How long a program may take from its start until all is well [default: 2m, or the run's]
    #[arg(long, value_name = "TIME", value_parser = time::wait)]
    pub start_timeout: Option<Duration>,
}

#[derive(Args, Debug)]
pub struct PkiRenewArgs {
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub runs: RunsArgs,
    #[command(flatten)]
    pub limits: LimitsArgs,
    #[command(flatten)]
    pub wish: WishArgs,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Take the locks of a run that nobody drives any more
    #[arg(long, value_name = "RUN")]
    pub break_lock: Option<String>,
}

#[derive(Args, Debug)]
pub struct PkiResumeArgs {
    /// As R12 [default: the newest]
    pub run: Option<String>,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub runs: RunsArgs,
    #[command(flatten)]
    pub limits: LimitsArgs,
    /// Take the locks of a run that nobody drives any more
    #[arg(long, value_name = "RUN")]
    pub break_lock: Option<String>,
}

#[derive(Args, Debug)]
pub struct PkiRollbackArgs {
    /// As R12 [default: the newest]
    pub run: Option<String>,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub runs: RunsArgs,
    #[command(flatten)]
    pub limits: LimitsArgs,
    /// Restore nothing: make one new set for all and bring everybody to it
    #[arg(long)]
    pub reissue: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Take the locks of a run that nobody drives any more
    #[arg(long, value_name = "RUN")]
    pub break_lock: Option<String>,
}

#[derive(Args, Debug)]
pub struct PkiVerifyArgs {
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[cfg(test)]
mod tests;
