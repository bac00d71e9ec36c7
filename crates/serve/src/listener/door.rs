//! A bound listener and the tasks that work for it.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use arc_swap::ArcSwap;
use model::{Challenges, ListenerKey};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{BindError, ListenerState, accept, bind::bind};
use crate::{
    Limits, RequestMetrics,
    access_log::AccessLog,
    metrics::GatewayMetrics,
    proxy::Proxy,
    roster::{Census, Roster},
    session::Http,
    supervise::supervise,
    tls::Keyring,
};

/// What all listeners share.
pub struct Common {
    pub limits: Limits,
    pub proxy: Arc<Proxy>,
    pub requests: RequestMetrics,
    pub metrics: GatewayMetrics,
    pub access_log: AccessLog,
    pub http: Http,
    pub keyring: Arc<Keyring>,
    /// What CAs are answered, on all listeners.
    pub challenges: ArcSwap<Challenges>,
    pub census: Arc<Census>,
    /// Connections in their handshake.
    pub handshaking: AtomicUsize,
}

/// What the connections of one listener share.
pub struct Shared {
    pub key: ListenerKey,
    pub bound: SocketAddr,
    pub state: ArcSwap<ListenerState>,
    pub roster: Arc<Roster>,
    pub common: Arc<Common>,
}

/// An open listener. Dropping it closes the socket and cuts its connections.
pub struct Door {
    pub shared: Arc<Shared>,
    /// As the Model asked for it; `shared.bound` is what the system made of it.
    pub asked: SocketAddr,
    stop: CancellationToken,
    accepting: Option<AbortOnDropHandle<()>>,
    _watching: AbortOnDropHandle<()>,
}

impl Door {
    /// Binds and begins to accept. Must be called within a tokio runtime.
    pub fn open(state: ListenerState, common: &Arc<Common>) -> Result<Self, BindError> {
        let asked = state.wanted.address;
        let socket = Arc::new(bind(asked)?);
        let shared = Arc::new(Shared {
            key: state.wanted.key.clone(),
            bound: socket.local_addr().unwrap_or(asked),
            state: ArcSwap::from_pointee(state),
            roster: Roster::new(common.census.clone(), common.limits.write_time),
            common: common.clone(),
        });
        let stop = CancellationToken::new();
        let accepting = supervise("accepting connections", {
            let (shared, stop) = (shared.clone(), stop.clone());
            move || accept::accept(shared.clone(), socket.clone(), stop.clone())
        });
        let watching = supervise("watching over connections", {
            let roster = shared.roster.clone();
            move || {
                let roster = roster.clone();
                async move { roster.watch().await }
            }
        });
        Ok(Self { shared, asked, stop, accepting: Some(accepting), _watching: watching })
    }

    /// Serves by `state` from the next handshake and the next request on. Yields the former.
    pub fn swap(&self, state: ListenerState) -> Arc<ListenerState> {
        let next = Arc::new(state);
        let former = self.shared.state.swap(next.clone());
        let mut ended = former.admissions();
        ended.retain(|admission| next.serving(*admission).is_none());
        if !ended.is_empty() {
            self.shared.roster.finish_admitted_by(&ended, self.shared.common.limits.drain_time);
        }
        former
    }

    /// Closes the socket; when this returns, the address is free.
    pub async fn stop_accepting(&mut self) {
        self.stop.cancel();
        if let Some(accepting) = self.accepting.take() {
            // It can only fail by a panic, which has been logged.
            let _ = accepting.await;
        }
    }

    /// Closes the socket and lets connections finish; after `limit` the rest is cut. Returns
    /// how many that were.
    pub async fn drain(mut self, limit: Duration) -> usize {
        self.stop_accepting().await;
        let roster = &self.shared.roster;
        roster.finish_all();
        if tokio::time::timeout(limit, roster.emptied()).await.is_ok() {
            return 0;
        }
        let left = roster.live();
        roster.cut_all();
        // Cut connections only have to be dropped by their tasks.
        let _ = tokio::time::timeout(Duration::from_secs(1), roster.emptied()).await;
        left
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.cancel();
        self.shared.roster.cut_all();
    }
}
