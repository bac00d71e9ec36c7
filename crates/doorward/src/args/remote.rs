//! Arguments of the commands that talk to a running Doorward.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use model::ListenerKey;

use super::OutputArgs;

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
    /// The Envoys that take certificates over SDS
    Sds,
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
    /// A certificate on order: whom it is asked of, how far it is, what it waits for
    Order {
        #[arg(value_name = "ID")]
        id: String,
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

#[derive(Debug, Subcommand)]
pub enum OrderVerb {
    /// Have a certificate made anew now; the old one serves until then
    Renew {
        /// The Secret that it becomes: NAMESPACE/NAME, as in `doorward get orders`
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}
