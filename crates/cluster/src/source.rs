//! The source of the World on Kubernetes: lists and watches every kind that the dialects read.
//!
//! What the API server holds is followed through everything that happens to it: histories that
//! are too old, watches that are cut, servers that restart, kinds that are not installed yet or
//! not allowed. Meanwhile the World stays as it was last seen. What is published next, and when,
//! is decided in `gather`; here is the loop around it.

mod fetch;
mod follow;
mod gather;
mod raw;
mod settle;
mod shelf;
mod standing;
mod sync_state;
mod trouble;
mod watches;

use std::{collections::BTreeSet, future, sync::Arc};

use ::watch::read::Kind;
use futures::{StreamExt as _, stream::FuturesUnordered};
use kube::{Api, Client};
use report::Live;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;
use translate::world::{Console, Key, World};

pub use sync_state::SyncState;
pub use trouble::Pace;

use self::{gather::Gather, raw::Raw};

/// Notices that wait to be taken in; the watches wait when there are more.
const WAITING: usize = 64;
/// Secrets that are asked for at one time.
const FETCHES: usize = 8;

/// What to watch.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// Where Secrets may carry ids of the certificate store. Its Secrets are always watched.
    pub store_namespace: Arc<str>,
    /// The namespaces whose Secrets may be seen; `None` = all.
    pub secret_namespaces: Option<BTreeSet<Arc<str>>>,
    /// Where the Secrets lie that Gateways of Istio name.
    pub gateway_namespace: Arc<str>,
    /// The Service in front of the gateway, whose addresses are told.
    pub gateway_service: Option<Key>,
    pub pace: Pace,
}

/// The source of the World on Kubernetes.
pub struct Source {
    client: Client,
    options: SourceOptions,
}

impl Source {
    pub fn new(client: Client, options: SourceOptions) -> Self {
        Self { client, options }
    }

    /// Publishes a World whenever an object or the console changes, and what the API server shows
    /// of the objects whenever a status does, until it is cancelled. The first World is complete.
    pub async fn run(
        self,
        worlds: watch::Sender<Arc<World>>,
        live: watch::Sender<Arc<Live>>,
        sync: watch::Sender<SyncState>,
        mut console: watch::Receiver<Console>,
        cancel: CancellationToken,
    ) {
        let mut gather = Gather::new(&self.options);
        let (to, mut notices) = mpsc::channel(WAITING);
        let mut watches = JoinSet::new();
        let mut begin = |(number, watch)| {
            let (client, pace) = (self.client.clone(), self.options.pace);
            watches.spawn(follow::follow(client, watch, number, pace, to.clone()));
        };
        gather.whole().into_iter().for_each(&mut begin);
        let mut fetches = FuturesUnordered::new();
        let mut console_open = true;
        gather.set_console(&console.borrow_and_update());
        loop {
            gather.names().into_iter().for_each(&mut begin);
            while fetches.len() < FETCHES
                && let Some(key) = gather.next_fetch()
            {
                fetches.push(fetch(self.client.clone(), key));
            }
            if let Some(state) = gather.sync_news() {
                sync_state::log(&sync.borrow(), &state);
                sync.send_replace(state);
            }
            let due = gather.due();
            tokio::select! {
                () = cancel.cancelled() => return,
                Some((number, notice)) = notices.recv() => {
                    gather.notice(number, notice, Instant::now());
                }
                Some((key, answer)) = fetches.next() => {
                    gather.fetched(&key, answer, Instant::now());
                }
                changed = console.changed(), if console_open => {
                    console_open = changed.is_ok();
                    if let Some(world) = gather.set_console(&console.borrow_and_update()) {
                        worlds.send_replace(world);
                    }
                }
                () = sleep_until(due) => {
                    let publication = gather.publish(Instant::now());
                    if let Some(new) = publication.live {
                        live.send_replace(new);
                    }
                    if let Some(new) = publication.world {
                        worlds.send_replace(new);
                    }
                }
            }
        }
    }
}

async fn fetch(client: Client, key: Key) -> (Key, Result<Option<Raw>, kube::Error>) {
    let resource = watches::newest(Kind::Secret);
    let secrets = Api::<Raw>::namespaced_with(client, &key.namespace, &resource);
    let answer = secrets.get_opt(&key.name).await;
    (key, answer)
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => time::sleep_until(due).await,
        None => future::pending().await,
    }
}

#[cfg(test)]
pub(crate) mod tests;
