//! Certificates of Certificate Manager on the listeners of AWS load balancers that somebody else
//! made.
//!
//! What is new is attached before what it replaces is taken away, and the default changes in
//! between, each in its own round: no handshake finds less than the one before. What to do in a
//! round is decided by [`plan()`]; what is not in the [`Record`] belongs to others and is never
//! touched.

mod api;
mod lookup;
mod patience;
mod plan;
mod record;

use std::{sync::Mutex, time::Duration};

use issue::{IssueError, OrderBook};
use jiff::Timestamp;
use model::{Arn, Name};
use tracing::info;

use crate::Account;
use api::{Api, Done};
pub use lookup::Facts;
use lookup::{Looked, Lookup};
use patience::Patience;
pub use plan::{Action, Have, Wanted, Wants, plan};
pub use record::{Held, Record};

/// A change shows in AWS a little later, mostly.
const NEXT_ROUND: Duration = Duration::from_secs(1);

/// What a listener should carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The first is wanted most, and as the default.
    pub certificates: Vec<Wished>,
    /// Names whose certificates are not in AWS yet.
    pub pending: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wished {
    pub arn: Arn,
    /// `None`: AWS is asked.
    pub facts: Option<Facts>,
}

/// What one round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub done: Vec<Action>,
    /// Of what is wanted, what the listener has.
    pub carried: Vec<Arn>,
    pub troubles: Vec<Trouble>,
    /// When there is more to do; `None`: all is as wanted, or nothing can be done about it.
    pub again_in: Option<Duration>,
}

/// Why a certificate is not attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub arn: Arn,
    pub kind: TroubleKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The load balancer takes no more.
    Full,
    /// There is no such certificate.
    Missing,
    /// It is not issued, or of a kind that load balancers don't take.
    Unusable,
}

/// The listeners of one account and region.
pub struct Listeners {
    api: Api,
    lookup: Lookup,
    patience: Mutex<Patience>,
}

impl Listeners {
    pub fn new(account: &Account) -> Self {
        Self { api: Api::new(account), lookup: Lookup::new(account), patience: Mutex::default() }
    }

    /// Takes one listener a round closer to `wish`.
    ///
    /// `record` tells what was attached by Doorward earlier; it is in `book` before a call makes
    /// it true, so that a kill in between leaves nothing that nobody knows of.
    pub async fn reconcile(
        &self,
        wish: &Wish,
        record: &mut Record,
        book: &dyn OrderBook,
        now: Timestamp,
    ) -> Result<Round, IssueError> {
        let listener = record.listener.clone();
        self.patience().wish(&listener, wish, now);
        let Some((load_balancer, default)) = self.api.listener(listener.as_str()).await? else {
            return gone(wish, record, book).await;
        };
        let attached = self.api.certificates(listener.as_str()).await?;
        let wants = self.look_up(&listener, wish, now).await?;
        let have = {
            let mut patience = self.patience();
            Have {
                default,
                attached: attached.into_iter().collect(),
                has_room: !patience.is_full(&load_balancer, now),
                refused: patience.refused(&listener, now),
                is_settled: patience.settles_in(&listener, now).is_zero(),
            }
        };
        let planned = plan(&wants, &have, record, now);
        let next = record.before(&have, &wants, &planned.actions);
        if next != *record {
            next.keep(book).await?;
            *record = next;
        }

        let full = |arn: &Arn| Trouble { arn: arn.clone(), kind: TroubleKind::Full };
        let troubles = planned.blocked.iter().map(full).collect();
        let mut round = Round { troubles, ..Round::default() };
        let (mut has_no_room, lingers) = (false, record.lingers(&have));
        let mut there = have.attached;
        there.extend(have.default);
        for action in planned.actions {
            if has_no_room && matches!(action, Action::Add(_)) {
                continue;
            }
            let done = self.api.carry_out(listener.as_str(), &action).await?;
            let mut patience = self.patience();
            match done {
                Done::Yes => {
                    info!(%listener, ?action, "changed a listener's certificates");
                    patience.changed(&listener, &load_balancer, &action, now);
                    match &action {
                        Action::Remove(arn) => there.remove(arn),
                        Action::Add(arn) | Action::MakeDefault(arn) => there.insert(arn.clone()),
                    };
                    round.done.push(action);
                }
                Done::NotYet => {
                    patience.refuse(&listener, action.arn(), TroubleKind::Unusable, now);
                }
                Done::TooMany => {
                    patience.fill(&load_balancer, now);
                    has_no_room = true;
                }
            }
        }
        let mut patience = self.patience();
        patience.forgive(&listener, now);
        round.troubles.extend(patience.given_up(&listener));
        let wished = wish.certificates.iter().map(|wished| &wished.arn);
        round.carried = wished.filter(|arn| there.contains(arn)).cloned().collect();
        let waits = (planned.is_waiting || lingers).then(|| patience.settles_in(&listener, now));
        round.again_in = match has_no_room || !round.done.is_empty() {
            true => Some(NEXT_ROUND),
            false => waits.into_iter().chain(patience.tries_in(&listener, now)).min(),
        };
        Ok(round)
    }

    /// Asks AWS of those that nobody here knows.
    async fn look_up(
        &self,
        listener: &Arn,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<Wants, IssueError> {
        let mut wants = Wants { pending: wish.pending.clone(), ..Wants::default() };
        for Wished { arn, facts } in &wish.certificates {
            let looked = match facts {
                Some(facts) => Looked::Usable(facts.clone()),
                None => self.lookup.of(arn, now).await?,
            };
            let kind = match looked {
                Looked::Usable(facts) => {
                    wants.certificates.push(Wanted { arn: arn.clone(), facts });
                    continue;
                }
                Looked::Unusable(names) => {
                    wants.pending.extend(names);
                    TroubleKind::Unusable
                }
                Looked::Missing => {
                    wants.is_unclear = true;
                    TroubleKind::Missing
                }
            };
            self.patience().refuse(listener, arn, kind, now);
        }
        Ok(wants)
    }

    fn patience(&self) -> std::sync::MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// With a listener go the certificates on it.
async fn gone(wish: &Wish, record: &mut Record, book: &dyn OrderBook) -> Result<Round, IssueError> {
    if *wish != Wish::default() {
        return Err(IssueError::refused(format!(
            "there is no listener {}: correct the ARN, or look at the Issuer's account and region",
            record.listener
        )));
    }
    let none = Record::new(record.listener.clone(), &record.issuer);
    none.keep(book).await?;
    *record = none;
    Ok(Round::default())
}

#[cfg(test)]
mod tests;
