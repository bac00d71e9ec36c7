//! How the cluster's PKI is: every certificate with the day on which it really stops working,
//! whether processes present what lies on disk, and who holds and trusts which authority. Pure.
//!
//! A leaf is worth no more than its chain: its *effective* end is the earliest of the leaf's and
//! of those above it. Some installers give leaves of 50 years to CAs of five.

mod authority;
mod certificate;
mod chain;
mod file;
mod running;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    Component, Facts, HostFacts, HostName,
    expiry::{self, Class},
    inventory::Layout,
};

pub use authority::{Authority, Truster};
pub use certificate::{Certificate, Kind, Served};
pub use file::{File, files};

/// From here on an end is critical, however long ahead it was asked to warn.
const CRITICAL: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Everything, as one JSON document too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub at: Timestamp,
    pub hosts: Vec<Host>,
    /// Those that end first stand first.
    pub certificates: Vec<Certificate>,
    pub authorities: Vec<Authority>,
    /// Of processes rather than of files.
    pub problems: Vec<Problem>,
    /// What has ended and what heals it, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Files of several rotations lie on the hosts, and some do not accept others.
    pub is_half_rotated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    pub name: HostName,
    /// Why it could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreached: Option<String>,
    pub layout: Layout,
    pub clock_ahead_seconds: i64,
    /// Where each program's paths were found.
    pub found: Vec<String>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub host: HostName,
    pub text: String,
}

/// How a certificate or an authority is; later ones are worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum State {
    Ok,
    /// Ends within the time that was asked for.
    Warn,
    /// Ends within 14 days.
    Critical,
    NotYetValid,
    Expired,
    /// The key is not its key, or a process presents another.
    Differs,
    Missing,
}

impl State {
    /// Of something that is good until `end`.
    fn until(end: Timestamp, now: Timestamp, within: SignedDuration) -> Self {
        let left = now.duration_until(end);
        match left {
            _ if left <= SignedDuration::ZERO => Self::Expired,
            _ if left < CRITICAL => Self::Critical,
            _ if left < within => Self::Warn,
            _ => Self::Ok,
        }
    }

    fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warn => 1,
            Self::Critical | Self::NotYetValid | Self::Expired => 2,
            Self::Differs | Self::Missing => 3,
        }
    }
}

impl Status {
    /// Warns of what ends within the time given.
    pub fn of(facts: &Facts, within: SignedDuration) -> Self {
        let pool = chain::Pool::of(facts);
        let condition = expiry::condition(facts);
        Self {
            at: facts.now,
            hosts: facts.hosts.iter().map(|(name, seen)| Host::of(name, seen)).collect(),
            certificates: certificate::all(facts, &pool, within),
            authorities: authority::all(facts, &pool, within),
            problems: running::problems(facts),
            is_half_rotated: condition.class == Class::Mixed,
            condition: (condition.class != Class::Sound).then_some(condition.why),
        }
    }

    /// For monitors: 0 all is well; 1 something ends soon; 2 something ends within 14 days or has
    /// ended; 3 files, keys and processes do not go together; 4 a host could not be looked at.
    pub fn exit_code(&self) -> u8 {
        let certificates = self.certificates.iter().map(|one| one.state.exit_code());
        let authorities = self.authorities.iter().map(|one| one.state.exit_code());
        let problems = self.problems.iter().map(|_| 3).chain(self.is_half_rotated.then_some(3));
        let unseen = self.hosts.iter().filter(|host| host.unreached.is_some()).map(|_| 4);
        certificates.chain(authorities).chain(problems).chain(unseen).max().unwrap_or(0)
    }
}

impl Host {
    fn of(name: &HostName, seen: &HostFacts) -> Self {
        let found =
            |component: &Component| format!("{}: {}", component.program, component.found_in);
        let mut notes = seen.notes.clone();
        notes.extend(running::unread(seen));
        if let Layout::K3s | Layout::Rke2 = seen.layout {
            notes.push(format!(
                "{0} makes its certificates itself: `doorward pki renew` has each server do so in turn, by `{0} certificate rotate`",
                layout_name(seen.layout),
            ));
        }
        Self {
            name: name.clone(),
            unreached: seen.unreached.clone(),
            layout: seen.layout,
            clock_ahead_seconds: seen.clock_ahead.as_secs(),
            found: seen.components.iter().map(found).collect(),
            notes,
        }
    }
}

fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::K3s => "k3s",
        _ => "rke2",
    }
}

#[cfg(test)]
mod tests;
