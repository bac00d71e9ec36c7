//! The verbs that look at or change a running Doorward, and `check`, `plan` and `pki`, which need
//! none.
//!
//! The former ask the admin API and print its answer: as a table, or with `-o json` as it came.

mod certificate;
mod check;
mod client;
mod crds;
mod describe;
mod get;
mod listener;
mod manifests;
mod order;
mod pki;
mod plan;
mod problems;

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    args::{Cli, Output},
    table::Screen,
};

pub use certificate::certificate;
pub use check::check;
pub use crds::crds;
pub use describe::describe;
pub use get::get;
pub use listener::{listener, load_balancer};
pub use order::order;
pub use pki::{pki, pki_failure, pki_usage};
pub use plan::plan;
pub use problems::Findings;

/// Prints the script that completes Doorward's command line in `shell`.
pub fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "doorward", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// For what a command waits for.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Prints an answer of the API: as it came, or through `table`.
fn show<T: DeserializeOwned>(
    answer: &str,
    output: Output,
    table: impl FnOnce(T, Screen) -> String,
) -> Result<()> {
    match output {
        Output::Json => print(answer),
        Output::Table => {
            let words = serde_json::from_str(answer).context(
                "the answer is not what this version of doorward expects: use -o json, or the version that runs",
            )?;
            print(&table(words, Screen::of_stdout()))
        }
    }
}

fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).context("cannot write JSON")?;
    print(&(text + "\n"))
}

/// To standard output. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}
