//! Writes down what listeners hold, so that `doorward plan` can tell what would be served
//! differently. Nothing is served by it, and a run does not read it.

use std::{sync::Arc, time::Duration};

use ::watch::state::StateFolder;
use anyhow::{Context, Result};
use model::Model;
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep},
};
use tracing::warn;

use crate::view::ListenerView;

/// Between two records; many changes may come meanwhile.
const PAUSE: Duration = Duration::from_secs(1);
/// However much changes, recording takes a fiftieth of the time at most.
const SHARE: u32 = 50;

/// Records each Model until their source ends, at once if the last one is some time ago.
pub async fn record(mut models: watch::Receiver<Arc<Model>>, state: Arc<StateFolder>) {
    let mut written = Arc::default();
    loop {
        let model = models.borrow_and_update().clone();
        let (state, before) = (state.clone(), Arc::clone(&written));
        let began = Instant::now();
        let saved = spawn_blocking(move || save(&model, &before, &state)).await;
        match saved.context("the record was cut short").flatten() {
            Ok(text) => written = text,
            // Tried again with the next Model.
            Err(error) => warn!(
                "what listeners hold is not written down, so `doorward plan` compares with what was: {error:#}"
            ),
        }
        sleep(PAUSE.max(began.elapsed() * SHARE)).await;
        if models.changed().await.is_err() {
            return;
        }
    }
}

/// The text that is written then. Most changes of a Model change nothing of it.
fn save(model: &Model, before: &Arc<str>, state: &StateFolder) -> Result<Arc<str>> {
    let text = serde_json::to_string(&ListenerView::all(model))?;
    if text == **before {
        return Ok(before.clone());
    }
    state.save_served(&text)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests;
