//! The order of things. Every state in between is one in which each program accepts what each
//! other one presents; [`matrix`](crate::matrix) is the rule, and tests walk all ways through it.

mod owned;
mod places;

use std::collections::BTreeSet;

use super::{
    Act, AuthorityPlan, Change, LeafPlan, Mode, Phase, Place, Stage, Step,
    scope::{Realm, Scope},
};
use crate::{Facts, HostName, Program, Reread, health::Health};
use places::Places;
pub(crate) use places::{flag, manifest};

pub(super) struct Input<'a> {
    pub(super) facts: &'a Facts,
    pub(super) health: &'a Health,
    pub(super) scope: &'a Scope,
    pub(super) mode: Mode,
    pub(super) authorities: &'a [AuthorityPlan],
    pub(super) leaves: &'a [LeafPlan],
}

pub(super) fn of(input: &Input<'_>) -> Vec<Step> {
    let mut steps = Steps(Vec::new());
    if owned::is_so(input) {
        return owned::of(input);
    }
    prepare(input, &mut steps);
    match input.mode {
        Mode::Leaf if is_following(input) => follow(input, &mut steps),
        Mode::Leaf => leaves(input, &mut steps),
        Mode::SameKey | Mode::Cross => {
            leaves(input, &mut steps);
            trust(input, &mut steps, Phase::Flip, Stage::New);
        }
        Mode::Bundle => {
            trust(input, &mut steps, Phase::Trust, Stage::Both);
            leaves(input, &mut steps);
            trust(input, &mut steps, Phase::Flip, Stage::New);
        }
        Mode::Sweep => sweep(input, &mut steps),
    }
    rest(input, &mut steps);
    finish(input, &mut steps);
    steps.0
}

struct Steps(Vec<Step>);

impl Steps {
    fn add(&mut self, phase: Phase, act: Act) {
        let number = u32::try_from(self.0.len() + 1).expect("a plan has few steps");
        self.0.push(Step { number, phase, act });
    }

    fn change(&mut self, phase: Phase, change: Change) {
        if !change.places.is_empty() {
            self.add(phase, Act::Change(change));
        }
    }
}

fn prepare(input: &Input<'_>, steps: &mut Steps) {
    let hosts = input.scope.hosts();
    for host in &hosts {
        steps.add(Phase::Prepare, Act::Lock { host: host.clone() });
    }
    if let Some(host) = snapshot_from(input) {
        steps.add(Phase::Prepare, Act::Snapshot { host });
    }
    steps.add(Phase::Prepare, Act::Issue);
    for host in &hosts {
        steps.add(Phase::Prepare, Act::Stage { host: host.clone() });
    }
    for host in &hosts {
        steps.add(Phase::Prepare, Act::Backup { host: host.clone() });
    }
}

/// A member that answers, rather one that does not lead.
fn snapshot_from(input: &Input<'_>) -> Option<HostName> {
    let leader = input.health.leader();
    let mut answering: Vec<&HostName> = input.health.answering().map(|(host, _)| host).collect();
    answering.sort_by_key(|host| Some(*host) == leader);
    answering.first().map(|host| (*host).clone())
}

fn finish(input: &Input<'_>, steps: &mut Steps) {
    let hosts = input.scope.hosts();
    steps.add(Phase::Finish, Act::Verify);
    for host in &hosts {
        steps.add(Phase::Finish, Act::Clear { host: host.clone() });
    }
    for host in hosts {
        steps.add(Phase::Finish, Act::Unlock { host });
    }
}

/// Pairs, etcd's first: members present what all of them accept before anybody relies on it.
fn leaves(input: &Input<'_>, steps: &mut Steps) {
    etcd_leaves(input, steps);
    // The first API server is started anew at once: the real consumer proves the new pair while
    // the way back is still open.
    let mut is_canary = !input.authorities.is_empty();
    for host in input.scope.hosts_with(Program::KubeApiserver) {
        let program = Program::KubeApiserver;
        let (places, reread) = Places::new(input).leaves(&host, program);
        if places.is_empty() {
            continue;
        }
        let restart = is_canary || reread == Reread::AtStart || is_down(input, &host, program);
        is_canary = false;
        steps.change(Phase::Leaves, Change { host, program, places, restart });
    }
}

fn etcd_leaves(input: &Input<'_>, steps: &mut Steps) {
    for host in etcd_hosts(input) {
        let (places, reread) = Places::new(input).leaves(&host, Program::Etcd);
        let restart = reread == Reread::AtStart || is_down(input, &host, Program::Etcd);
        let program = Program::Etcd;
        steps.change(Phase::Leaves, Change { host, program, places, restart });
    }
}

/// Trust files at a stage; etcd first, its leader last, then the API servers.
fn trust(input: &Input<'_>, steps: &mut Steps, phase: Phase, stage: Stage) {
    let etcd = etcd_hosts(input).into_iter().map(|host| (host, Program::Etcd));
    let apiservers = input.scope.hosts_with(Program::KubeApiserver).into_iter();
    let apiservers = apiservers.map(|host| (host, Program::KubeApiserver));
    for (host, program) in etcd.chain(apiservers) {
        let mut places = Places::new(input);
        if stage == Stage::New {
            places.authority_files(&host, program);
        }
        let (places, reread) = places.trust(&host, program, stage);
        let restart = reread == Reread::AtStart;
        steps.change(phase, Change { host, program, places, restart });
    }
}

/// Everything at once for etcd; then the API servers, which it did not need meanwhile. Where
/// etcd's own authorities live on, its leaves change as they always do.
fn sweep(input: &Input<'_>, steps: &mut Steps) {
    let everything = |host: &HostName, program| {
        let (places, _) = all_new(input, host, program);
        Change { host: host.clone(), program, places, restart: true }
    };
    let is_etcds = |id: &str| matches!(input.scope.realm(id), Realm::Etcd | Realm::Both);
    if input.authorities.iter().any(|authority| is_etcds(&authority.id)) {
        let changes: Vec<Change> =
            etcd_hosts(input).iter().map(|host| everything(host, Program::Etcd)).collect();
        steps.add(Phase::Sweep, Act::Sweep { program: Program::Etcd, changes });
    } else {
        etcd_leaves(input, steps);
    }
    for host in input.scope.hosts_with(Program::KubeApiserver) {
        steps.change(Phase::Sweep, everything(&host, Program::KubeApiserver));
    }
}

/// Authorities, leaves and trust of a program in one go, and when it reads them.
fn all_new(input: &Input<'_>, host: &HostName, program: Program) -> (Vec<Place>, Reread) {
    let mut places = Places::new(input);
    places.authority_files(host, program);
    places.add_leaves(host, program);
    places.trust(host, program, Stage::New)
}

fn is_following(input: &Input<'_>) -> bool {
    input.authorities.iter().any(|authority| authority.successor.is_some())
}

/// Trust and leaves together, host by host: those that follow stand outside until they have both.
fn follow(input: &Input<'_>, steps: &mut Steps) {
    let etcd = etcd_hosts(input).into_iter().map(|host| (host, Program::Etcd));
    let apiservers = input.scope.hosts_with(Program::KubeApiserver).into_iter();
    for (host, program) in etcd.chain(apiservers.map(|host| (host, Program::KubeApiserver))) {
        let (places, reread) = all_new(input, &host, program);
        let restart = reread == Reread::AtStart || is_down(input, &host, program);
        steps.change(Phase::Flip, Change { host, program, places, restart });
    }
}

/// Programs that lean on the API servers, one master after the other, since only one of each
/// leads at a time. All read their files when they start.
fn rest(input: &Input<'_>, steps: &mut Steps) {
    const PROGRAMS: [Program; 4] = [
        Program::KubeControllerManager,
        Program::KubeScheduler,
        Program::CloudControllerManager,
        Program::Kubelet,
    ];
    for host in input.scope.hosts() {
        for program in PROGRAMS {
            let (places, reread) = all_new(input, &host, program);
            // A kubelet follows only the pairs that it made itself.
            let is_kubelet = program == Program::Kubelet;
            let restart = is_kubelet || reread == Reread::AtStart || is_down(input, &host, program);
            steps.change(Phase::Rest, Change { host: host.clone(), program, places, restart });
        }
    }
}

/// Members by name: first those that a pair of theirs keeps out, so that whoever leads is heard
/// again; the leader last, which is moved once, to one that is done.
fn etcd_hosts(input: &Input<'_>) -> Vec<HostName> {
    let leader = input.health.leader();
    let broken = input.scope.hosts_in_repair();
    let hosts: BTreeSet<HostName> = input.scope.hosts_with(Program::Etcd);
    let mut hosts: Vec<HostName> = hosts.into_iter().collect();
    hosts.sort_by_key(|host| (!broken.contains(host), Some(host) == leader));
    hosts
}

fn is_down(input: &Input<'_>, host: &HostName, program: Program) -> bool {
    let components = input.facts.hosts.get(host).map(|facts| facts.components.as_slice());
    let mut components = components.unwrap_or_default().iter();
    components.any(|component| component.program == program && component.process.is_none())
}

#[cfg(test)]
mod overlap;
#[cfg(test)]
mod tests;
