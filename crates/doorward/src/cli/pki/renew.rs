//! `doorward pki renew`, `resume` and `rollback`: runs that change the machines.

use std::{
    io::{BufRead, Write},
    process::Command,
};

use anyhow::{Context, Result, bail};
use rotate::{
    Inventory, Mode, Site, Ssh, Step,
    execute::{Executor, Halt, Progress},
    plan::Wish,
    run::{RunFolder, Scene},
    site::WallClock,
};

use super::{
    FAILED, look,
    plan::{planned, told, wish},
};
use crate::{
    args::{LimitsArgs, PkiRenewArgs, PkiResumeArgs, PkiRollbackArgs, RunsArgs},
    cli::{print, runtime},
};

/// The words that runbooks of ACK look for.
const ROTATED: &str = "etcd CA and certs have successfully rotated!\n";
/// A run that stopped half-way, in a state that holds.
const HALF_WAY: u8 = 3;

pub fn renew(args: &PkiRenewArgs, inventory: &Inventory) -> Result<u8> {
    let site = look::site(inventory)?;
    let order = Order {
        wish: wish(&args.wish),
        runs: &args.runs,
        limits: &args.limits,
        yes: args.yes,
        break_lock: args.break_lock.clone(),
    };
    runtime()?.block_on(async {
        match order.carry_out(&site, inventory).await? {
            Done::Through => print(ROTATED).map(|()| 0),
            Done::Not(code) => Ok(code),
        }
    })
}

pub fn resume(args: &PkiResumeArgs, inventory: &Inventory) -> Result<u8> {
    let site = look::site(inventory)?;
    let folder = RunFolder::open(&args.runs.state, args.run.as_deref())?;
    limit(&folder, &args.limits)?;
    runtime()?.block_on(async {
        let mut executor = executor(&site, &folder, args.break_lock.clone())?;
        match executor.forward().await {
            Ok(()) => print(ROTATED).map(|()| 0),
            Err(halt) => told_halt(&halt),
        }
    })
}

pub fn rollback(args: &PkiRollbackArgs, inventory: &Inventory) -> Result<u8> {
    let site = look::site(inventory)?;
    let folder = RunFolder::open(&args.runs.state, args.run.as_deref())?;
    let run = folder.id().to_owned();
    if args.reissue {
        return runtime()?.block_on(reissue(args, inventory, &site, folder));
    }
    if !args.yes && !agreed(&format!("Put back what was there before {run}?"))? {
        return declined();
    }
    limit(&folder, &args.limits)?;
    runtime()?.block_on(async {
        let mut executor = executor(&site, &folder, args.break_lock.clone())?;
        match executor.back().await {
            Ok(()) => {
                let kept = format!("etcd CA and certs are as they were before {run}.\n");
                print(&kept).map(|()| 0)
            }
            Err(halt) => told_halt(&halt),
        }
    })
}

/// Restores nothing: whatever mixture there is, everybody is brought to one new set.
async fn reissue(
    args: &PkiRollbackArgs,
    inventory: &Inventory,
    site: &Ssh,
    old: RunFolder,
) -> Result<u8> {
    executor(site, &old, args.break_lock.clone())?.give_up().await;
    let given_up = old.id().to_owned();
    drop(old);
    let order = Order {
        // Whatever mixture there is: this is what one set for all may cost.
        wish: Wish { repair: true, accepts_absence: true, ..Wish::default() },
        runs: &args.runs,
        limits: &args.limits,
        yes: args.yes,
        break_lock: args.break_lock.clone(),
    };
    match order.carry_out(site, inventory).await? {
        Done::Through => {
            let told = format!("etcd CA and certs were issued anew; {given_up} is given up.\n");
            print(&told).map(|()| 0)
        }
        Done::Not(code) => Ok(code),
    }
}

/// A run that is to be begun.
struct Order<'a> {
    wish: Wish,
    runs: &'a RunsArgs,
    limits: &'a LimitsArgs,
    yes: bool,
    break_lock: Option<String>,
}

enum Done {
    Through,
    /// It was not wanted after all, or stopped.
    Not(u8),
}

impl Order<'_> {
    async fn carry_out(self, site: &Ssh, inventory: &Inventory) -> Result<Done> {
        let planned = planned(site, inventory, &self.wish).await?;
        print(&told(&planned))?;
        let question = match planned.plan.mode {
            Mode::Sweep => "etcd will be away for a while. Do all this?",
            _ => "Do all this?",
        };
        if !self.yes && !agreed(question)? {
            return declined().map(Done::Not);
        }
        let folder = RunFolder::create(&self.runs.state, &elsewhere(site, inventory).await)?;
        limit(&folder, self.limits)?;
        let scene = Scene::of(&planned.facts, &planned.health, inventory);
        folder.begin(&planned.plan, &scene, &planned.facts)?;
        print(&format!("\nRun {}, kept in {}\n", folder.id(), folder.path().display()))?;
        match executor(site, &folder, self.break_lock)?.forward().await {
            Ok(()) => Ok(Done::Through),
            Err(halt) => told_halt(&halt).map(Done::Not),
        }
    }
}

/// What is said of times now stands above what the run was begun with.
fn limit(folder: &RunFolder, args: &LimitsArgs) -> Result<()> {
    let mut limits = folder.limits()?;
    limits.stop = args.stop_timeout.unwrap_or(limits.stop);
    limits.recover = args.start_timeout.unwrap_or(limits.recover);
    Ok(folder.save_limits(&limits)?)
}

fn executor<'a>(
    site: &'a Ssh,
    folder: &'a RunFolder,
    break_lock: Option<String>,
) -> Result<Executor<'a, Ssh, WallClock>> {
    let executor = Executor::open(site, &WallClock, &Screen, folder, who())?;
    Ok(executor.breaking(break_lock))
}

/// Names of runs that other operators keep on the hosts; a host that cannot be asked is met again
/// soon enough.
async fn elsewhere(site: &Ssh, inventory: &Inventory) -> Vec<String> {
    let mut names = Vec::new();
    for host in &inventory.hosts {
        let folder = std::slice::from_ref(&host.state_dir);
        names.extend(site.list(&host.name, folder).await.unwrap_or_default().concat());
    }
    names
}

/// `root@ops1 pid 4242`.
fn who() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let asked = Command::new("uname").arg("-n").output();
    let name = asked.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    let machine = name.unwrap_or_else(|_| "a machine without a name".to_owned());
    format!("{user}@{machine} pid {}", std::process::id())
}

fn told_halt(halt: &Halt) -> Result<u8> {
    if halt.is_unchanged {
        bail!("{halt}");
    }
    print(&format!("{halt}\n")).map(|()| HALF_WAY)
}

fn agreed(question: &str) -> Result<bool> {
    print(&format!("{question} [y/N] "))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer; use --yes")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn declined() -> Result<u8> {
    print("Nothing was changed.\n").map(|()| FAILED)
}

/// Lines on standard output as a run goes on.
struct Screen;

impl Progress for Screen {
    fn step(&self, step: &Step, what: &str) {
        line(&format!("{:>3}  {what}", step.number));
    }

    fn note(&self, text: &str) {
        line(&format!("     {text}"));
    }
}

/// A screen that is gone does not stop a run.
fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
