//! Measures Doorward beside its peers: one run, one machine, the same certificate and backend,
//! each server alone on one core and its driver on another. Results go to standard output as
//! Markdown; progress goes to standard error.
#![allow(clippy::print_stdout, reason = "the tables are this program's output")]

mod certs;
mod idle;
mod load;
mod peer;
mod peers;
mod process;
mod scan;
mod site;
mod table;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use peer::Kind;

#[derive(Parser)]
#[command(name = "bench", about = "Doorward beside nginx, HAProxy, Caddy and Envoy")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// CPU per handshake and per request
    Peers {
        #[command(flatten)]
        common: Common,
        /// Seconds of each measurement
        #[arg(long, default_value_t = 4)]
        seconds: u64,
        /// Measurements of each kind; the median counts
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Many certificates: time until ready, memory, time until a changed one is served
    Certs {
        #[command(flatten)]
        common: Common,
        /// How many, one server after the other for each number
        #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
        count: Vec<usize>,
        /// Changes to measure; the median counts
        #[arg(long, default_value_t = 5)]
        changes: usize,
    },
    /// Memory per idle TLS connection
    Idle {
        #[command(flatten)]
        common: Common,
        #[arg(long, default_value_t = 5000)]
        connections: usize,
    },
    /// Outside judges on a running TLS port: sslscan, testssl and h2load
    Scan {
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Args)]
pub struct Common {
    /// Which servers; all that are there unless told
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Kind>,
    /// The release build of Doorward
    #[arg(long, env = "DOORWARD_BINARY", default_value = "target/release/doorward")]
    doorward: PathBuf,
    /// The core that the server under test has to itself
    #[arg(long, default_value_t = 0)]
    core: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure(Cli::parse().what).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(what: What) -> Result<()> {
    match what {
        What::Peers { common, seconds, rounds } => peers::measure(&common, seconds, rounds).await,
        What::Certs { common, count, changes } => certs::measure(&common, &count, changes).await,
        What::Idle { common, connections } => idle::measure(&common, connections).await,
        What::Scan { common } => scan::judge(&common).await,
    }
}

fn say(line: impl AsRef<str>) {
    eprintln!("bench: {}", line.as_ref());
}
