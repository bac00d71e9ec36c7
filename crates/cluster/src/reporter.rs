//! Carries out what the crate `report` decides: statuses and events, written by the leader only.
//!
//! A round looks at everything as it is now, writes what differs, and forgets the rest: nothing
//! is queued, so that a slow API server is never told what is no longer true. Rounds are spaced
//! by how much they wrote. What fails is tried again ever more rarely, each object by itself, and
//! all of them together where it is the server that does not answer.

mod answer;
mod counts;
mod event;
mod kind;
mod pace;
mod refusals;
mod round;

use std::{sync::Arc, time::Duration};

use kube::Client;
use model::{Model, Verdict};
use report::{Budget, Live, NewEvent, Outcomes, Publish, Said};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::lease::{Leadership, Term};
pub use counts::ReportCounts;
pub(crate) use kind::REPORTED;
use pace::{Backoff, Pace};
use refusals::Refusals;
use round::Round;

/// Changes come in groups; a round waits until there was none for this long.
const QUIET: Duration = Duration::from_millis(100);
/// But no longer than this.
const CEILING: Duration = Duration::from_secs(1);
/// What one round writes at most, so that the next one looks at the world afresh.
const PER_ROUND: usize = 100;
/// And what each write adds to the time until then: a hundred a second.
const PER_WRITE: Duration = Duration::from_millis(10);
/// How soon statements that found no room are tried again.
const WAITING: Duration = Duration::from_secs(1);
/// And warnings that stand so long that they are to be renewed: they have minutes.
const RENEWING: Duration = Duration::from_secs(10);
/// While the API server does not answer.
const UNANSWERED: Backoff =
    Backoff { first: Duration::from_millis(500), last: Duration::from_secs(30) };

/// Everything that is reported on.
#[derive(Clone, Debug)]
pub struct Inputs {
    pub models: watch::Receiver<Arc<Model>>,
    pub verdicts: watch::Receiver<Arc<Vec<Verdict>>>,
    pub outcomes: watch::Receiver<Arc<Outcomes>>,
    pub live: watch::Receiver<Arc<Live>>,
}

pub struct Reporter {
    pub client: Client,
    pub leadership: Leadership,
    pub inputs: Inputs,
    pub publish: Publish,
    /// This replica, as Events name it: its pod.
    pub instance: Arc<str>,
    pub counts: Arc<ReportCounts>,
}

impl Reporter {
    /// Reports until `stop`, during the terms of this replica. Start it when the source has read
    /// everything once: success is told only of what changes after a term's first round.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let term = tokio::select! {
                () = stop.cancelled() => return,
                term = self.leadership.won() => term,
            };
            let ended = term.ended();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                // Drops whatever is under way.
                () = ended.cancelled() => info!("statuses and events are the next leader's"),
                never = self.lead(&term) => never,
            }
        }
    }

    /// One term, until dropped. While the lease is not certain every write is refused, and tried
    /// again as when the server does not answer.
    async fn lead(&mut self, term: &Term) -> ! {
        let said = self.said_before().await;
        let began = Instant::now();
        let mut memory = Memory {
            said,
            budget: Budget::default(),
            pace: Pace::default(),
            refusals: Refusals::default(),
            is_crowded: false,
        };
        let mut unanswered = 0;
        loop {
            let round = Round::new(self, term, began).run(&mut memory).await;
            let pause = PER_WRITE * u32::try_from(round.writes).unwrap_or(u32::MAX);
            let mut not_before = Instant::now() + pause;
            let mut wake = round.wake;
            if round.is_answered {
                unanswered = 0;
            } else {
                not_before = not_before.max(Instant::now() + UNANSWERED.after(unanswered));
                unanswered += 1;
                wake = Some(not_before);
            }
            self.inputs.changed(wake).await;
            sleep_until(not_before).await;
        }
    }

    /// What the API server holds of the leaders before this one. Where that cannot be read for
    /// want of a rule, nothing was said.
    async fn said_before(&self) -> Said {
        let mut attempt = 0;
        loop {
            match event::heard(&self.client).await {
                Ok(heard) => return Said::from_events(heard),
                Err(error) if error.is_final() => {
                    error.tell("cannot list Events, so some may be repeated");
                    return Said::default();
                }
                Err(error) => error.tell("cannot list Events; nothing is reported until then"),
            }
            tokio::time::sleep(UNANSWERED.after(attempt)).await;
            attempt += 1;
        }
    }
}

/// What one term remembers from round to round.
struct Memory {
    said: Said,
    budget: Budget,
    pace: Pace,
    refusals: Refusals,
    /// There was more to say than the budget allows, and the log says so.
    is_crowded: bool,
}

/// Writes an Event that no object of the World stands behind; false: it is to be tried again.
/// `instance`: the replica that says it.
pub async fn tell(client: &Client, term: &Term, event: &NewEvent, instance: &str) -> bool {
    let Err(refused) = event::write(client, term, event, instance).await else { return true };
    refused.tell(&format!("cannot write the Event {} of {}", event.reason, event.object));
    false
}

impl Inputs {
    /// Waits for a group of changes to be over, or until `wake`.
    async fn changed(&mut self, wake: Option<Instant>) {
        tokio::select! {
            () = self.any() => {}
            () = at(wake) => return,
        }
        let ceiling = Instant::now() + CEILING;
        while Instant::now() < ceiling && timeout(QUIET, self.any()).await.is_ok() {}
    }

    /// A stage that has ended changes nothing any more; when all have, this never returns.
    async fn any(&mut self) {
        tokio::select! {
            Ok(()) = self.models.changed() => {}
            Ok(()) = self.verdicts.changed() => {}
            Ok(()) = self.outcomes.changed() => {}
            Ok(()) = self.live.changed() => {}
            else => std::future::pending().await,
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
