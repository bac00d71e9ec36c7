//! One look at all that a Doorward on this cluster goes by, for who runs none: asked for once, and
//! nothing of it followed or written.

use std::{sync::Arc, time::Duration};

use issue::Page;
use kube::Client;
use report::Live;
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use translate::{Memory, World};

use crate::{
    call::CallError,
    source::{Source, SourceOptions, SyncState},
    store::{ConsoleMap, SharedMemory, load_orders},
};

/// Large clusters tell everything within some seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// What was seen.
pub struct Glance {
    /// With what operators changed by hand.
    pub world: Arc<World>,
    /// `None`: no leader has saved any.
    pub memory: Option<Memory>,
    /// Of the book of orders.
    pub pages: Vec<Page>,
}

#[derive(Debug, thiserror::Error)]
pub enum GlanceError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("not everything was told within {limit} seconds: waited for {0}", limit = LIMIT.as_secs())]
    Late(String),
}

/// Gets, lists and watches; no other verb.
pub async fn glance(client: Client, options: SourceOptions) -> Result<Glance, GlanceError> {
    let store = options.store_namespace.clone();
    let console = ConsoleMap::new(client.clone(), &store).load().await?;
    let memory = SharedMemory::new(client.clone(), &store).load().await?;
    let pages = load_orders(client.clone(), &store).await?;

    let (worlds, world) = watch::channel(Arc::<World>::default());
    let (lives, _live) = watch::channel(Arc::<Live>::default());
    let (syncs, mut sync) = watch::channel(SyncState::default());
    let (_edits, edits) = watch::channel(console);
    let follow =
        Source::new(client, options).run(worlds, lives, syncs, edits, CancellationToken::new());
    tokio::select! {
        () = follow => {}
        _ = timeout(LIMIT, sync.wait_for(|sync| sync.is_complete)) => {}
    }
    if !sync.borrow().is_complete {
        return Err(GlanceError::Late(sync.borrow().waits_for()));
    }
    let world = world.borrow().clone();
    Ok(Glance { world, memory, pages })
}

#[cfg(test)]
mod tests;
