//! Whether etcd's members are well together: judged from what its members say of themselves.

use std::{collections::BTreeSet, fmt};

use crate::{HostName, run::SceneEtcd, site::MemberStatus};

/// What one member answered to a read that needs a quorum, and of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    pub host: HostName,
    pub answer: Result<MemberStatus, Silence>,
}

/// A member that does not take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub why: String,
    /// What it says of itself nevertheless.
    pub status: Option<MemberStatus>,
}

/// All members that were asked, and whom they agree to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    pub members: Vec<MemberView>,
    /// The host of the one leader that all who answered name.
    pub leader: Option<HostName>,
}

/// Entries that a member may be behind in applying what it has.
const MOST_UNAPPLIED: u64 = 1000;

impl Quorum {
    pub fn of(members: Vec<MemberView>) -> Self {
        let leader = agreed(&members);
        Self { members, leader }
    }

    /// How many answered, of how many.
    pub fn count(&self) -> (usize, usize) {
        let well = self.members.iter().filter(|view| view.answer.is_ok()).count();
        (well, self.members.len())
    }

    /// Whether the member on `host` may be stopped: every other one that was well when the run
    /// began is well, and they follow one leader.
    pub fn others_ready(&self, host: &HostName, found: &SceneEtcd) -> Result<(), String> {
        for view in self.members.iter().filter(|view| view.host != *host) {
            self.member_well(view, found)?;
        }
        match self.leader {
            None if self.members.len() > 1 => Err(self.leaderless()),
            _ => Ok(()),
        }
    }

    /// Whether all are well that were so when the run began.
    pub fn all_well(&self, found: &SceneEtcd) -> Result<(), String> {
        self.members.iter().try_for_each(|view| self.member_well(view, found))?;
        // One that was not heard when the run began may well lead.
        let is_led = match found.down.is_empty() {
            true => self.leader.is_some(),
            false => followed(&self.members).is_some(),
        };
        is_led.then_some(()).ok_or_else(|| self.leaderless())
    }

    /// The highest term that anybody names; 0 where nobody answers at all.
    pub fn term(&self) -> u64 {
        self.statuses().map(|status| status.term).max().unwrap_or_default()
    }

    /// Of those who say anything.
    fn statuses(&self) -> impl Iterator<Item = &MemberStatus> {
        self.members.iter().filter_map(|view| match &view.answer {
            Ok(status) => Some(status),
            Err(silence) => silence.status.as_ref(),
        })
    }

    fn leaderless(&self) -> String {
        let terms: BTreeSet<u64> = self.statuses().map(|status| status.term).collect();
        let terms: Vec<String> = terms.iter().map(u64::to_string).collect();
        format!("members do not agree on a leader (term {})", terms.join(", "))
    }

    /// Whether everybody answers and follows one leader, where nobody could before.
    pub fn well_again(&self) -> Result<(), String> {
        let statuses = self.members.iter().filter_map(|view| view.answer.as_ref().ok());
        let cluster = statuses.map(|status| status.cluster).next().unwrap_or_default();
        self.all_well(&SceneEtcd { cluster, ..SceneEtcd::default() })
    }

    fn member_well(&self, view: &MemberView, found: &SceneEtcd) -> Result<(), String> {
        let host = &view.host;
        let status = match &view.answer {
            Ok(status) => status,
            Err(_) if found.down.contains(host) => return Ok(()),
            Err(silence) => return Err(self.silent(host, silence)),
        };
        let behind = status.index.saturating_sub(status.applied);
        if status.cluster != found.cluster {
            Err(format!("etcd on {host} is of another cluster ({:x})", status.cluster))
        } else if status.revision < found.revision {
            let (now, then) = (status.revision, found.revision);
            Err(format!("etcd on {host} went back from revision {then} to {now}"))
        } else if let Some(error) = status.errors.first() {
            Err(format!("etcd on {host} reports {error}"))
        } else if status.is_learner {
            Err(format!("etcd on {host} is a learner"))
        } else if behind >= MOST_UNAPPLIED {
            Err(replaying(host, status.applied, status.index))
        } else {
            Ok(())
        }
    }

    /// Who is far behind everybody cannot answer yet; all else is silence.
    fn silent(&self, host: &HostName, silence: &Silence) -> String {
        let furthest = self.statuses().map(|status| status.index).max().unwrap_or_default();
        let applied = silence.status.as_ref().map(|status| status.applied);
        match applied.filter(|applied| furthest.saturating_sub(*applied) >= MOST_UNAPPLIED) {
            Some(applied) => replaying(host, applied, furthest),
            None => format!("etcd on {host} does not answer: {}", silence.why),
        }
    }

    /// A healthy follower to lead instead of `host`: the one that has applied most.
    pub fn successor(&self, host: &HostName) -> Option<(u64, &HostName)> {
        let others = self.members.iter().filter(|view| view.host != *host);
        let well = others.filter_map(|view| Some((&view.host, view.answer.as_ref().ok()?)));
        let well = well.filter(|(_, status)| !status.is_learner);
        let best = well.max_by_key(|(_, status)| status.applied);
        best.map(|(host, status)| (status.member, host))
    }
}

fn replaying(host: &HostName, applied: u64, index: u64) -> String {
    let (applied, index) = (Grouped(applied), Grouped(index));
    format!("etcd on {host} is still replaying (applied {applied} / {index})")
}

/// A number in groups of three digits.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            few @ 0..1000 => write!(f, "{few}"),
            many => write!(f, "{} {:03}", Self(many / 1000), many % 1000),
        }
    }
}

/// The host of whom all who answer follow, if it answers too.
fn agreed(members: &[MemberView]) -> Option<HostName> {
    let leader = followed(members)?;
    let leads =
        |view: &&MemberView| view.answer.as_ref().is_ok_and(|status| status.member == leader);
    members.iter().find(leads).map(|view| view.host.clone())
}

/// The member that all who answer name as their leader, in the same term.
fn followed(members: &[MemberView]) -> Option<u64> {
    let statuses = members.iter().filter_map(|view| view.answer.as_ref().ok());
    let named: BTreeSet<(u64, u64)> = statuses.map(|status| (status.leader, status.term)).collect();
    match Vec::from_iter(named)[..] {
        [(leader, _)] if leader != 0 => Some(leader),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
