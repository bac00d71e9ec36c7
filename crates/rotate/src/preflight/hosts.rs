//! Hosts: all reached, clocks that agree, nobody else in charge, and keys that are not to change.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use jiff::SignedDuration;

use super::{Look, Looked, owned};
use crate::{
    HostFacts, HostName, Program, Purpose, RunBy, expiry,
    finding::Finding,
    pem,
    plan::{
        Mode,
        scope::{Hosts, certificates, texts},
    },
};

/// Beyond this, what is made on one clock may be "not yet valid" on another.
const MAX_SKEW: Duration = Duration::from_secs(60);
const NOTED_SKEW: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn look(look: &Look<'_>, looked: &mut Looked) {
    reached(look, looked);
    let hosts = Hosts::of(look.facts, look.wish);
    for (name, host) in hosts.iter() {
        clock(look, name, host, looked);
        owned::look(look, name, host, looked);
        restartable(look, name, host, looked);
        kubelet(look, name, host, looked);
        service_accounts(name, host, looked);
        let notes = host.notes.iter().chain(&host.cautions);
        looked.notes.extend(notes.map(|note| format!("{name}: {note}")));
    }
    if let Some(host) = expiry::only_host_with_dead(look.scope, look.facts.now) {
        looked.notes.push(format!("Only {host} has dead certificates: look at its clock first."));
    }
    if !look.is_owned() {
        shared(look, looked);
    }
}

fn reached(look: &Look<'_>, looked: &mut Looked) {
    let hosts = look.facts.hosts.iter();
    let mut missing: Vec<_> = hosts
        .filter_map(|(name, host)| Some((name, host.unreached.as_deref()?)))
        .filter(|(name, _)| !look.wish.exclude.contains(name))
        .collect();
    // While certificates are good, a host out of reach still works with the others.
    if look.mode == Mode::Sweep && look.condition.class.is_dead() {
        let members = look.scope.hosts_with(crate::Program::Etcd).len();
        // A host that was not reached may be a member; those that are not cost nothing here.
        let all = members + missing.len();
        if members * 2 > all {
            for (name, why) in missing.drain(..) {
                looked.notes.push(format!(
                    "{name} was not reached ({why}): it stays pending; renew once more when it is back, \
                     and it alone follows."
                ));
            }
        } else if !missing.is_empty() {
            looked.against.push(Finding::everywhere(format!(
                "only {members} of {all} members can be reached, and etcd needs more than half \
                 to work. Nothing was changed. Fix SSH to the others first"
            )));
        }
    }
    for (name, why) in missing {
        let locked_out = match look.changes_authorities() {
            true => " A CA cannot be rotated with a master missing: it would be locked out.",
            false => "",
        };
        looked.against.push(Finding::at(
            name,
            format!(
                "{why}. Nothing was changed.{locked_out} Fix SSH, or --exclude {name} with its \
                 consequences."
            ),
        ));
    }
    for name in &look.wish.exclude {
        looked.notes.push(match look.changes_authorities() {
            true => format!(
                "{name} is left out: its certificates will not be accepted once the old CA is \
                 dropped, until another renewal brings it after."
            ),
            false => format!("{name} is left out: its certificates stay as they are."),
        });
    }
}

fn clock(look: &Look<'_>, name: &HostName, host: &HostFacts, looked: &mut Looked) {
    let max = look.wish.max_skew.unwrap_or(MAX_SKEW);
    let skew = host.clock_ahead;
    let direction = if skew.is_negative() { "behind" } else { "ahead" };
    let seconds = skew.abs().as_secs();
    if skew.unsigned_abs() > max {
        let harm = match skew.is_negative() {
            true => "A new certificate may be \"not yet valid\" there",
            false => "A certificate may be dead there while it is good elsewhere",
        };
        looked.against.push(Finding::at(
            name,
            format!(
                "its clock is {seconds} s {direction}. {harm}. Set the clock (NTP), or raise \
                 --max-skew"
            ),
        ));
    } else if skew.abs() > NOTED_SKEW {
        looked.notes.push(format!("{name}: its clock is {seconds} s {direction}."));
    }
}

/// What reads a changing file only at its start must be one that somebody can start.
fn restartable(look: &Look<'_>, name: &HostName, host: &HostFacts, looked: &mut Looked) {
    let unknown = host.components.iter().filter(|component| component.run_by == RunBy::Unknown);
    for component in unknown {
        let program = component.program;
        if look.changes_authorities() && look.scope.hosts_with(program).contains(name) {
            looked.against.push(Finding::at(
                name,
                format!(
                    "nobody is known who starts {program} again; give its stop, start and \
                     isRunning commands in the inventory"
                ),
            ));
        }
    }
}

/// Static pods are ended and started by the kubelet alone, in answer to their manifests.
fn kubelet(look: &Look<'_>, name: &HostName, host: &HostFacts, looked: &mut Looked) {
    let kubelet = host.components.iter().find(|component| component.program == Program::Kubelet);
    if kubelet.is_none_or(|kubelet| kubelet.process.is_some()) {
        return;
    }
    let are_restarted = look.changes_authorities() || look.wish.kubernetes;
    let pods = host.components.iter().filter(|component| {
        component.run_by.manifest().is_some()
            && look.scope.hosts_with(component.program).contains(name)
            && (are_restarted || component.process.is_none())
    });
    let programs: Vec<String> = pods.map(|component| component.program.to_string()).collect();
    if !programs.is_empty() {
        looked.against.push(Finding::at(
            name,
            format!(
                "kubelet does not run, and nothing else starts {} again. Nothing was changed. \
                 Start it (systemctl start kubelet), and see first why it ended",
                programs.join(", ")
            ),
        ));
    }
}

/// Some old clusters sign tokens with the CA's key.
fn service_accounts(name: &HostName, host: &HostFacts, looked: &mut Looked) {
    let trusts = host.components.iter().flat_map(|component| &component.trusts);
    let trusts = trusts.filter(|trust| trust.purpose == Purpose::ServiceAccount);
    let pairs = host.components.iter().flat_map(|component| &component.pairs);
    let pairs = pairs.filter(|pair| pair.purpose == Purpose::ServiceAccount);
    let paths: BTreeSet<&PathBuf> =
        trusts.map(|trust| &trust.path).chain(pairs.map(|pair| &pair.key)).collect();
    for path in paths {
        let texts = texts(host, path);
        let authorities = host.files.keys().flat_map(|path| certificates(host, path));
        let same = authorities
            .filter(|found| found.is_ca)
            .find(|found| texts.iter().any(|text| pem::holds_key_of(text, found)));
        if let Some(ca) = same {
            looked.against.push(Finding::at(
                name,
                format!(
                    "{}: sa key and CA key are the same key ({:?}): rotating it would void every \
                     service-account token. Give service accounts a key of their own first",
                    path.display(),
                    ca.name()
                ),
            ));
            return;
        }
    }
}

/// An authority of etcd that others live by too is not exchanged for etcd alone.
fn shared(look: &Look<'_>, looked: &mut Looked) {
    for authority in &look.scope.authorities {
        let (name, others) = (authority.certificate.name(), &authority.also_issued);
        let is_left_behind = authority.successor.is_some() && !look.wish.drop_old;
        if others.is_empty() || is_left_behind {
            continue;
        }
        let list = others.join(", ");
        let count = others.len();
        let text = format!("{name:?} also signs {count} other certificates: {list}");
        if authority.successor.is_some() {
            looked.against.push(Finding::everywhere(format!(
                "{text}. They would be refused when it is dropped; renew them first"
            )));
            continue;
        }
        match look.mode {
            Mode::Leaf | Mode::SameKey => looked.notes.push(format!("{text}; they stay good.")),
            _ if look.wish.kubernetes => looked.notes.push(format!("{text}.")),
            _ => looked.against.push(Finding::everywhere(format!(
                "{text}. They would be refused after the change; renew them too: doorward pki \
                 renew --kubernetes; or keep them good: doorward pki renew --mode same-key"
            ))),
        }
    }
}
