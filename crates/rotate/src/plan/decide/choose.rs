//! Which mode, and why in a sentence. The gentlest that leads to the goal, unless another one
//! was asked for and is possible.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::YEAR;
use crate::{
    HostName,
    expiry::{Class, Condition, duration},
    finding::Finding,
    plan::{
        Mode, Wish,
        scope::{Authority, Realm, Scope},
    },
};

pub(super) struct Choice {
    pub(super) mode: Mode,
    pub(super) why: String,
}

/// Whether this authority itself is made anew, not only its leaves.
pub(crate) fn changes(
    scope: &Scope,
    authority: &Authority,
    mode: Mode,
    wish: &Wish,
    now: Timestamp,
) -> bool {
    let is_dead = !authority.certificate.is_valid_at(now);
    match mode {
        Mode::Leaf => false,
        Mode::Sweep if wish.mode == Some(Mode::Sweep) => true,
        // etcd's stop together, so they change together; what is well beside it is let alone.
        Mode::Sweep => {
            is_dead || scope.realm(&authority.id) == Realm::Etcd && is_etcd_ill(scope, now)
        }
        _ => wish.mode.is_some() || is_due(authority, wish, now),
    }
}

fn is_due(authority: &Authority, wish: &Wish, now: Timestamp) -> bool {
    wish.compromised || !authority.has_key || authority.certificate.not_after <= now + YEAR
}

fn is_etcd_ill(scope: &Scope, now: Timestamp) -> bool {
    let is_etcds = |id: &str| matches!(scope.realm(id), Realm::Etcd | Realm::Both);
    !scope.misfits.is_empty()
        || scope
            .authorities
            .iter()
            .filter(|one| is_etcds(&one.id))
            .any(|one| !one.certificate.is_valid_at(now))
        || scope
            .leaves
            .iter()
            .filter(|leaf| is_etcds(&leaf.authority))
            .any(|leaf| !leaf.certificate.is_valid_at(now))
}

/// `is_alive`: etcd answers, so that a sweep would take something away.
pub(super) fn mode(
    scope: &Scope,
    condition: &Condition,
    wish: &Wish,
    now: Timestamp,
    is_alive: bool,
) -> Result<Choice, Finding> {
    if wish.mode.is_none() && scope.is_following() {
        return Ok(Choice { mode: Mode::Leaf, why: following(scope) });
    }
    let why = condition.why.clone();
    match (condition.class, wish.mode) {
        (Class::Mixed, None) if is_alive && !wish.accepts_absence => {
            return Err(Finding::everywhere(format!(
                "{why}. What lies here is of several rotations:\n  {}\nIf a run of doorward was \
                 cut off, resume it or roll it back. Else nothing gentler than all at once leads \
                 to one set: ask for --mode sweep, and etcd is away from the first stop to the \
                 last start",
                scope.matrix().join("\n  ")
            )));
        }
        (Class::AuthorityDead | Class::AllDead | Class::Mixed, None | Some(Mode::Sweep)) => {
            return Ok(Choice { mode: Mode::Sweep, why });
        }
        (Class::AuthorityDead | Class::AllDead, Some(Mode::SameKey)) => {
            return match obstacle(scope, wish, Mode::SameKey, now) {
                Some(obstacle) => Err(Finding::everywhere(obstacle)),
                None => Ok(Choice { mode: Mode::Sweep, why }),
            };
        }
        (Class::AuthorityDead | Class::AllDead | Class::Mixed, Some(asked)) => {
            return Err(Finding::everywhere(format!(
                "--mode {asked} is not possible: {why}; leave it out, and all is made anew in one sweep"
            )));
        }
        // Both must be trusted by healthy members before the first new leaf; dead ones cannot.
        (Class::LeavesDead, Some(Mode::Bundle)) => {
            return Ok(Choice { mode: Mode::Sweep, why });
        }
        _ => {}
    }
    let broken = scope.hosts_in_repair();
    if !broken.is_empty() && wish.mode != Some(Mode::Sweep) {
        return repair(scope, wish, &broken, now);
    }
    if let Some(asked) = wish.mode {
        return match obstacle(scope, wish, asked, now) {
            Some(obstacle) => Err(Finding::everywhere(obstacle)),
            None => Ok(Choice { mode: asked, why: format!("asked for; {why}") }),
        };
    }
    let Some(first) = scope.authorities.iter().min_by_key(|one| one.certificate.not_after) else {
        return Err(Finding::everywhere("no authority was found that issued etcd's certificates"));
    };
    let ends = first.certificate.not_after;
    let left = duration(ends.duration_since(now));
    let first_name = first.certificate.name();
    if ends > now + YEAR && !wish.compromised && obstacle(scope, wish, Mode::Leaf, now).is_none() {
        let why = match condition.class {
            Class::LeavesDead => format!("{why}. No restart needed"),
            _ => format!(
                "the authorities are valid to {} or longer, so only leaves are renewed; {}",
                ends.strftime("%Y-%m-%d"),
                match wish.kubernetes {
                    true => "only what reads a kubeconfig is restarted",
                    false => "nothing is restarted",
                }
            ),
        };
        return Ok(Choice { mode: Mode::Leaf, why });
    }
    let reason = match wish.compromised {
        true => "the old key is known to others".to_owned(),
        false => format!("{first_name:?} ends in {left}, on {}", ends.strftime("%Y-%m-%d")),
    };
    match obstacle(scope, wish, Mode::Cross, now) {
        None => Ok(Choice {
            mode: Mode::Cross,
            why: format!(
                "{reason}; its key is at hand, so it vouches for its successor: one rolling restart"
            ),
        }),
        Some(obstacle) if condition.class == Class::LeavesDead => {
            Ok(Choice { mode: Mode::Sweep, why: format!("{why}; {obstacle}") })
        }
        Some(obstacle) => match self::obstacle(scope, wish, Mode::Bundle, now) {
            None => Ok(Choice {
                mode: Mode::Bundle,
                why: format!("{obstacle}; a new CA is needed (2 rolling restarts)"),
            }),
            Some(obstacle) => Err(Finding::everywhere(obstacle)),
        },
    }
}

/// Members that present nothing are brought back before anything is asked of the others.
fn repair(
    scope: &Scope,
    wish: &Wish,
    broken: &BTreeSet<HostName>,
    now: Timestamp,
) -> Result<Choice, Finding> {
    let hosts: Vec<String> = broken.iter().map(ToString::to_string).collect();
    let hosts = hosts.join(", ");
    if let Some(asked) = wish.mode.filter(|asked| *asked != Mode::Leaf) {
        return Err(Finding::everywhere(format!(
            "--mode {asked} needs every member whole, and on {hosts} a key is another's: repair \
             first, without --mode, and renew then"
        )));
    }
    match obstacle(scope, wish, Mode::Leaf, now) {
        Some(obstacle) => Err(Finding::everywhere(format!(
            "{obstacle}, and on {hosts} a key is another's: ask for --mode sweep, and etcd is \
             away from the first stop to the last start"
        ))),
        None => Ok(Choice {
            mode: Mode::Leaf,
            why: format!(
                "on {hosts} a key is another's, so these pairs are made anew before all else; \
                 renew once more for the rest"
            ),
        }),
    }
}

fn following(scope: &Scope) -> String {
    let followers = scope.authorities.iter().filter_map(|old| {
        let new = scope.authority(old.successor.as_ref()?)?;
        Some(format!("{:?} gives way to {:?}", old.certificate.name(), new.certificate.name()))
    });
    let followers = followers.collect::<Vec<_>>().join(", ");
    let behind: Vec<String> = scope.hosts_behind().iter().map(ToString::to_string).collect();
    match behind.is_empty() {
        true => format!("the overlap ends: {followers}"),
        false => format!("{} was left behind: {followers}, as on the others", behind.join(", ")),
    }
}

/// Why a mode cannot be taken, in a sentence without its end.
fn obstacle(scope: &Scope, wish: &Wish, mode: Mode, now: Timestamp) -> Option<String> {
    let first = |test: &dyn Fn(&&Authority) -> bool| scope.authorities.iter().find(test);
    let changing = |test: fn(&Authority) -> bool| {
        first(&|one| test(one) && changes(scope, one, mode, wish, now))
    };
    if matches!(mode, Mode::Leaf | Mode::SameKey | Mode::Cross)
        && let Some(keyless) = first(&|one| !one.has_key)
    {
        return Some(format!(
            "the key of {:?} is on none of the masters, so nothing can be signed in its name",
            keyless.certificate.name()
        ));
    }
    // One that another of these vouches for is a successor of a run that was cut off.
    let is_elsewhere = |one: &&Authority| {
        !one.certificate.is_self_issued()
            && !scope.authorities.iter().any(|up| one.certificate.is_issued_by(&up.certificate))
            && changes(scope, one, mode, wish, now)
    };
    if let Some(below) = first(&is_elsewhere) {
        return Some(format!(
            "{:?} was itself issued by {:?}: have it renewed there, and ask for --mode leaf here",
            below.certificate.name(),
            below.certificate.issuer
        ));
    }
    match mode {
        Mode::SameKey if wish.compromised => {
            Some("a key that others know is not kept: leave out --mode same-key".to_owned())
        }
        Mode::Cross => changing(|one| one.certificate.path_length == Some(0))
            .map(|one| format!("{:?} allows no authority below itself", one.certificate.name())),
        _ => None,
    }
}
