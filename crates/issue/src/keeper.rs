//! The one task that owns all orders: it looks at what the Model wants, starts what is due,
//! and tells how each order stands.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use model::{CertificateId, Fingerprint, Model, Want};
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    IssueError, Issued, Issuer, KeyKind, Order, OrderState, Orders, Progress, Request, Step, Store,
    backoff::pause,
    policy::{Decision, Why, decide},
};

/// Issuers by name; `local` is the own CA.
pub type Issuers = BTreeMap<Arc<str>, Arc<dyn Issuer>>;

/// Tells the time; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Orders at work at one time. An issuer is seldom faster with more, and often refuses them.
const AT_ONCE: usize = 8;
/// A certificate that was written should be seen in the Model long before this.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// The clock is looked at this often at least, so that a clock that was set heals.
const LONGEST_SLEEP: Duration = Duration::from_secs(10 * 60);

/// Obtains what `models` wants until `cancel`, and tells of it through `orders`.
pub async fn keep(
    mut models: watch::Receiver<Arc<Model>>,
    issuers: Issuers,
    store: Arc<dyn Store>,
    orders: watch::Sender<Orders>,
    clock: Clock,
    cancel: CancellationToken,
) {
    let mut keeper = Keeper::new(issuers, store, clock);
    loop {
        let model = models.borrow_and_update().clone();
        let wake = keeper.start_what_is_due(&model.wants);
        keeper.tell(&model.wants, &orders);
        tokio::select! {
            changed = models.changed() => if changed.is_err() { return },
            Some(done) = keeper.at_work.join_next_with_id() => keeper.finish(done),
            () = tokio::time::sleep(wake) => {}
            () = cancel.cancelled() => return,
        }
    }
}

/// All steps of one order.
async fn obtain(issuer: &dyn Issuer, want: &Want) -> Result<Issued, IssueError> {
    let mut names = want.names.clone();
    names.sort();
    names.dedup();
    let request = Request {
        id: want.id.clone(),
        names,
        key: KeyKind::default(),
        replaces: want.held.clone(),
        serial: 0,
    };
    let mut progress = Progress::default();
    loop {
        match issuer.advance(&request, &progress).await? {
            Step::Issued(issued) => return Ok(issued),
            Step::Continue { progress: next, after, .. } => {
                progress = next;
                tokio::time::sleep(after).await;
            }
        }
    }
}

struct Keeper {
    issuers: Issuers,
    store: Arc<dyn Store>,
    clock: Clock,
    records: BTreeMap<CertificateId, Record>,
    at_work: JoinSet<Result<(), String>>,
    /// Which order a task works on, so that a task that panics still names its order.
    working_on: BTreeMap<Id, CertificateId>,
}

/// What the keeper remembers of one order.
struct Record {
    stage: Stage,
    /// Failures in a row.
    failures: u32,
    message: String,
    updated: Timestamp,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// In hand, and good until then.
    Good {
        until: Timestamp,
    },
    /// Due, but enough others are at work; the end of one of them wakes the loop.
    Queued,
    /// With the issuer, to replace what was in hand when it was started.
    AtWork {
        replaces: Option<Fingerprint>,
    },
    /// Written; the Model should show something else than `replaces` before `by`.
    Written {
        replaces: Option<Fingerprint>,
        by: Timestamp,
    },
    Failed {
        retry: Timestamp,
    },
}

impl Stage {
    /// When time alone moves it on.
    fn wakes(self) -> Option<Timestamp> {
        match self {
            Self::Good { until: at }
            | Self::Written { by: at, .. }
            | Self::Failed { retry: at } => Some(at),
            Self::Queued | Self::AtWork { .. } => None,
        }
    }
}

impl Keeper {
    fn new(issuers: Issuers, store: Arc<dyn Store>, clock: Clock) -> Self {
        Self {
            issuers,
            store,
            clock,
            records: BTreeMap::new(),
            at_work: JoinSet::new(),
            working_on: BTreeMap::new(),
        }
    }

    /// Starts the orders that are due, and returns how long nothing else will be.
    fn start_what_is_due(&mut self, wants: &[Want]) -> Duration {
        let now = (self.clock)();
        let wanted: BTreeSet<&CertificateId> = wants.iter().map(|want| &want.id).collect();
        self.records.retain(|id, _| wanted.contains(id));

        let mut wake: Option<Timestamp> = None;
        for want in wants {
            let stage = self.step(want, now);
            wake = wake.into_iter().chain(stage.wakes()).min();
        }
        let until = wake.map_or(SignedDuration::MAX, |wake| wake.duration_since(now));
        Duration::try_from(until)
            .unwrap_or(Duration::ZERO)
            .clamp(Duration::from_millis(1), LONGEST_SLEEP)
    }

    /// Moves one order on as far as it goes now.
    fn step(&mut self, want: &Want, now: Timestamp) -> Stage {
        let held = want.held.as_ref().map(|held| held.fingerprint);
        let before = self.records.get(&want.id).map(|record| record.stage);
        match (before, decide(want, now)) {
            (Some(stage @ Stage::AtWork { .. }), _) => stage,
            (_, Decision::Keep { until }) => {
                self.note(&want.id, Stage::Good { until }, "in hand".into(), now);
                Stage::Good { until }
            }
            (Some(stage @ Stage::Failed { retry }), _) if now < retry => stage,
            (Some(stage @ Stage::Written { replaces, by }), _) if replaces == held && now < by => {
                stage
            }
            (Some(Stage::Written { replaces, .. }), _) if replaces == held => self.fail(
                &want.id,
                "it was written, but did not come back from the state folder".into(),
                now,
            ),
            (_, Decision::Obtain(why)) if self.at_work.len() >= AT_ONCE => {
                self.note(&want.id, Stage::Queued, format!("waits its turn: {why}"), now);
                Stage::Queued
            }
            (_, Decision::Obtain(why)) => self.start(want, why, held, now),
        }
    }

    fn start(
        &mut self,
        want: &Want,
        why: Why,
        replaces: Option<Fingerprint>,
        now: Timestamp,
    ) -> Stage {
        let Some(issuer) = self.issuers.get(&want.issuer).cloned() else {
            return self.fail(&want.id, format!("there is no Issuer {:?}", want.issuer), now);
        };
        info!(certificate = %want.id, issuer = %want.issuer, reason = %why, "obtaining a certificate");
        let (store, order) = (self.store.clone(), want.clone());
        let task = self.at_work.spawn(async move {
            let issued = obtain(&*issuer, &order).await.map_err(|error| error.to_string())?;
            store.put(&order.id, &order.issuer, &issued).await.map_err(|error| error.to_string())
        });
        self.working_on.insert(task.id(), want.id.clone());
        let stage = Stage::AtWork { replaces };
        self.note(&want.id, stage, why.to_string(), now);
        stage
    }

    fn finish(&mut self, done: Result<(Id, Result<(), String>), JoinError>) {
        let now = (self.clock)();
        let (task, outcome) = match done {
            Ok((task, outcome)) => (task, outcome),
            Err(error) => (error.id(), Err(format!("the issuer's task ended early: {error}"))),
        };
        let Some(id) = self.working_on.remove(&task) else { return };
        // An order that nobody wants any more has no record.
        let Some(Stage::AtWork { replaces }) = self.records.get(&id).map(|record| record.stage)
        else {
            return;
        };
        match outcome {
            Ok(()) => {
                let by = now.checked_add(SEEN_WITHIN).unwrap_or(Timestamp::MAX);
                self.note(&id, Stage::Written { replaces, by }, "written".into(), now);
            }
            Err(message) => drop(self.fail(&id, message, now)),
        }
    }

    fn fail(&mut self, id: &CertificateId, message: String, now: Timestamp) -> Stage {
        let failures = self.records.get(id).map_or(0, |record| record.failures) + 1;
        let pause = pause(failures);
        warn!(certificate = %id, failures, retry_in_seconds = pause.as_secs(), "could not obtain a certificate: {message}");
        let stage = Stage::Failed { retry: now.checked_add(pause).unwrap_or(Timestamp::MAX) };
        self.note(id, stage, message, now);
        if let Some(record) = self.records.get_mut(id) {
            record.failures = failures;
        }
        stage
    }

    /// Writes a stage down. Only a certificate in hand ends a row of failures.
    fn note(&mut self, id: &CertificateId, stage: Stage, message: String, now: Timestamp) {
        match self.records.get_mut(id) {
            Some(record) if record.stage == stage && record.message == message => {}
            Some(record) => {
                let failures =
                    if matches!(stage, Stage::Good { .. }) { 0 } else { record.failures };
                *record = Record { stage, failures, message, updated: now };
            }
            None => drop(
                self.records
                    .insert(id.clone(), Record { stage, failures: 0, message, updated: now }),
            ),
        }
    }

    fn tell(&self, wants: &[Want], orders: &watch::Sender<Orders>) {
        let new: Vec<Order> = wants
            .iter()
            .filter_map(|want| Some(self.records.get(&want.id)?.to_order(want)))
            .collect();
        orders.send_if_modified(|old| {
            let differs = **old != new;
            if differs {
                *old = Arc::new(new);
            }
            differs
        });
    }
}

impl Record {
    fn to_order(&self, want: &Want) -> Order {
        Order {
            id: want.id.clone(),
            names: want.names.clone(),
            issuer: want.issuer.clone(),
            state: match self.stage {
                Stage::Good { .. } => OrderState::Issued,
                Stage::Queued | Stage::AtWork { .. } | Stage::Written { .. } => OrderState::Pending,
                Stage::Failed { .. } => OrderState::Failed,
            },
            message: self.message.clone(),
            updated: self.updated,
            next_attempt: self.stage.wakes(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
