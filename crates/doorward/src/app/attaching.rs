//! Has listeners of AWS load balancers carry the certificates that objects want there, round after
//! round until nothing is left to do. One task of the leader's owns them all; which listener is
//! due, and what a round came to, is the [`Rota`]'s.

mod accounts;
mod rota;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws::listeners::{Record, Round};
use issue::{Clock, IssueError, OrderBook, Page};
use jiff::{SignedDuration, Timestamp};
use model::{Arn, Model};
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::translating::publish;
use accounts::Accounts;
pub use rota::{AttachTrouble, AttachedListener};
use rota::{Rota, Task};

/// The listeners of AWS, sorted by ARN.
pub type Attached = Arc<Vec<AttachedListener>>;

/// A book that cannot be read is tried again.
const REOPENED_EVERY: Duration = Duration::from_secs(5);
/// The clock is looked at this often at least, so that a clock that was set heals.
const LONGEST_SLEEP: Duration = Duration::from_secs(10 * 60);

pub struct Attaching {
    pub models: watch::Receiver<Arc<Model>>,
    /// Where it is kept what was attached: beside the orders.
    pub book: Arc<dyn OrderBook>,
    /// Tells of it.
    pub attached: watch::Sender<Attached>,
    pub clock: Clock,
}

/// How a round ended.
struct End {
    record: Option<Record>,
    round: Result<Round, IssueError>,
}

/// The rounds that are out.
#[derive(Default)]
struct Out {
    rounds: JoinSet<End>,
    /// Whose round a task makes, so that one that panics still has an end.
    listeners: BTreeMap<Id, Arn>,
}

impl Out {
    fn send(&mut self, listener: Arn, round: impl Future<Output = End> + Send + 'static) {
        let task = self.rounds.spawn(round);
        self.listeners.insert(task.id(), listener);
    }

    fn end(&mut self, ended: Result<(Id, End), JoinError>) -> Option<(Arn, End)> {
        let (task, end) = match ended {
            Ok((task, end)) => (task, end),
            Err(error) => {
                let broken = IssueError::passing(format!("the round broke off: {error}"));
                (error.id(), End { record: None, round: Err(broken) })
            }
        };
        Some((self.listeners.remove(&task)?, end))
    }
}

impl Attaching {
    /// Until `cancel`. Calls that are out then are cut off, as by a kill.
    pub async fn run(mut self, cancel: CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.attach() => {}
        }
    }

    async fn attach(&mut self) {
        let mut rota = Rota::open(self.records().await, (self.clock)());
        let accounts = Arc::new(Accounts::default());
        let mut out = Out::default();
        loop {
            let now = (self.clock)();
            let model = self.models.borrow_and_update().clone();
            rota.look(&model, now);
            for task in rota.due(now) {
                let (accounts, book) = (accounts.clone(), self.book.clone());
                let issuer = model.issuers.iter().find(|issuer| *issuer.name == *task.issuer);
                out.send(
                    task.record.listener.clone(),
                    round(task, issuer.cloned(), accounts, book, now),
                );
            }
            publish(&self.attached, rota.attached());
            tokio::select! {
                changed = self.models.changed() => if changed.is_err() { return },
                Some(ended) = out.rounds.join_next_with_id() => {
                    if let Some((listener, End { record, round })) = out.end(ended) {
                        rota.done(&listener, record, round, (self.clock)());
                    }
                }
                () = sleep(until(rota.wakes(), now)) => {}
            }
        }
    }

    async fn records(&self) -> Vec<Record> {
        loop {
            match self.book.load().await {
                Ok(pages) => return pages.iter().filter_map(record).collect(),
                Err(error) => {
                    warn!(
                        "it cannot be read what was attached to listeners of AWS, so nothing is attached: {error}; trying again"
                    );
                    sleep(REOPENED_EVERY).await;
                }
            }
        }
    }
}

/// One that cannot be read is lost: what it tells of is somebody else's from then on.
fn record(page: &Page) -> Option<Record> {
    match Record::from_page(page)? {
        Ok(record) => Some(record),
        Err(error) => {
            warn!(
                page = page.name,
                "what was attached to a listener of AWS cannot be read: {error}"
            );
            None
        }
    }
}

async fn round(
    task: Task,
    issuer: Option<Arc<model::Issuer>>,
    accounts: Arc<Accounts>,
    book: Arc<dyn OrderBook>,
    now: Timestamp,
) -> End {
    let Task { wish, mut record, .. } = task;
    let listener: Arn = record.listener.clone();
    let round = async {
        let listeners = accounts.listeners(&record.issuer, issuer, &listener).await?;
        listeners.reconcile(&wish, &mut record, &*book, now).await
    }
    .await;
    match &round {
        Ok(Round { again_in: None, carried, .. }) => {
            info!(%listener, certificates = carried.len(), "a listener of AWS was looked after");
        }
        Ok(_) => {}
        Err(error) => {
            warn!(%listener, "the certificates of a listener of AWS were not changed: {error}")
        }
    }
    End { record: Some(record), round }
}

fn until(wake: Option<Timestamp>, now: Timestamp) -> Duration {
    let until = wake.map_or(SignedDuration::MAX, |wake| wake.duration_since(now));
    Duration::try_from(until)
        .unwrap_or(Duration::ZERO)
        .clamp(Duration::from_millis(1), LONGEST_SLEEP)
}
