//! The one task that makes the calls the desk asks for.

mod call;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use model::{CertificateId, Model};
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    Budgets, Desk, IssueError, Issuer, IssuerPlan, Known, OrderBook, Orders, Outcome, Slot, Store,
    read_pages,
};
use call::Hands;

/// Issuers by name; `local` is the own CA.
pub type Issuers = BTreeMap<Arc<str>, Employed>;

/// An issuer, and how it is asked.
#[derive(Clone)]
pub struct Employed {
    pub issuer: Arc<dyn Issuer>,
    pub plan: Arc<IssuerPlan>,
}

/// Tells the time; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock is looked at this often at least, so that a clock that was set heals.
const LONGEST_SLEEP: Duration = Duration::from_secs(10 * 60);
/// Orders are shown at most this often: thousands change in a second at times.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// Budgets are written down this often at most. After a kill, orders are counted by their entries,
/// which stay for longer than this; only failures that were younger are forgotten.
const SAVED_EVERY: Duration = Duration::from_secs(10);
/// A book that cannot be read is tried again.
const REOPENED_EVERY: Duration = Duration::from_secs(5);

/// Obtains what the Model wants. On Kubernetes one runs for each term of a leader.
pub struct Keeper {
    pub models: watch::Receiver<Arc<Model>>,
    pub issuers: watch::Receiver<Arc<Issuers>>,
    pub store: Arc<dyn Store>,
    pub book: Arc<dyn OrderBook>,
    /// Tells of it.
    pub orders: watch::Sender<Orders>,
    /// What operators want renewed now.
    pub renewals: mpsc::Receiver<CertificateId>,
    pub clock: Clock,
}

impl Keeper {
    /// Until `cancel`. Calls that are out then are cut off, as by a kill.
    pub async fn run(mut self, cancel: CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.keep() => {}
        }
    }

    async fn keep(&mut self) {
        let mut desk = self.open().await;
        let mut out = Out::default();
        let (mut show, mut save) = (Instant::now(), Instant::now());
        let mut seen = None;
        loop {
            let now = (self.clock)();
            let issuers = self.issuers.borrow_and_update().clone();
            desk.employ(Known::of(&issuers), now);
            let model = self.models.borrow_and_update().clone();
            if seen.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, &model)) {
                desk.look(&model, now);
                seen = Some(model);
            }
            let hands = Hands::new(issuers, &self.store, &self.book);
            for action in desk.act(now) {
                out.send(action.slot, hands.make(action.work));
            }
            if Instant::now() >= save
                && let Some(budgets) = desk.spent(now)
            {
                out.save(self.book.clone(), budgets);
                save = Instant::now() + SAVED_EVERY;
            }
            let is_shown = Instant::now() >= show;
            if is_shown {
                self.tell(&desk, now);
                show = Instant::now() + SHOWN_EVERY;
            }
            tokio::select! {
                changed = self.models.changed() => if changed.is_err() { return },
                // Nobody may be left to change them.
                Ok(()) = self.issuers.changed() => {}
                Some(end) = out.calls.join_next_with_id() => {
                    let now = (self.clock)();
                    if let Some((slot, end)) = out.end(end) {
                        desk.done(slot, end, now);
                    }
                }
                Some(id) = self.renewals.recv() => {
                    info!(certificate = %id, "an operator wants it renewed");
                    desk.renew(&id, (self.clock)());
                }
                () = sleep(until(desk.wakes(), now)) => {}
                () = sleep_until(show), if !is_shown => {}
                () = sleep_until(save), if desk.has_spent() => {}
            }
        }
    }

    async fn open(&self) -> Desk {
        loop {
            match self.book.load().await {
                Ok(pages) => {
                    let (entries, budgets) = read_pages(&pages);
                    return Desk::open(entries, budgets, (self.clock)());
                }
                Err(error) => {
                    warn!(
                        "the order book cannot be read, so nothing is ordered: {error}; trying again"
                    );
                    sleep(REOPENED_EVERY).await;
                }
            }
        }
    }

    fn tell(&self, desk: &Desk, now: Timestamp) {
        let new = desk.orders(now);
        self.orders.send_if_modified(|old| {
            let differs = **old != new;
            if differs {
                *old = Arc::new(new);
            }
            differs
        });
    }
}

fn until(wake: Option<Timestamp>, now: Timestamp) -> Duration {
    let until = wake.map_or(SignedDuration::MAX, |wake| wake.duration_since(now));
    Duration::try_from(until)
        .unwrap_or(Duration::ZERO)
        .clamp(Duration::from_millis(1), LONGEST_SLEEP)
}

/// The calls that are out.
#[derive(Default)]
struct Out {
    calls: JoinSet<Result<Outcome, IssueError>>,
    /// Whose call a task makes, so that one that panics still has an end.
    slots: BTreeMap<Id, Slot>,
}

impl Out {
    fn send(
        &mut self,
        slot: Slot,
        call: impl Future<Output = Result<Outcome, IssueError>> + Send + 'static,
    ) {
        let task = self.calls.spawn(call);
        self.slots.insert(task.id(), slot);
    }

    /// Of nobody's case: nothing waits for its end.
    fn save(&mut self, book: Arc<dyn OrderBook>, budgets: &Budgets) {
        let page = budgets.to_page();
        self.calls.spawn(async move {
            if let Err(error) = book.save(&page).await {
                warn!("what is left of issuers' limits could not be written down: {error}");
            }
            Ok(Outcome::Kept)
        });
    }

    fn end(
        &mut self,
        end: Result<(Id, Result<Outcome, IssueError>), JoinError>,
    ) -> Option<(Slot, Result<Outcome, IssueError>)> {
        let (task, end) = match end {
            Ok((task, end)) => (task, end),
            Err(error) => {
                let message = format!("the issuer's task ended early: {error}");
                (error.id(), Err(IssueError::passing(message)))
            }
        };
        Some((self.slots.remove(&task)?, end))
    }
}

#[cfg(test)]
pub(crate) mod tests;
