//! How long to wait for AWS: until a change has reached all nodes of a load balancer, until a
//! certificate is known everywhere, until there may be room again. Lost with the process, and
//! found out again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use model::Arn;

use super::{Action, Trouble, TroubleKind, Wish};

/// A change reaches all nodes of a load balancer within seconds; until this long after the last
/// one nothing is taken away.
const SETTLES_IN: Duration = Duration::from_secs(60);
/// A certificate that was just issued is not known everywhere in AWS; one that never will be is
/// tried less and less.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(30 * 60);
/// So many refusals of a certificate are AWS being slow.
const PATIENCE: u32 = 3;
/// Somebody else may make room on a load balancer, or have its quota raised.
const FULL_FOR: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, Default)]
pub(super) struct Patience {
    listeners: BTreeMap<Arn, OfListener>,
    /// Load balancers without room, and until when that is believed.
    full: BTreeMap<String, Timestamp>,
}

#[derive(Debug)]
struct OfListener {
    wish: Wish,
    /// When it was changed last, what is wanted of it was, or it was first looked at.
    quiet_since: Timestamp,
    refused: BTreeMap<Arn, Refused>,
}

#[derive(Debug)]
struct Refused {
    kind: TroubleKind,
    times: u32,
    until: Timestamp,
}

impl Patience {
    /// What is not wanted any more may be wanted again at once, as when an object is written anew.
    pub(super) fn wish(&mut self, listener: &Arn, wish: &Wish, now: Timestamp) {
        let known = self.listeners.get_mut(listener).filter(|known| known.wish == *wish);
        if known.is_none() {
            let new = OfListener { wish: wish.clone(), quiet_since: now, refused: BTreeMap::new() };
            self.listeners.insert(listener.clone(), new);
        }
    }

    /// After a restart nobody knows what was changed last, so waiting begins anew.
    pub(super) fn settles_in(&self, listener: &Arn, now: Timestamp) -> Duration {
        let since = self.listeners.get(listener).map_or(now, |known| known.quiet_since);
        // A clock that was set back is taken for no time at all.
        let quiet = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        SETTLES_IN.saturating_sub(quiet)
    }

    pub(super) fn changed(
        &mut self,
        listener: &Arn,
        load_balancer: &str,
        action: &Action,
        now: Timestamp,
    ) {
        if let Some(known) = self.listeners.get_mut(listener) {
            known.quiet_since = now;
            known.refused.remove(action.arn());
        }
        if matches!(action, Action::Remove(_)) {
            self.full.remove(load_balancer);
        }
    }

    pub(super) fn is_full(&mut self, load_balancer: &str, now: Timestamp) -> bool {
        self.full.retain(|_, until| *until > now);
        self.full.contains_key(load_balancer)
    }

    pub(super) fn fill(&mut self, load_balancer: &str, now: Timestamp) {
        self.full.insert(load_balancer.to_owned(), later(now, FULL_FOR));
    }

    /// Once for each time that it was tried.
    pub(super) fn refuse(&mut self, listener: &Arn, arn: &Arn, kind: TroubleKind, now: Timestamp) {
        let Some(known) = self.listeners.get_mut(listener) else { return };
        let first = Refused { kind, times: 0, until: now };
        let refused = known.refused.entry(arn.clone()).or_insert(first);
        refused.kind = kind;
        if refused.until > now {
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(refused.times));
        refused.times = refused.times.saturating_add(1);
        refused.until = later(now, pause.min(LONGEST_PAUSE));
    }

    /// Certificates not to be tried now.
    pub(super) fn refused(&self, listener: &Arn, now: Timestamp) -> BTreeSet<Arn> {
        let all = self.listeners.get(listener).into_iter().flat_map(|known| &known.refused);
        all.filter(|(_, refused)| refused.until > now).map(|(arn, _)| arn.clone()).collect()
    }

    /// Those that were refused too often for AWS to be just slow.
    pub(super) fn given_up(&self, listener: &Arn) -> Vec<Trouble> {
        let all = self.listeners.get(listener).into_iter().flat_map(|known| &known.refused);
        all.filter(|(_, refused)| refused.times >= PATIENCE)
            .map(|(arn, refused)| Trouble { arn: arn.clone(), kind: refused.kind })
            .collect()
    }

    /// At the end of a round: what could have been tried in it, and was not refused again, is
    /// settled.
    pub(super) fn forgive(&mut self, listener: &Arn, now: Timestamp) {
        if let Some(known) = self.listeners.get_mut(listener) {
            known.refused.retain(|_, refused| refused.until > now);
        }
    }

    /// Until one that was refused is tried again.
    pub(super) fn tries_in(&self, listener: &Arn, now: Timestamp) -> Option<Duration> {
        let all = self.listeners.get(listener).into_iter().flat_map(|known| &known.refused);
        let first = all.map(|(_, refused)| refused.until).min()?;
        Some(Duration::try_from(first.duration_since(now)).unwrap_or_default())
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
