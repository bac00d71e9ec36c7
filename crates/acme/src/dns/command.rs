//! A command of the user's that writes records: `PATH ARGUMENTS… add|remove NAME VALUE`.

use std::{collections::BTreeSet, net::SocketAddr, process::Stdio, time::Duration};

use issue::{Dns, Future, IssueError, Record};
use tokio::{process, time::timeout};

use super::{authority, resolver};

/// Long enough for an API that answers slowly.
const LIMIT: Duration = Duration::from_secs(60);
/// Of what it wrote to stderr, the end.
const MOST_TOLD: usize = 500;

pub struct Command {
    program: String,
    arguments: Vec<String>,
    /// Whom to ask whether a record is served.
    resolver: SocketAddr,
}

impl Command {
    /// `resolver`: whom to ask about zones; the machine's own where it is left out.
    pub fn new(
        program: impl Into<String>,
        arguments: Vec<String>,
        resolver: Option<SocketAddr>,
    ) -> Self {
        let resolver = resolver.unwrap_or_else(resolver::of_machine);
        Self { program: program.into(), arguments, resolver }
    }

    async fn run(&self, verb: &str, record: &Record) -> Result<(), IssueError> {
        let program = &self.program;
        let mut command = process::Command::new(program);
        command.args(&self.arguments).args([verb, &record.name, &record.value]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // It ends with the wait for it.
        command.kill_on_drop(true);
        let output = match timeout(LIMIT, command.output()).await {
            Ok(output) => output.map_err(|error| {
                IssueError::refused(format!(
                    "{program} cannot be run: {error}; correct dns01.command"
                ))
            })?,
            Err(_) => {
                return Err(IssueError::passing(format!(
                    "{program} {verb} {} took longer than {} seconds and was ended",
                    record.name,
                    LIMIT.as_secs()
                )));
            }
        };
        match output.status.success() {
            true => Ok(()),
            false => Err(IssueError::passing(format!(
                "{program} {verb} {} failed ({}): {}",
                record.name,
                output.status,
                end_of(&output.stderr)
            ))),
        }
    }
}

impl Dns for Command {
    fn add<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(self.run("add", record))
    }

    fn remove<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(self.run("remove", record))
    }

    fn is_served<'a>(&'a self, record: &'a Record) -> Future<'a, Result<bool, IssueError>> {
        Box::pin(async {
            let mut servers = match authority::zone_of(self.resolver, &record.name).await? {
                Some(zone) => authority::servers_of(self.resolver, &zone).await?,
                None => BTreeSet::new(),
            };
            // The resolver is not asked where there are others: it would remember a "no".
            if servers.is_empty() {
                servers.insert(self.resolver);
            }
            authority::all_have(&servers, record).await
        })
    }
}

/// On one line.
fn end_of(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim().replace(char::is_control, " ");
    let skipped = text.chars().count().saturating_sub(MOST_TOLD);
    text.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests;
