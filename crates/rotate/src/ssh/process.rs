//! Running programs, as a host's `/proc` tells of them.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::script::{Answer, Line};
use crate::{Process, Program};

pub const SCRIPT: &str = include_str!("scripts/process.sh");

/// What the kernel calls the program: fifteen letters of its name.
pub fn kernel_name(program: Program) -> &'static str {
    match program {
        Program::Etcd => "etcd",
        Program::KubeApiserver => "kube-apiserver",
        Program::KubeControllerManager => "kube-controller",
        Program::KubeScheduler => "kube-scheduler",
        Program::CloudControllerManager => "cloud-controlle",
        Program::Kubelet => "kubelet",
        Program::K3s => "k3s-server",
        Program::Rke2 => "rke2",
    }
}

/// Every process that the script described; one that makes no sense is left out.
pub fn read(answer: &Answer) -> Vec<(Program, Process)> {
    let Some(booted) = answer.line("clock").and_then(booted) else { return Vec::new() };
    answer.all("process").filter_map(|line| process(line, booted)).collect()
}

fn process(line: &Line, booted: Timestamp) -> Option<(Program, Process)> {
    let name = line.word(1)?;
    let program = Program::ALL.into_iter().find(|&program| kernel_name(program) == name)?;
    let hundredths: i64 = line.number(4)?;
    let arguments = String::from_utf8_lossy(&line.bytes(6)?).into_owned();
    let arguments = arguments.strip_suffix('\0').unwrap_or(&arguments);
    let process = Process {
        pid: line.number(0)?,
        arguments: arguments.split('\0').map(str::to_owned).collect(),
        environment: line.values(7)?,
        working_directory: PathBuf::from(line.text(8)?),
        uid: line.number(2)?,
        gid: line.number(3)?,
        started: booted.checked_add(SignedDuration::from_millis(hundredths * 10)).ok()?,
        is_contained: line.word(5)? == "yes",
        group: line.text(9)?,
    };
    Some((program, process))
}

/// When the host started, by its own clock. The kernel counts in hundredths of a second, so two
/// looks may differ by one.
fn booted(clock: &Line) -> Option<Timestamp> {
    let now = seconds(clock.word(0)?)?;
    let up = seconds(clock.word(1)?)?;
    Timestamp::UNIX_EPOCH.checked_add(now).ok()?.checked_sub(up).ok()
}

/// `1700000000.123456789`, exactly.
pub fn seconds(text: &str) -> Option<SignedDuration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let nanos: i32 = format!("{part:0<9}").get(..9)?.parse().ok()?;
    Some(SignedDuration::new(whole.parse().ok()?, nanos))
}

#[cfg(test)]
mod tests;
