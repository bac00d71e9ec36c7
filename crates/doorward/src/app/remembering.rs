//! Writes down what a restart needs of the translation's memory. Away from the translate loop,
//! so that a slow disk holds nothing up; and again later, so that a full one loses nothing.

use std::{sync::Arc, time::Duration};

use ::watch::state::StateFolder;
use tokio::{sync::watch, task::spawn_blocking, time::timeout};
use tracing::{error, info};
use translate::Memory;

const RETRY: Duration = Duration::from_secs(5);

/// Saves each new memory until their source ends.
pub async fn remember(mut memories: watch::Receiver<Arc<Memory>>, state: Arc<StateFolder>) {
    let mut is_unsaved = false;
    loop {
        let changed = match is_unsaved {
            true => timeout(RETRY, memories.changed()).await.unwrap_or(Ok(())),
            false => memories.changed().await,
        };
        if changed.is_err() {
            return;
        }
        let memory = memories.borrow_and_update().clone();
        let state = state.clone();
        let saved = spawn_blocking(move || state.save_memory(&memory)).await;
        let failure = match saved {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        match (&failure, is_unsaved) {
            (Some(error), false) => error!(
                error,
                "sticky Defaults are not saved: a restart would forget them; trying again"
            ),
            (None, true) => info!("sticky Defaults are saved again"),
            _ => {}
        }
        is_unsaved = failure.is_some();
    }
}

#[cfg(test)]
mod tests;
