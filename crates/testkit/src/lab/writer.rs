//! Somebody who writes to a cluster all the time, and knows afterwards what was lost and how long
//! nothing was taken.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::LIMIT;

/// Between two writes.
const PAUSE: Duration = Duration::from_millis(5);
/// No more than this from one acknowledgement to the next: a cluster that has lost its quorum stands
/// for as long as its members are restarted. Five seconds are what is promised, and what a quiet
/// machine keeps; a busy one, where members miss each other's heartbeats, has thrice that.
const ALLOWED_GAP: Duration = Duration::from_secs(15);
/// Each writer has keys of its own: what an earlier one wrote must not stand in for what is lost.
static WRITERS: AtomicU32 = AtomicU32::new(0);

/// Where it is written to, by whichever of its endpoints takes it.
pub trait Store: Send + 'static {
    /// What was written already is written.
    fn put(&mut self, name: &str) -> impl Future<Output = io::Result<()>> + Send;

    /// How many names begin with `prefix`, asked of etcd.
    fn count(&mut self, prefix: &str) -> impl Future<Output = io::Result<u64>> + Send;

    /// How often it had to go to another endpoint.
    fn retried(&self) -> u64;
}

/// Writes until it is asked for its report; dropping it ends it too.
pub struct Writer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Report>,
}

/// What came of the writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// Of these, those that it has not.
    pub lost: u64,
    /// Writes that had to be sent to another endpoint.
    pub retried: u64,
    /// The longest time from one acknowledgement to the next.
    pub longest_gap: Duration,
    pub time: Duration,
}

impl Report {
    /// All that was written is there, and no quorum was lost on the way.
    #[track_caller]
    pub fn assert_nothing_lost(&self) {
        assert_eq!(self.lost, 0, "{self:?}");
        assert!(self.longest_gap < ALLOWED_GAP, "{self:?}");
    }
}

impl Writer {
    /// Begins at once; the first write is acknowledged when this returns.
    pub async fn start(mut store: impl Store) -> Self {
        let prefix = format!("writer-{}.", WRITERS.fetch_add(1, Ordering::Relaxed));
        let first = store.put(&format!("{prefix}first")).await;
        first.expect("the cluster is healthy when a writer begins");
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(write(store, prefix, stopped)) }
    }

    /// Ends the writing with a last write, and looks for every one that was acknowledged.
    pub async fn report(self) -> Report {
        // One that has ended by itself has its reason, which comes out now.
        let _ = self.stop.send(());
        let ended = timeout(LIMIT, self.task).await.expect("the cluster takes a last write");
        ended.expect("a writer ends when it is told to")
    }
}

async fn write(
    mut store: impl Store,
    prefix: String,
    mut stopped: oneshot::Receiver<()>,
) -> Report {
    let begin = Instant::now();
    let (mut last, mut longest_gap, mut number) = (begin, Duration::ZERO, 0);
    loop {
        let is_last = stopped.try_recv() != Err(oneshot::error::TryRecvError::Empty);
        // A write that no endpoint takes is tried again: nothing was promised.
        if store.put(&format!("{prefix}{number}")).await.is_ok() {
            longest_gap = longest_gap.max(last.elapsed());
            last = Instant::now();
            number += 1;
            if is_last {
                break;
            }
        }
        sleep(PAUSE).await;
    }
    let retried = store.retried();
    let found = store.count(&prefix).await.expect("etcd answers when the writing ends");
    Report {
        acknowledged: number,
        // One was there before the first.
        lost: (number + 1).saturating_sub(found),
        retried,
        longest_gap,
        time: begin.elapsed(),
    }
}
