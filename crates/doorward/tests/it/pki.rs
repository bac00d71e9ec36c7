//! What the stories of `doorward pki` share: the command, what it tells, what the masters' files
//! are like, and what a writer went through meanwhile.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use testkit::lab::{Lab, Report, loopback::Loopback};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout},
};

use crate::BINARY;

pub const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
pub const ROTATED: &str = "etcd CA and certs have successfully rotated!";

/// What the command is told of a lab of either kind.
pub trait Bed {
    fn inventory(&self) -> PathBuf;
    /// Where runs may be kept.
    fn folder(&self) -> &Path;
}

impl Bed for Lab {
    fn inventory(&self) -> PathBuf {
        self.inventory()
    }

    fn folder(&self) -> &Path {
        self.folder()
    }
}

impl Bed for Loopback {
    fn inventory(&self) -> PathBuf {
        self.inventory()
    }

    fn folder(&self) -> &Path {
        self.folder()
    }
}

pub fn command(lab: &impl Bed, verb: &str, arguments: &[&str]) -> Command {
    command_of("state", lab, verb, arguments)
}

/// Of an operator who keeps runs in another folder of the lab's.
pub fn command_of(state: &str, lab: &impl Bed, verb: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["pki", verb]).args(arguments);
    command.arg("--inventory").arg(lab.inventory());
    if ["renew", "resume", "rollback"].contains(&verb) {
        command.arg("--state").arg(lab.folder().join(state));
    }
    command
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub async fn run(mut command: Command) -> Told {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = output;
    let [out, err] = [stdout, stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    Told { code: status.code(), out, err }
}

/// Runs it to its end; what it said, if it went well.
pub async fn pki(lab: &impl Bed, verb: &str, arguments: &[&str]) -> String {
    let Told { code, out, err } = run(command(lab, verb, arguments)).await;
    assert_eq!(code, Some(0), "{verb}:\n{out}\n{err}");
    out
}

/// A run that is listened to while it goes on.
pub struct Heard {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    out: String,
}

impl Heard {
    /// Begins it. What `renew` tells before its run begins, the plan, is heard already.
    pub async fn begin(lab: &Lab, verb: &str, arguments: &[&str]) -> Self {
        Self::of(command(lab, verb, arguments)).await
    }

    pub async fn of(command: Command) -> Self {
        let mut command = tokio::process::Command::from(command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let has_plan = command.as_std().get_args().any(|argument| argument == "renew");
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut heard = Self { child, lines, out: String::new() };
        if has_plan {
            heard.until(|line| line.starts_with("Run ")).await;
        }
        heard
    }

    /// The next line of which this holds; where it ends without one, the test has failed.
    pub async fn until(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        if let Some(line) = self.next_line(is_it).await {
            return line;
        }
        let complaint = self.complaint().await;
        panic!("it ended before:\n{}\n{complaint}", self.out)
    }

    /// The next line of which this holds, unless it ends without one.
    pub async fn next_line(&mut self, is_it: impl Fn(&str) -> bool) -> Option<String> {
        loop {
            match self.line().await {
                Some(line) if is_it(&line) => return Some(line),
                Some(_) => {}
                None => return None,
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    /// As nothing can prepare for.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub async fn end(mut self) -> Told {
        while self.line().await.is_some() {}
        let err = self.complaint().await;
        let code = self.child.wait().await.unwrap().code();
        Told { code, out: self.out, err }
    }

    async fn line(&mut self) -> Option<String> {
        let line = self.lines.next_line().await.unwrap()?;
        self.out += &format!("{line}\n");
        Some(line)
    }

    async fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut err) = self.child.stderr.take() {
            err.read_to_string(&mut text).await.unwrap();
        }
        text
    }
}

/// What every file of every master is, with its attributes, and where every link leads.
pub fn files(lab: &Lab) -> Vec<String> {
    let look = "cd / && find var/lib/etcd/cert etc/kubernetes etc/etcd var/lib/kubelet usr/local/pki \
                2>/dev/null | sort | while read -r file; do \
                if [ -d \"$file\" ] && [ ! -L \"$file\" ]; then stat -c '%n %a %U:%G' \"$file\"; \
                else stat -c '%N %a %U:%G %.9Y' \"$file\"; fi; \
                [ ! -f \"$file\" ] || sha256sum <\"$file\"; done";
    lab.machines().iter().map(|machine| machine.must(look)).collect()
}

pub fn assert_same(before: &[String], lab: &Lab) {
    for (was, is) in before.iter().zip(files(lab)) {
        assert_eq!(*was, is);
    }
}

/// Restarts that a run told of; the plan, which `renew` prints before, tells of them too.
pub fn restarts(told: &str) -> usize {
    let run = told.split_once("\nRun ").map_or(told, |(_, run)| run);
    run.lines().filter(|line| line.ends_with(", restart") || line.ends_with(": restart")).count()
}

/// Prints the figures, too.
pub fn assert_nothing_lost(what: &str, restarts: usize, report: &Report) {
    eprintln!(
        "{what}: {} writes acknowledged, {} lost, longest gap {:.2} s, {:.1} s, {restarts} restarts",
        report.acknowledged,
        report.lost,
        report.longest_gap.as_secs_f64(),
        report.time.as_secs_f64()
    );
    report.assert_nothing_lost();
}

#[track_caller]
pub fn says(told: &str, words: &str) {
    assert!(told.contains(words), "{words:?} is not in:\n{told}");
}
