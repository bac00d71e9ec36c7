//! How bad it is: what expired, told from files and the clock alone, since nothing that asks a
//! program can be trusted when certificates are dead.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Facts, HostName,
    certificate::Certificate,
    health::Health,
    plan::{Wish, scope::Scope},
};

/// From healthy to dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Everything is valid and fits.
    Sound,
    /// Leaves are dead, their authorities are not and can sign: new leaves heal, unrestarted.
    LeavesDead,
    /// An authority is dead while programs live on open connections. One that restarts alone is
    /// alone for good.
    AuthorityDead,
    /// An authority is dead and the programs are down, or its key is lost with dead leaves.
    AllDead,
    /// Files of several rotations: some do not accept others.
    Mixed,
}

impl Class {
    /// Whether something has ended without which members do not find each other again.
    pub(crate) fn is_dead(self) -> bool {
        matches!(self, Self::LeavesDead | Self::AuthorityDead | Self::AllDead)
    }
}

/// The class with the reason for it, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub class: Class,
    pub why: String,
}

/// The condition of etcd's certificates and of its consumers' on all hosts that were reached.
pub fn condition(facts: &Facts) -> Condition {
    of(&Scope::of(facts, &Health::default(), &Wish::default()), facts.now)
}

pub(crate) fn of(scope: &Scope, now: Timestamp) -> Condition {
    let leaves: Vec<&Certificate> = scope.leaves.iter().map(|leaf| &leaf.certificate).collect();
    let dead_leaves: Vec<_> = leaves.iter().filter(|one| !one.is_valid_at(now)).collect();
    let authorities = scope.authorities.iter().map(|authority| &authority.certificate);
    let dead_authority =
        authorities.filter(|one| !one.is_valid_at(now)).min_by_key(|one| one.not_after);
    let is_running = scope.leaves.iter().flat_map(|leaf| &leaf.spots).any(|spot| spot.is_running);
    if let Some(dead) = dead_authority {
        let why = format!("the authority {:?} {}", dead.name(), since(dead, now));
        return match is_running {
            true => Condition {
                class: Class::AuthorityDead,
                why: format!("{why}; open connections go on, every new one fails"),
            },
            false => Condition { class: Class::AllDead, why },
        };
    }
    if let Some(misfit) = scope.misfits.first() {
        return Condition { class: Class::Mixed, why: misfit.clone() };
    }
    if let Some(first) = dead_leaves.iter().min_by_key(|one| one.not_after) {
        let is_lost = scope.leaves.iter().any(|leaf| {
            !leaf.certificate.is_valid_at(now)
                && scope.authority(&leaf.authority).is_none_or(|authority| !authority.has_key)
        });
        let until = scope.authorities.iter().map(|one| one.certificate.not_after).min();
        let until = until.unwrap_or(now).strftime("%Y-%m-%d");
        let count = match dead_leaves.len() == leaves.len() {
            true => format!("all {} certificates of etcd are dead", leaves.len()),
            false => {
                format!("{} of {} certificates of etcd are dead", dead_leaves.len(), leaves.len())
            }
        };
        let why = format!("{count}: {:?} {}", first.name(), since(first, now));
        return match is_lost {
            true => Condition {
                class: Class::AllDead,
                why: format!("{why}; the authority's key is lost"),
            },
            false => Condition {
                class: Class::LeavesDead,
                why: format!("{why}; the authorities are valid to {until}"),
            },
        };
    }
    Condition { class: Class::Sound, why: "everything is valid".to_owned() }
}

/// Where all that is dead lies on one host among several, its clock is the first suspect.
pub(crate) fn only_host_with_dead(scope: &Scope, now: Timestamp) -> Option<HostName> {
    let hosts = scope.hosts();
    let dead: BTreeSet<&HostName> = scope
        .leaves
        .iter()
        .filter(|leaf| !leaf.certificate.is_valid_at(now))
        .flat_map(|leaf| leaf.spots.iter().map(|spot| &spot.host))
        .collect();
    match dead.first() {
        Some(only) if dead.len() == 1 && hosts.len() > 1 => Some((*only).clone()),
        _ => None,
    }
}

fn since(certificate: &Certificate, now: Timestamp) -> String {
    if certificate.not_before > now {
        return format!("is not valid before {}", certificate.not_before);
    }
    format!(
        "expired {} ago, on {}",
        duration(now.duration_since(certificate.not_after)),
        certificate.not_after.strftime("%Y-%m-%d %H:%M UTC")
    )
}

/// `3 d 4 h`, `5 h 10 min`, `12 min`.
pub fn duration(time: SignedDuration) -> String {
    let minutes = time.abs().as_mins();
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        (1..=9, _) => format!("{days} d {hours} h"),
        _ => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests;
