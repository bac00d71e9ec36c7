//! etcd: whole, of one mind, and able to lose a member for the length of a restart.

use std::collections::BTreeSet;

use super::{Look, Looked};
use crate::{
    HostName, Program, expiry::Class, finding::Finding, health::MemberHealth, plan::Mode,
    settings::Settings,
};

/// Bytes that etcd stores at most, unless it is told otherwise.
const QUOTA: u64 = 2 << 30;

/// Entries that a member may be behind its own log.
const MAX_LAG: u64 = 1000;

pub(super) fn look(look: &Look<'_>, looked: &mut Looked) {
    // Dead certificates answer no question: then files decide alone.
    if look.mode == Mode::Sweep || look.condition.class == Class::LeavesDead {
        return;
    }
    let members = look.scope.hosts_with(Program::Etcd);
    let mut down = Vec::new();
    // Those left behind are out of the cluster already; this is what brings them back.
    let mut behind = look.scope.hosts_behind();
    // So is a member whose key is another's.
    behind.extend(look.scope.hosts_in_repair());
    for host in members.iter().filter(|host| !behind.contains(*host)) {
        match look.health.members.get(host) {
            Some(Ok(health)) => {
                member(host, health, looked);
                room(look, host, health, looked);
            }
            Some(Err(why)) => down.push((host, why.as_str())),
            None => down.push((host, "it was not asked")),
        }
    }
    names(look, &members, looked);
    quorum(look, &members, &down, looked);
    one_mind(look, looked);
    if members.len() == 1 && look.stops_members() {
        looked.notes.push(
            "There is one member only: while it is restarted, etcd and the API server are away \
             for some seconds."
                .to_owned(),
        );
    }
}

fn member(host: &HostName, health: &MemberHealth, looked: &mut Looked) {
    let status = &health.status;
    let mut against = |text: String| looked.against.push(Finding::at(host, text));
    for alarm in &health.alarms {
        against(format!("etcd has the alarm {alarm}; clear its cause and disarm it first"));
    }
    for error in &status.errors {
        against(format!("etcd says of itself: {error}; cure that first"));
    }
    if status.is_learner {
        against("etcd is a learner here; promote it first".to_owned());
    }
    if status.leader == 0 {
        against("etcd knows no leader; wait until there is one".to_owned());
    }
    let lag = status.index.saturating_sub(status.applied);
    if lag > MAX_LAG {
        against(format!("etcd is {lag} entries behind (at most {MAX_LAG}); wait until it is not"));
    }
}

/// A rotation writes next to nothing; who is near the edge should know before restarts.
fn room(look: &Look<'_>, host: &HostName, health: &MemberHealth, looked: &mut Looked) {
    let Some(settings) = etcd_on(look, host) else { return };
    let said = settings.one("quota-backend-bytes").and_then(|text| text.parse().ok());
    let quota = said.filter(|&quota| quota != 0).unwrap_or(QUOTA);
    let (stored, quota) = (health.status.stored >> 20, quota >> 20);
    if stored * 5 > quota * 4 {
        looked.notes.push(format!(
            "{host}: etcd stores {stored} MiB of the {quota} MiB that it may; compact and \
             defragment it soon, or raise --quota-backend-bytes."
        ));
    }
}

/// Whom etcd lets in by name goes by the very names that certificates keep.
fn names(look: &Look<'_>, members: &BTreeSet<HostName>, looked: &mut Looked) {
    const FLAGS: [&str; 4] = [
        "peer-cert-allowed-cn",
        "peer-cert-allowed-hostname",
        "client-cert-allowed-cn",
        "client-cert-allowed-hostname",
    ];
    for flag in FLAGS {
        let settings = members.iter().filter_map(|host| etcd_on(look, host));
        let said: BTreeSet<&str> = settings.flat_map(|settings| settings.all(flag)).collect();
        for name in said {
            looked.notes.push(format!(
                "etcd lets in by name (--{flag}={name}): every certificate keeps its names."
            ));
        }
    }
}

fn etcd_on<'a>(look: &Look<'a>, host: &HostName) -> Option<&'a Settings> {
    let mut components = look.facts.hosts.get(host)?.components.iter();
    components.find(|component| component.program == Program::Etcd).map(|found| &found.settings)
}

fn quorum(
    look: &Look<'_>,
    members: &BTreeSet<HostName>,
    down: &[(&HostName, &str)],
    looked: &mut Looked,
) {
    let left = members.len().saturating_sub(down.len() + 1);
    for (host, why) in down {
        let harm = match look.stops_members() {
            true => format!(" Restarting another would leave {left} of {}.", members.len()),
            false => String::new(),
        };
        let text = format!("etcd {host} is down ({why}).{harm}");
        match look.wish.allow_degraded {
            true => looked.notes.push(format!("{text} Allowed by --allow-degraded.")),
            false => looked.against.push(Finding::everywhere(format!("{text} Repair it first."))),
        }
    }
}

/// All members name the same cluster, the same members and the same leader.
fn one_mind(look: &Look<'_>, looked: &mut Looked) {
    let told = |of: fn(&MemberHealth) -> String| -> BTreeSet<String> {
        look.health.answering().map(|(_, health)| of(health)).collect()
    };
    let views = [
        ("clusters", told(|health| format!("{:x}", health.status.cluster))),
        ("leaders", told(|health| format!("{:x}", health.status.leader))),
        ("terms", told(|health| health.status.term.to_string())),
        ("lists of members", told(members_of)),
    ];
    for (what, seen) in views.into_iter().filter(|(_, seen)| seen.len() > 1) {
        let seen: Vec<String> = seen.into_iter().collect();
        looked.against.push(Finding::everywhere(format!(
            "the members of etcd name different {what} ({}); wait until they agree, or look for \
             hosts of two clusters in the inventory",
            seen.join(", ")
        )));
    }
}

fn members_of(health: &MemberHealth) -> String {
    let mut ids: Vec<String> =
        health.members.iter().map(|member| format!("{:x}", member.id)).collect();
    ids.sort();
    ids.join("+")
}
