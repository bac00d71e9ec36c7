//! How replicas come to remember the same: what the leader saved counts on every other one.
//!
//! Replicas do not see all the same Worlds on the way, as each puts changes together as they
//! come; and what the leader concluded may arrive before the objects that it concluded it from.
//! So a follower can come to remember something else, and nothing would ever change that. It
//! gives way, once the leader has had the time to conclude the same.

use std::{future, sync::Arc, time::Duration};

use cluster::lease::Leadership;
use tokio::{sync::watch, time::sleep};
use translate::Memory;

/// From a change of the objects to what the leader saves of it, generously.
const DOUBT: Duration = Duration::from_secs(5);

/// Has the translation take over what the leader remembers, through `led`, for as long as
/// another replica leads. `shared` is what was saved, `own` what this replica remembers.
pub async fn agree(
    led: watch::Sender<Arc<Memory>>,
    mut shared: watch::Receiver<Option<Arc<Memory>>>,
    mut own: watch::Receiver<Arc<Memory>>,
    mut leadership: Leadership,
) {
    let mut gave_way: Option<(Arc<Memory>, Arc<Memory>)> = None;
    let mut is_new = true;
    loop {
        let saved = shared.borrow_and_update().clone();
        let mine = own.borrow_and_update().clone();
        let saved = saved
            .filter(|saved| leadership.current().is_none() && mine.differs_for_a_restart(saved));
        let doubt = match &saved {
            Some(saved) if is_new => {
                led.send_replace(saved.clone());
                None
            }
            // What giving way came to before, it would come to again.
            Some(saved) if is_again(gave_way.as_ref(), saved, &mine) => None,
            saved => saved.clone(),
        };
        is_new = false;
        tokio::select! {
            changed = shared.changed() => {
                if changed.is_err() {
                    return;
                }
                is_new = true;
            }
            changed = own.changed() => if changed.is_err() { return },
            () = leadership.changed() => {}
            saved = after(doubt) => {
                gave_way = Some((saved.clone(), mine));
                led.send_replace(saved);
            }
        }
    }
}

fn is_again(
    before: Option<&(Arc<Memory>, Arc<Memory>)>,
    saved: &Arc<Memory>,
    mine: &Memory,
) -> bool {
    before.is_some_and(|(then_saved, then_mine)| {
        Arc::ptr_eq(then_saved, saved) && !then_mine.differs_for_a_restart(mine)
    })
}

async fn after(doubt: Option<Arc<Memory>>) -> Arc<Memory> {
    match doubt {
        Some(saved) => {
            sleep(DOUBT).await;
            saved
        }
        None => future::pending().await,
    }
}

#[cfg(test)]
mod tests;
