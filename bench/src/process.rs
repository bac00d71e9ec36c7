//! A server's process tree: pinned to one core, measured from `/proc`, ended by its id.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

/// `/proc` counts CPU time in these; Linux has shown user space no other value.
const TICK: Duration = Duration::from_millis(10);

pub struct Running {
    child: Child,
}

impl Running {
    /// Starts `command` on `core` alone, with its output in `log`.
    pub fn start(command: &Command, core: usize, log: &Path) -> Result<Self> {
        let log = File::create(log)?;
        let mut pinned = Command::new("taskset");
        pinned.args(["-c", &core.to_string()]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                pinned.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            pinned.current_dir(folder);
        }
        let child = pinned
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot run taskset")?;
        Ok(Self { child })
    }

    /// taskset and the wrapper scripts `exec`, so this is the server itself.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// CPU time that the tree has used, with that of its children that ended.
    pub fn cpu(&self) -> Duration {
        let ticks: u64 = tree(self.id()).into_iter().filter_map(cpu_ticks).sum();
        TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// Proportional set size of the tree in bytes: shared pages count once.
    pub fn memory(&self) -> u64 {
        tree(self.id()).into_iter().filter_map(pss).sum()
    }

    pub fn signal(&self, name: &str) -> Result<()> {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status()?;
        anyhow::ensure!(status.success(), "cannot send {name} to process {}", self.id());
        Ok(())
    }
}

impl Drop for Running {
    /// Ends every process of the tree, each by its id: a master that is killed leaves its
    /// workers.
    fn drop(&mut self) {
        let ids: Vec<_> = tree(self.id()).iter().map(u32::to_string).collect();
        let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// The process and all below it.
fn tree(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&id) = found.get(next) {
        next += 1;
        let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
    }
    found
}

/// utime, stime, cutime and cstime: proc(5), fields 14 to 17. The second field is the name in
/// brackets and may hold blanks.
fn cpu_ticks(id: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().skip(11).take(4).map(|field| field.parse::<u64>().ok()).sum()
}

fn pss(id: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
