//! What goes wrong, and at which call.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::{HostName, Program, SiteError};

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
    /// Its member of etcd starts, is silent for a while and replays its log for another.
    Slow { host: HostName, silent: Duration, replays: Duration },
    /// Its member of etcd takes connections and says nothing.
    Mute { host: HostName },
    /// When its member is stopped, the others elect a leader every second for this long.
    Unrest { host: HostName, lasts: Duration },
    /// Files with this end of a name get root's and nobody else's, whatever was asked for.
    RootOnly { host: HostName, ending: &'static str },
    /// Bytes arrive damaged, or are read back so.
    Garbled { host: HostName },
    /// The program does not end by itself.
    Hangs { host: HostName, program: Program },
    /// The API server says that it is ready, and gets no answer from etcd.
    Hollow { host: HostName },
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

    /// What `pick` makes of the first fault that it knows.
    pub(super) fn first<T>(&self, pick: impl FnMut(&Fault) -> Option<T>) -> Option<T> {
        self.planned().iter().find_map(pick)
    }

    pub(super) fn has(&self, fault: &Fault) -> bool {
        self.planned().contains(fault)
    }

    /// Whether what is written there gets root's alone.
    pub(super) fn is_root_only(&self, on: &HostName, path: &Path) -> bool {
        let name = path.to_string_lossy();
        let hits = |fault: &Fault| match fault {
            Fault::RootOnly { host, ending } if host == on && name.ends_with(ending) => Some(()),
            _ => None,
        };
        self.first(hits).is_some()
    }

    /// From here on the calls of a run are counted.
    pub(crate) fn count_anew(&self) {
        self.calls.store(0, Ordering::SeqCst);
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
