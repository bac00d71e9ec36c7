//! What the gateway could not do, in the words of the report.

use std::sync::Arc;

use report::{Outcomes, Trouble};
use serve::Served;
use tokio::sync::watch;

use crate::app::translating::publish;

/// Follows what is served.
pub async fn follow(
    mut served: watch::Receiver<Arc<Served>>,
    outcomes: watch::Sender<Arc<Outcomes>>,
) {
    loop {
        let now = outcomes_of(&served.borrow_and_update());
        publish(&outcomes, now);
        if served.changed().await.is_err() {
            return;
        }
    }
}

fn outcomes_of(served: &Served) -> Outcomes {
    let troubled = served.listeners.iter().filter_map(|(key, listener)| {
        let message = listener.error.clone()?;
        Some((key.clone(), Trouble { message, is_bound: listener.address.is_some() }))
    });
    troubled.collect()
}
