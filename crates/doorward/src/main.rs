//! The doorward binary: parses what the user typed and hands it to the one part that does it.

mod admin;
mod app;
mod args;
mod cli;
mod config;
mod drain;
#[cfg(test)]
mod fixture;
mod metrics;
mod table;
mod telemetry;
mod view;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use args::{Cli, Command, RunArgs};
use cli::Findings;
use config::Config;

// Against glibc, half the CPU of a kept-alive request and half the time of a translation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return wrong_usage(&error),
    };
    let done = match &command {
        Command::Run(args) => match settings(args) {
            Ok(config) => app::run(config, args.log.is_text()),
            Err(error) => return fail(&error, WRONG_USAGE),
        },
        Command::Check(args) => return found(cli::check(args)),
        Command::Plan(args) => return found(cli::plan(args)),
        Command::Get(args) => cli::get(args),
        Command::Describe { what } => cli::describe(what),
        Command::Certificate { verb } => cli::certificate(verb),
        Command::Listener { verb } => cli::listener(verb),
        Command::Loadbalancer { verb } => cli::load_balancer(verb),
        Command::Order { verb } => cli::order(verb),
        Command::Pki { verb } => match cli::pki(verb) {
            Ok(code) => return ExitCode::from(code),
            Err(error) => return fail(&error, cli::pki_failure(verb)),
        },
        Command::Crds => cli::crds(),
        Command::Completions { shell } => cli::completions(*shell),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, FAILED),
    }
}

/// Help and versions are told this way too, and are nobody's mistake.
fn wrong_usage(error: &clap::Error) -> ExitCode {
    // Who closed the terminal does not want to read it.
    let _ = error.print();
    match error.use_stderr() {
        false => ExitCode::SUCCESS,
        true => ExitCode::from(cli::pki_usage(std::env::args_os()).unwrap_or(WRONG_USAGE)),
    }
}

/// Of a command that looks for problems: whatever keeps it from looking is wrong usage.
fn found(findings: Result<Findings>) -> ExitCode {
    match findings {
        Ok(Findings::None) => ExitCode::SUCCESS,
        Ok(Findings::Some) => ExitCode::from(FAILED),
        Err(error) => fail(&error, WRONG_USAGE),
    }
}

/// What `run` runs by; from here on it logs as it was told to.
fn settings(args: &RunArgs) -> Result<Config> {
    let config = Config::for_run(args)?;
    telemetry::start(&args.log)?;
    Ok(config)
}

fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("doorward: {}", told(error));
    ExitCode::from(code)
}

/// One line: what failed, then each cause that was not told with it.
fn told(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            let between = if line.is_empty() { "" } else { ": " };
            line = format!("{line}{between}{cause}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    #[derive(Debug, thiserror::Error)]
    #[error("folder x: {0}; give another")]
    struct Told(#[source] std::io::Error);

    #[test]
    fn each_cause_is_told_once() {
        let error = anyhow!(Told(std::io::Error::other("read-only"))).context("cannot start");
        assert_eq!(super::told(&error), "cannot start: folder x: read-only; give another");
    }
}
