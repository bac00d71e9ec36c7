//! What goes wrong, and at which call.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

use crate::{HostName, SiteError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The operator's process ends at this call: before it is carried out, or just after.
    Kill { call: usize, after: bool },
    /// No connection to the host from one call to another.
    Lost { host: HostName, from: usize, until: usize },
    /// No more space on the host.
    Full { host: HostName },
    /// Its member of etcd does not start any more.
    Broken { host: HostName, last_words: &'static str },
}

#[derive(Default)]
pub(crate) struct Faults {
    planned: Mutex<Vec<Fault>>,
    calls: AtomicUsize,
    killed: Notify,
}

impl Faults {
    pub(crate) fn plan(&self, fault: Fault) {
        self.planned().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.planned().clear();
    }

    pub(crate) fn planned(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.planned.lock().expect("no test panics while it plans")
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Runs `work` as the operator's process; none: it was killed.
    pub(crate) async fn process<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.killed.notified() => None,
            done = work => Some(done),
        }
    }

    /// Before a call is carried out; its number.
    pub(super) async fn enter(&self, host: &HostName) -> Result<usize, SiteError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let planned = self.planned().clone();
        for fault in planned {
            match fault {
                Fault::Kill { call: at, after: false } if at == call => self.die().await,
                Fault::Lost { host: lost, from, until }
                    if lost == *host && (from..until).contains(&call) =>
                {
                    let why = "the connection broke".to_owned();
                    return Err(SiteError::Unreachable { host: host.clone(), why });
                }
                _ => {}
            }
        }
        Ok(call)
    }

    /// After it was.
    pub(super) async fn leave(&self, call: usize) {
        if self.planned().contains(&Fault::Kill { call, after: true }) {
            self.die().await;
        }
    }

    async fn die(&self) {
        self.killed.notify_one();
        std::future::pending::<()>().await;
    }
}
