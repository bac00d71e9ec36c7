//! Programs of a host: looked for, stopped, started.

use std::{path::Path, time::Duration};

use super::{
    connection::{Connection, SCRIPT},
    detached::{self, Begun},
    process,
    script::Script,
};
use crate::{Process, Program, RunBy, SiteError, site::Ended};

/// A kubelet sees a manifest go at once or, where its file system tells it nothing, with its next
/// look some seconds later; only then does it give the pod its time to end.
const NOTICE: Duration = Duration::from_secs(10);

/// A program and who runs it.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub connection: &'a Connection,
    pub begun: &'a Begun,
    /// The host's state directory.
    pub state: &'a Path,
    pub program: Program,
    pub by: &'a RunBy,
}

impl Run<'_> {
    pub async fn stop(self, within: Duration, kill: bool) -> Result<Ended, SiteError> {
        let within = match self.by {
            RunBy::StaticPod { .. } => within + NOTICE,
            _ => within,
        };
        let script = self
            .script(include_str!("scripts/stop.sh"))
            .set("within", within.as_secs().to_string())
            .set("kill", if kill { "yes" } else { "no" });
        let answer =
            detached::run(self.connection, self.begun, self.state, &script, within).await?;
        Ok(if answer.line("killed").is_some() { Ended::Killed } else { Ended::Orderly })
    }

    pub async fn start(self) -> Result<(), SiteError> {
        let script = self.script(include_str!("scripts/start.sh"));
        detached::run(self.connection, self.begun, self.state, &script, SCRIPT).await.map(drop)
    }

    pub async fn process(self) -> Result<Option<Process>, SiteError> {
        let script = self.script(include_str!("scripts/process_of.sh")).with(process::SCRIPT);
        let answer = self.connection.run(&script, SCRIPT).await?;
        Ok(process::read(&answer).pop().map(|(_, process)| process))
    }

    pub async fn last_words(self) -> Result<Vec<String>, SiteError> {
        let script = self.script(include_str!("scripts/last_words.sh"));
        let answer = self.connection.run(&script, SCRIPT).await?;
        let words = answer.line("words").and_then(|line| line.bytes(0)).unwrap_or_default();
        Ok(String::from_utf8_lossy(&words).lines().map(str::to_owned).collect())
    }

    /// A part is its whole's, in everything.
    fn script(self, body: &'static str) -> Script {
        if let RunBy::Within { program, run_by } = self.by {
            return Run { program: *program, by: run_by, ..self }.script(body);
        }
        let script = Script::new(body)
            .with(include_str!("scripts/program.sh"))
            .path("state", self.state)
            .set("name", process::kernel_name(self.program));
        match self.by {
            RunBy::Systemd { unit } => script.set("by", "systemd").set("unit", unit),
            RunBy::StaticPod { manifest, container } => {
                script.set("by", "pod").path("manifest", manifest).set("container", container)
            }
            RunBy::Commands { stop, start, is_running } => script
                .set("by", "commands")
                .set("stop", stop)
                .set("start", start)
                .set("is_running", is_running),
            RunBy::Within { .. } | RunBy::Unknown => script.set("by", "unknown"),
        }
    }
}
