//! Log lines on standard error: text for people, JSON for machines.

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow};
use tracing::error;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::args::{LogArgs, LogFormat};

/// Call once, before the first line is logged.
pub fn start(args: &LogArgs) -> Result<()> {
    let level = args.log_level.as_deref().unwrap_or("info");
    let filter = EnvFilter::try_new(format!("{},{level}", cluster::client::LOG_FILTER)).with_context(|| {
        format!("--log-level {level:?} is no level or filter: write for example \"debug\" or \"info,serve=debug\"")
    })?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match args.log_format.unwrap_or_default() {
        LogFormat::Json => registry.with(lines.json()).try_init(),
        LogFormat::Text => {
            let has_colours = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            registry.with(lines.with_ansi(has_colours).with_target(false)).try_init()
        }
    };
    started.map_err(|error| anyhow!("cannot start logging: {error}"))?;
    // A panic is a bug, and its line belongs with the others.
    std::panic::set_hook(Box::new(|panic| error!(%panic, "a task panicked")));
    Ok(())
}
