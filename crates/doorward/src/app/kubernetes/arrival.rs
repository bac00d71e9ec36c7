//! The first World: the API server's, or, where that is away, the last good one of the state
//! folder, until the API server is back.

use std::{sync::Arc, time::Duration};

use ::watch::state::StateFolder;
use anyhow::Result;
use cluster::{
    lease::LeaseView,
    source::SyncState,
    store::{ConsoleMap, SharedMemory},
};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use translate::{Memory, World};

use crate::{admin::Standing, app::stage};

/// How long a start waits for the API server before it serves what was good last.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Arrival<'a> {
    pub worlds: watch::Receiver<Arc<World>>,
    pub sync: watch::Receiver<SyncState>,
    pub lease: watch::Receiver<LeaseView>,
    pub memory: &'a SharedMemory,
    /// What the leader remembers, for the translation.
    pub led: watch::Sender<Arc<Memory>>,
    pub caught_up: CatchingUp,
    pub standings: watch::Sender<Standing>,
}

/// Worlds to serve by; the first is there.
pub struct Arrived {
    pub worlds: watch::Receiver<Arc<World>>,
    /// The first World, if it is that of the state folder.
    pub last_good: Option<Arc<World>>,
    /// What is remembered of it.
    pub remembered: Memory,
}

/// Waiting for all that one has to know before one may lead, and replace what was good last.
#[derive(Clone)]
pub struct CatchingUp {
    pub worlds: watch::Receiver<Arc<World>>,
    pub sync: watch::Receiver<SyncState>,
    pub console: Arc<ConsoleMap>,
    pub memory: Arc<SharedMemory>,
}

impl CatchingUp {
    /// Everything was read once, what operators changed by hand and what the leader remembers
    /// too; and the World holds it.
    pub async fn done(mut self) {
        // The senders live as long as the process.
        let _ = self.sync.wait_for(|sync| sync.is_complete).await;
        self.console.known().await;
        self.memory.known().await;
        let edits = self.console.subscribe();
        let _ = self.worlds.wait_for(|world| world.console == *edits.borrow()).await;
    }
}

impl Arrival<'_> {
    /// Returns with something to serve, and with what is remembered of it.
    pub async fn wait(mut self, state: &StateFolder, stop: &CancellationToken) -> Result<Arrived> {
        let mut last_good = None;
        if timeout(PATIENCE, self.caught_up_telling()).await.is_err() {
            let why = self.sync.borrow().waits_for();
            last_good = state.load_snapshot();
            match &last_good {
                Some(snapshot) => warn!(
                    saved = %snapshot.saved, "serving the last good objects: waits for {why}"
                ),
                None => {
                    warn!("nothing can be served yet: waits for {why}");
                    self.caught_up_telling().await;
                }
            }
        }
        let mut memory = state.load_memory()?;
        if let Some(shared) = &*self.memory.subscribe().borrow() {
            memory.adopt(shared);
        }
        let (saved, last_good) =
            last_good.map(|snapshot| (snapshot.saved, Arc::new(snapshot.world))).unzip();
        let first = match &last_good {
            Some(last_good) => last_good.clone(),
            None => self.worlds.borrow_and_update().clone(),
        };
        let (sender, worlds) = watch::channel(first);
        let (caught_up, shared) = (self.caught_up.done(), self.memory.subscribe());
        let is_behind = last_good.is_some();
        stage("worlds", stop, async move {
            if is_behind {
                // What is good stays until all that replaces it is there.
                caught_up.await;
                let shared = shared.borrow().clone();
                shared.map(|shared| self.led.send_replace(shared));
            }
            pass_on(self.worlds, sender).await;
        });
        stage("standing", stop, tell(self.sync, self.lease, self.standings, saved));
        Ok(Arrived { worlds, last_good, remembered: memory })
    }

    /// Waits, telling meanwhile what for.
    async fn caught_up_telling(&self) {
        loop {
            self.standings.send_replace(Standing::Waiting(self.sync.borrow().waits_for()));
            if timeout(Duration::from_secs(1), self.caught_up.clone().done()).await.is_ok() {
                return;
            }
        }
    }
}

/// The source's Worlds, from its next one on.
async fn pass_on(mut from: watch::Receiver<Arc<World>>, to: watch::Sender<Arc<World>>) {
    while from.changed().await.is_ok() {
        to.send_replace(from.borrow_and_update().clone());
    }
}

/// Keeps the standing true. Watches of objects that do not change notice nothing of an API server
/// that hangs; the lease is asked for all the time, and does.
async fn tell(
    mut sync: watch::Receiver<SyncState>,
    mut lease: watch::Receiver<LeaseView>,
    standings: watch::Sender<Standing>,
    mut last_good: Option<jiff::Timestamp>,
) {
    loop {
        let now = sync.borrow_and_update().clone();
        let lease_trouble = lease.borrow_and_update().trouble.clone();
        if now.is_complete && last_good.take().is_some() {
            info!("caught up with the API server: the last good objects are replaced by its own");
        }
        standings.send_replace(match (&last_good, &now.away, lease_trouble) {
            (Some(saved), ..) => {
                Standing::LastGood { saved: *saved, why: format!("waits for {}", now.waits_for()) }
            }
            (None, Some(why), _) => {
                let what = "the API server is away, what it said last is served";
                Standing::Current { trouble: Some(format!("{what}: {why}")) }
            }
            (None, None, Some(why)) => Standing::Current {
                trouble: Some(format!("trouble with electing a leader: {why}")),
            },
            (None, None, None) => Standing::CURRENT,
        });
        tokio::select! {
            changed = sync.changed() => if changed.is_err() { return },
            // Its sender goes when the election is over, at the end.
            changed = lease.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests;
