//! What to do to a listener in one round: a pure function of what is wanted and what is there.
//!
//! Rounds come in this order, and none does the work of two: attach what is missing; change the
//! default; when all has settled, take away what is ours and not wanted any more.

use std::collections::BTreeSet;

use jiff::Timestamp;
use model::{Arn, Name};

use super::{Facts, Record};

/// What a listener should carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The first is wanted most, and as the default.
    pub certificates: Vec<Wanted>,
    /// Names whose certificates cannot be attached yet: who has them stays.
    pub pending: Vec<Name>,
    /// Something is wanted of which not even the names are known: nothing is taken away.
    pub is_unclear: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub arn: Arn,
    pub facts: Facts,
}

/// What is on the listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Have {
    pub default: Option<Arn>,
    /// The list from which the load balancer chooses by SNI.
    pub attached: BTreeSet<Arn>,
    /// Whether the load balancer takes more, as far as is known.
    pub has_room: bool,
    /// Certificates that AWS would not take just now.
    pub refused: BTreeSet<Arn>,
    /// Whether the last change has reached every node.
    pub is_settled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Add(Arn),
    Remove(Arn),
    MakeDefault(Arn),
}

impl Action {
    pub fn arn(&self) -> &Arn {
        match self {
            Self::Add(arn) | Self::Remove(arn) | Self::MakeDefault(arn) => arn,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    pub actions: Vec<Action>,
    /// The load balancer has no room for these.
    pub blocked: Vec<Arn>,
    /// Something is to be taken away later.
    pub is_waiting: bool,
}

/// `record`: what is ours of what is there.
pub fn plan(wants: &Wants, have: &Have, record: &Record, now: Timestamp) -> Planned {
    let mut planned = attach(wants, have, record, now);
    if !planned.actions.is_empty() {
        return planned;
    }
    if let Some(arn) = new_default(wants, have, record, now) {
        planned.actions.push(Action::MakeDefault(arn));
        return planned;
    }
    let surplus = surplus(wants, have, record, now);
    match have.is_settled {
        true => planned.actions = surplus.into_iter().map(Action::Remove).collect(),
        false => planned.is_waiting = !surplus.is_empty(),
    }
    planned
}

/// Where there is no room, one that can be spared makes place, and only right before its place is
/// taken.
fn attach(wants: &Wants, have: &Have, record: &Record, now: Timestamp) -> Planned {
    let mut planned = Planned::default();
    let mut there = have.clone();
    let missing = wants.certificates.iter().map(|want| &want.arn);
    for arn in missing.filter(|arn| !have.attached.contains(arn) && !have.refused.contains(arn)) {
        if !have.has_room {
            let Some(spare) = surplus(wants, &there, record, now).into_iter().next() else {
                planned.blocked.push(arn.clone());
                continue;
            };
            there.attached.remove(&spare);
            planned.actions.push(Action::Remove(spare));
        }
        planned.actions.push(Action::Add(arn.clone()));
    }
    planned
}

/// The default stays as long as it is wanted and valid: clients without SNI should not see it
/// change for nothing. One that somebody else chose always stays.
fn new_default(wants: &Wants, have: &Have, record: &Record, now: Timestamp) -> Option<Arn> {
    let is_refused = |want: &Wanted| have.refused.contains(&want.arn);
    // What comes may be its successor.
    let is_unfinished =
        wants.is_unclear || !wants.pending.is_empty() || wants.certificates.iter().any(is_refused);
    let stays = have.default.as_ref().is_some_and(|default| {
        match wants.certificates.iter().find(|want| want.arn == *default) {
            Some(want) => want.facts.not_after > now,
            None if record.is_own_default(default) => {
                let is_expired = record.held(default).is_some_and(|held| held.not_after <= now);
                is_unfinished && !is_expired
            }
            None => true,
        }
    });
    let is_good = |want: &&Wanted| {
        want.facts.not_after > now && have.attached.contains(&want.arn) && !is_refused(want)
    };
    if stays { None } else { wants.certificates.iter().find(is_good).map(|want| want.arn.clone()) }
}

/// What is ours, not wanted, and not needed: each of its names that is still wanted is on another
/// valid certificate that is attached.
fn surplus(wants: &Wants, have: &Have, record: &Record, now: Timestamp) -> Vec<Arn> {
    if wants.is_unclear {
        return Vec::new();
    }
    let is_wanted = |arn: &Arn| wants.certificates.iter().any(|want| want.arn == *arn);
    let mut gone = BTreeSet::new();
    let mut surplus = Vec::new();
    for held in &record.held {
        let is_candidate = have.attached.contains(&held.arn)
            && !is_wanted(&held.arn)
            && have.default.as_ref() != Some(&held.arn);
        if !is_candidate {
            continue;
        }
        let others: Vec<&[Name]> = wants
            .certificates
            .iter()
            .map(|want| (&want.arn, &want.facts.names[..], want.facts.not_after))
            .chain(record.held.iter().map(|one| (&one.arn, &one.names[..], one.not_after)))
            .filter(|(arn, _, end)| {
                **arn != held.arn
                    && !gone.contains(*arn)
                    && have.attached.contains(*arn)
                    && *end > now
            })
            .map(|(_, names, _)| names)
            .collect();
        let is_covered =
            |name: &Name| others.iter().any(|names| names.iter().any(|other| other.covers(name)));
        // One that has expired serves nobody, but nothing is lost by waiting for the new one.
        let wanted = wants.certificates.iter().flat_map(|want| &want.facts.names);
        let mut still_wanted = wanted
            .chain(&wants.pending)
            .filter(|name| held.names.iter().any(|own| own.covers(name)));
        if still_wanted.all(is_covered) {
            gone.insert(&held.arn);
            surplus.push(held.arn.clone());
        }
    }
    surplus
}

#[cfg(test)]
mod tests;
