//! Keeps a snapshot of the World up to date. Away from the loops that serve, so that a slow
//! disk holds nothing up; and again later, so that a full one loses nothing.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use translate::World;

use crate::state::StateFolder;

/// From a change to the snapshot that holds it; others come meanwhile.
const PAUSE: Duration = Duration::from_secs(5);
/// However much changes, saving takes a fiftieth of the time at most.
const SHARE: u32 = 50;
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Saves the World some seconds after each change, and what is unsaved at the end. The World
/// that `worlds` holds at the start is not saved: it is none yet, or comes from the snapshot.
pub async fn remember_world(
    mut worlds: watch::Receiver<Arc<World>>,
    state: Arc<StateFolder>,
    cancel: CancellationToken,
) {
    let mut saving = Saving { state, is_failing: false, took: Duration::ZERO };
    loop {
        // What could not be saved is tried again without a change.
        if !saving.is_failing {
            tokio::select! {
                biased;
                changed = worlds.changed() => if changed.is_err() {
                    return;
                },
                () = cancel.cancelled() => return,
            }
        }
        let is_last = tokio::select! {
            () = cancel.cancelled() => true,
            () = sleep(saving.pause()) => false,
        };
        let world = worlds.borrow_and_update().clone();
        saving.save(world).await;
        if is_last {
            return;
        }
    }
}

struct Saving {
    state: Arc<StateFolder>,
    is_failing: bool,
    took: Duration,
}

impl Saving {
    fn pause(&self) -> Duration {
        (self.took * SHARE).clamp(PAUSE, LONGEST_PAUSE)
    }

    /// The log tells of the first failure, and of its end.
    async fn save(&mut self, world: Arc<World>) {
        let (state, began) = (self.state.clone(), Instant::now());
        let failure = match spawn_blocking(move || state.save_snapshot(&world)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(panic.to_string()),
        };
        self.took = began.elapsed();
        match (&failure, self.is_failing) {
            (Some(error), false) => error!(
                error,
                "the last good state is not saved: a start without the API server would serve an \
                 older one; trying again"
            ),
            (None, true) => info!("the last good state is saved again"),
            _ => {}
        }
        self.is_failing = failure.is_some();
    }
}

#[cfg(test)]
mod tests;
