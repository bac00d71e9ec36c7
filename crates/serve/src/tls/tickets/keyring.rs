//! The keys that tickets are sealed with now, one set for all listeners: those that are shared
//! with other replicas, or the gateway's own.

use std::{sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::{error::Unspecified, rand};
use model::{TicketKey, TicketKeys};
use tokio::{sync::watch, time::sleep};
use tracing::error;
use zeroize::Zeroizing;

/// How long one of the gateway's own keys seals; it opens for as long again.
const ROTATION: Duration = Duration::from_secs(6 * 60 * 60);

/// What handshakes look at; cheap to ask, and never locked.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: ArcSwap<TicketKeys>,
}

impl Keyring {
    /// Holds what is `shared` now, or a key of its own. [`Keyring::keep`] keeps it so.
    pub fn new(shared: Option<&watch::Receiver<Arc<TicketKeys>>>) -> Self {
        let keys = match shared {
            Some(shared) => shared.borrow().clone(),
            None => Arc::new(rotated(&TicketKeys::default()).unwrap_or_else(|_| {
                error!("the system gives no random bytes: no session tickets for now");
                TicketKeys::default()
            })),
        };
        Self { keys: ArcSwap::new(keys) }
    }

    pub fn current(&self) -> Guard<Arc<TicketKeys>> {
        self.keys.load()
    }

    /// Follows the shared keys until their source ends, or rotates its own for ever.
    pub async fn keep(self: Arc<Self>, shared: Option<watch::Receiver<Arc<TicketKeys>>>) {
        match shared {
            Some(shared) => self.follow(shared).await,
            None => self.rotate().await,
        }
    }

    async fn follow(&self, mut shared: watch::Receiver<Arc<TicketKeys>>) {
        shared.mark_changed();
        while shared.changed().await.is_ok() {
            self.keys.store(shared.borrow_and_update().clone());
        }
    }

    async fn rotate(&self) {
        loop {
            sleep(ROTATION).await;
            match rotated(&self.current()) {
                Ok(keys) => self.keys.store(Arc::new(keys)),
                Err(_) => error!("the system gives no random bytes: the ticket key stays"),
            }
        }
    }
}

/// A new key to seal with, and the former one to open with.
fn rotated(former: &TicketKeys) -> Result<TicketKeys, Unspecified> {
    let mut bytes = Zeroizing::new([0; TicketKey::LEN]);
    rand::fill(&mut *bytes)?;
    let new = TicketKey::new(*bytes);
    Ok(TicketKeys(std::iter::once(new).chain(former.0.first().cloned()).collect()))
}

#[cfg(test)]
mod tests;
