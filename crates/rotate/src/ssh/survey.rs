//! A first look at a host.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;

use super::{
    connection::{Connection, SCRIPT},
    mounts, process,
    script::{Answer, Line, Script},
};
use crate::{
    Program, SiteError,
    inventory::Host,
    site::{Survey, Unit},
};

/// What discovery may want to know of a unit.
const PROPERTIES: &str = "Id,LoadState,ActiveState,MainPID,ExecStart,Environment,EnvironmentFiles,\
     User,Group,WorkingDirectory,Type,Restart,TimeoutStartUSec,TimeoutStopUSec,FragmentPath,\
     DropInPaths";

pub async fn survey(connection: &Connection, host: &Host) -> Result<Survey, SiteError> {
    let clock_ahead = clock_ahead(connection).await?;
    let script = Script::new(include_str!("scripts/survey.sh"))
        .with(process::SCRIPT)
        .with(include_str!("scripts/elsewhere.sh"))
        .set("properties", PROPERTIES);
    let answer = connection.run(&script, SCRIPT).await?;
    let user: Option<u32> = answer.line("user").and_then(|line| line.number(0));
    if user != Some(0) && needs_root(host) {
        return Err(connection.refused(
            "SSH logs in as a user who is not root. Certificates and their keys belong to root \
             and etcd: set spec.ssh.user to root, or give the user root's rights",
        ));
    }
    Ok(Survey {
        clock_ahead,
        processes: process::read(&answer),
        units: units(&answer),
        manifests: manifests(&answer),
        mounts: mounts::read(&answer),
        elsewhere: elsewhere(&answer),
        is_enforcing: answer.line("enforcing").and_then(|line| line.word(0)) == Some("1"),
        is_clock_kept: answer.line("kept").and_then(|line| line.word(0)).map(|word| word == "yes"),
    })
}

/// Programs that the operator's own commands run may be the operator's own.
fn needs_root(host: &Host) -> bool {
    host.overrides.get(&Program::Etcd).is_none_or(|etcd| etcd.start.is_none())
}

/// A script of its own, so that half its round trip is a small thing.
async fn clock_ahead(connection: &Connection) -> Result<jiff::SignedDuration, SiteError> {
    // Connects first, which takes long.
    connection.run(&Script::new(""), SCRIPT).await?;
    let asked = Timestamp::now();
    let script = Script::new("printf 'now %s\\n' \"$(date +%s.%N)\"\n");
    let answer = connection.run(&script, SCRIPT).await?;
    let answered = Timestamp::now();
    let theirs = answer.line("now").and_then(|line| line.word(0)).and_then(process::seconds);
    let theirs = theirs.ok_or_else(|| connection.refused("the command date tells no time"))?;
    let ours = asked.duration_until(answered) / 2 + asked.as_duration();
    Ok(theirs - ours)
}

fn units(answer: &Answer) -> Vec<Unit> {
    let unit = |line: &Line| {
        let properties = properties(&line.text(1)?);
        Some(Unit { name: line.word(0)?.to_owned(), properties })
    };
    answer.all("unit").filter_map(unit).collect()
}

/// What has several values is shown in as many lines.
fn properties(shown: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::<String, String>::new();
    for (name, value) in shown.lines().filter_map(|line| line.split_once('=')) {
        let all = found.entry(name.to_owned()).or_default();
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(value);
    }
    found
}

fn elsewhere(answer: &Answer) -> Vec<(PathBuf, String)> {
    let file = |line: &Line| Some((line.text(0)?.into(), line.text(1)?));
    answer.all("elsewhere").filter_map(file).collect()
}

fn manifests(answer: &Answer) -> Vec<(PathBuf, String)> {
    let manifest = |line: &Line| Some((line.text(0)?.into(), line.text(1)?));
    answer.all("manifest").filter_map(manifest).collect()
}

#[cfg(test)]
mod tests;
