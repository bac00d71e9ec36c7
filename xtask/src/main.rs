//! The project's chores: `cargo xtask test` and its like. Compiled before anything else that a
//! newcomer runs, so it has few dependencies.

mod deploy;
mod docs;
mod lint;
mod orphans;
mod peers;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use peers::Set;

/// How the test runner is told so.
const THREADS: &str = "RUST_TEST_THREADS";

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's chores")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Bring the tools that tests talk to, then run every test of the workspace
    Test {
        /// Handed to `cargo test --workspace`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Bring the tools into target/peers: those of the tests, or those of the benches too
    Peers {
        /// Also nginx, HAProxy, Caddy and the load generators and scanners
        #[arg(long)]
        bench: bool,
    },
    /// Formatting, clippy, documentation, forgotten files, and the commands that docs show
    Lint,
    /// Every .rs file under a src folder is reached by a `mod` line
    CheckOrphans,
    /// Every command and link in README.md and docs exists
    CheckDocs,
    /// Every shape of deploy/ renders, and its flags, metrics and versions are the code's
    CheckDeploy,
}

fn main() -> ExitCode {
    match carry_out(Cli::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(chore: Chore) -> Result<ExitCode> {
    match chore {
        Chore::Test { arguments } => {
            peers::bring(Set::Tests);
            let mut test = cargo();
            test.args(["test", "--workspace"]).args(arguments);
            if env::var_os(THREADS).is_none() {
                test.env(THREADS, threads().to_string());
            }
            let status = test.status()?;
            return Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1).into());
        }
        Chore::Peers { bench } => {
            let missing = peers::bring(if bench { Set::Benches } else { Set::Tests });
            if !missing.is_empty() {
                bail!("could not bring {}", missing.join(", "));
            }
        }
        Chore::Lint => lint::all()?,
        Chore::CheckOrphans => orphans::check(&root())?,
        Chore::CheckDocs => docs::check(&root())?,
        Chore::CheckDeploy => deploy::check(&root())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// How many tests of one program run at once: the longest ones wait for others most of the time.
fn threads() -> usize {
    2 * thread::available_parallelism().map_or(1, usize::from)
}

/// The workspace's folder.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map_or_else(|| xtask.into(), Path::to_owned)
}

/// The cargo that runs this, in the workspace.
fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command to its end; its last lines are the error.
fn run(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    bail!("{name}: {}: {last}", output.status)
}
