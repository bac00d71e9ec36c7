//! What to do to a listener in one round: a pure function of what is wanted and what is there.
//!
//! Rounds come in this order, and none does the work of two: attach what is missing; change the
//! default; when all has settled, take away what is ours and not wanted any more.

use std::collections::BTreeSet;

use jiff::Timestamp;
use model::Name;

use super::Wanted;

/// What is on the listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Have {
    pub default: Option<String>,
    /// ARNs of the list from which the load balancer chooses by SNI.
    pub attached: BTreeSet<String>,
    pub held: Vec<Held>,
    /// How many more the load balancer takes.
    pub free: usize,
    /// Whether the last change has reached every node.
    pub is_settled: bool,
}

/// What is known of a certificate of ours that is perhaps not wanted any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub arn: String,
    pub names: Vec<Name>,
    pub not_after: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Add(String),
    Remove(String),
    MakeDefault(String),
}

impl Action {
    pub fn arn(&self) -> &str {
        match self {
            Self::Add(arn) | Self::Remove(arn) | Self::MakeDefault(arn) => arn,
        }
    }
}

/// The load balancer has no room for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub arn: String,
    /// Certificates that it takes.
    pub limit: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    pub actions: Vec<Action>,
    pub blocked: Vec<Blocked>,
    /// Something is to be taken away later.
    pub is_waiting: bool,
}

pub fn plan(wants: &[Wanted], have: &Have, now: Timestamp) -> Planned {
    let mut planned = attach(wants, have, now);
    if !planned.actions.is_empty() {
        return planned;
    }
    if let Some(arn) = new_default(wants, have, now) {
        planned.actions.push(Action::MakeDefault(arn));
        return planned;
    }
    let surplus = surplus(wants, have, now);
    match have.is_settled {
        true => planned.actions = surplus.into_iter().map(Action::Remove).collect(),
        false => planned.is_waiting = !surplus.is_empty(),
    }
    planned
}

/// Where there is no room, one that can be spared makes place, and only right before its place is
/// taken.
fn attach(wants: &[Wanted], have: &Have, now: Timestamp) -> Planned {
    let mut planned = Planned::default();
    let mut free = have.free;
    let mut there = have.clone();
    for want in wants.iter().filter(|want| !have.attached.contains(&want.arn)) {
        if free > 0 {
            free -= 1;
        } else if let Some(spare) = surplus(wants, &there, now).into_iter().next() {
            there.attached.remove(&spare);
            planned.actions.push(Action::Remove(spare));
        } else {
            let limit = have.attached.len() + have.free;
            planned.blocked.push(Blocked { arn: want.arn.clone(), limit });
            continue;
        }
        planned.actions.push(Action::Add(want.arn.clone()));
    }
    planned
}

/// The default stays as long as it is wanted and valid: clients without SNI should not see it
/// change for nothing.
fn new_default(wants: &[Wanted], have: &Have, now: Timestamp) -> Option<String> {
    let is_good = |want: &&Wanted| want.not_after > now && have.attached.contains(&want.arn);
    let is_ours = |arn: &String| {
        wants.iter().any(|want| want.arn == *arn) || have.held.iter().any(|held| held.arn == *arn)
    };
    let default = have.default.as_ref();
    let stays = default.is_some_and(|arn| {
        !is_ours(arn) || wants.iter().any(|want| want.arn == *arn && want.not_after > now)
    });
    if stays { None } else { wants.iter().find(is_good).map(|want| want.arn.clone()) }
}

/// What is ours, not wanted, and not needed: each of its names that is still wanted is on another
/// valid certificate that is attached.
fn surplus(wants: &[Wanted], have: &Have, now: Timestamp) -> Vec<String> {
    let is_wanted = |arn: &str| wants.iter().any(|want| want.arn == arn);
    let mut gone = BTreeSet::new();
    let mut surplus = Vec::new();
    for held in &have.held {
        let is_candidate = have.attached.contains(&held.arn)
            && !is_wanted(&held.arn)
            && have.default.as_ref() != Some(&held.arn);
        if !is_candidate {
            continue;
        }
        let others: Vec<(&str, &[Name], Timestamp)> = wants
            .iter()
            .map(|want| (want.arn.as_str(), &want.names[..], want.not_after))
            .chain(have.held.iter().map(|one| (one.arn.as_str(), &one.names[..], one.not_after)))
            .filter(|(arn, _, end)| {
                *arn != held.arn
                    && !gone.contains(*arn)
                    && have.attached.contains(*arn)
                    && *end > now
            })
            .collect();
        let is_covered = |name: &Name| {
            others.iter().any(|(_, names, _)| names.iter().any(|other| other.covers(name)))
        };
        // One that has expired serves nobody, but nothing is lost by waiting for the new one.
        let still_wanted = wants
            .iter()
            .flat_map(|want| &want.names)
            .filter(|name| held.names.iter().any(|own| own.covers(name)));
        if { still_wanted }.all(is_covered) {
            gone.insert(held.arn.as_str());
            surplus.push(held.arn.clone());
        }
    }
    surplus
}

#[cfg(test)]
mod tests;
