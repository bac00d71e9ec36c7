//! Certificates of Certificate Manager on the listeners of AWS load balancers that somebody else
//! made.
//!
//! What is new is attached before what it replaces is taken away, and the default changes in
//! between, each in its own round: no handshake finds less than the one before. What to do in a
//! round is decided by [`plan()`]; certificates that are not ours are never touched.

mod api;
mod plan;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use issue::IssueError;
use jiff::Timestamp;
use model::Name;
use tracing::info;

use crate::Account;
use api::{Api, Done};
pub use plan::{Action, Blocked, Have, Held, plan};

/// Certificates beside the defaults on one load balancer, unless the quota was raised.
pub const USUAL_QUOTA: usize = 25;
/// A change reaches all nodes of a load balancer within seconds; until this long after the last
/// one nothing is taken away.
const SETTLES_IN: Duration = Duration::from_secs(60);
/// A certificate that was just issued is not known everywhere in AWS.
const NOT_KNOWN_YET: Duration = Duration::from_secs(10);

/// One certificate that a listener should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub arn: String,
    pub names: Vec<Name>,
    pub not_after: Timestamp,
}

/// What one round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub done: Vec<Action>,
    pub blocked: Vec<Blocked>,
    /// When there is more to do; `None`: all is as wanted, or blocked.
    pub again_in: Option<Duration>,
}

pub struct Listeners {
    api: Api,
    /// Certificates beside the defaults on one load balancer.
    quota: usize,
    /// When each listener was changed last, or first looked at.
    quiet_since: Mutex<HashMap<String, Timestamp>>,
}

impl Listeners {
    pub fn new(account: &Account, quota: usize) -> Self {
        Self { api: Api::new(account), quota, quiet_since: Mutex::default() }
    }

    /// Takes one listener a round closer to `wants`, of which the first is wanted most.
    ///
    /// `held` tells what is known of certificates that were attached by Doorward earlier, by ARN;
    /// what is in neither list belongs to others.
    pub async fn reconcile(
        &self,
        listener: &str,
        wants: &[Wanted],
        held: &[Held],
        now: Timestamp,
    ) -> Result<Round, IssueError> {
        let (load_balancer, default) = self.api.listener(listener).await?;
        let attached = self.api.certificates(listener).await?;
        let mut used = attached.len();
        for other in self.api.listeners(&load_balancer).await? {
            if other != listener {
                used += self.api.certificates(&other).await?.len();
            }
        }
        let have = Have {
            default,
            attached: attached.into_iter().collect::<BTreeSet<_>>(),
            held: held.to_vec(),
            free: self.quota.saturating_sub(used),
            is_settled: self.settles_in(listener, now).is_zero(),
        };
        let planned = plan(wants, &have, now);
        let mut round = Round { blocked: planned.blocked, ..Round::default() };
        for action in planned.actions {
            match self.api.carry_out(listener, &action).await? {
                Done::Yes => {
                    info!(%listener, ?action, "changed a listener's certificates");
                    self.note_change(listener, now);
                    round.done.push(action);
                }
                Done::NotYet => {
                    round.again_in = Some(NOT_KNOWN_YET);
                    return Ok(round);
                }
                Done::TooMany => {
                    let arn = action.arn().to_owned();
                    round.blocked.push(Blocked { arn, limit: self.quota });
                }
            }
        }
        round.again_in = match (round.done.is_empty(), planned.is_waiting) {
            (false, _) => Some(Duration::ZERO),
            (true, true) => Some(self.settles_in(listener, now)),
            (true, false) => None,
        };
        Ok(round)
    }

    /// After a restart nobody knows what was changed last, so waiting begins anew.
    fn settles_in(&self, listener: &str, now: Timestamp) -> Duration {
        let mut quiet_since = self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *quiet_since.entry(listener.to_owned()).or_insert(now);
        // A clock that was set back is taken for no time at all.
        let quiet = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        SETTLES_IN.saturating_sub(quiet)
    }

    fn note_change(&self, listener: &str, now: Timestamp) {
        let mut quiet_since = self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner);
        quiet_since.insert(listener.to_owned(), now);
    }
}

#[cfg(test)]
mod tests;
