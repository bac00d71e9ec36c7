//! The gateway as one thing: started with the stream of Models, drained at the end.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use arc_swap::ArcSwap;
use model::Model;
use prometheus_client::registry::Registry;
use tokio::sync::{Mutex, watch};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    GatewayOptions, Ledger, RequestMetrics, Served,
    access_log::AccessLog,
    listener::Common,
    metrics::{GatewayMetrics, ServedCollector},
    proxy::Proxy,
    reconcile::{Listeners, follow},
    roster::Census,
    session::Http,
    supervise::supervise,
    tls::Keyring,
};

/// A running gateway. Dropping it closes everything at once; [`Gateway::drain`] is the polite way.
pub struct Gateway {
    /// What is really served; a new value after every applied Model and every bind retried.
    pub served: watch::Receiver<Arc<Served>>,
    pub ledger: Arc<Ledger>,
    listeners: Arc<Mutex<Listeners>>,
    stop: CancellationToken,
    following: AbortOnDropHandle<()>,
    _keeping_keys: AbortOnDropHandle<()>,
}

impl Gateway {
    /// Starts serving whatever `models` holds now, and follows it. Must be called within a tokio
    /// runtime; returns at once, before the first listener is bound (see `served.generation`).
    pub fn start(
        models: watch::Receiver<Arc<Model>>,
        options: GatewayOptions,
        registry: &mut Registry,
    ) -> Self {
        let GatewayOptions { limits, access_log, mut proxy, ticket_keys } = options;
        proxy.access_log = access_log.is_some();
        let requests = RequestMetrics::new(registry);
        let census = Arc::new(Census::new(limits.connections));
        let keyring = Arc::new(Keyring::new(ticket_keys.as_ref()));
        let common = Arc::new(Common {
            proxy: Proxy::new(proxy, &requests),
            requests,
            metrics: GatewayMetrics::new(registry),
            access_log: AccessLog::start(access_log, registry),
            http: Http::new(&limits),
            keyring: keyring.clone(),
            challenges: ArcSwap::default(),
            census: census.clone(),
            handshaking: AtomicUsize::new(0),
            limits,
        });
        let ledger = Arc::new(Ledger::default());
        let (sender, served) = watch::channel(Arc::default());
        registry.register_collector(Box::new(ServedCollector { served: served.clone(), census }));
        let listeners = Arc::new(Mutex::new(Listeners::new(common, ledger.clone(), sender)));
        let stop = CancellationToken::new();
        let following = supervise("following the Model", {
            let (listeners, stop) = (listeners.clone(), stop.clone());
            move || follow(listeners.clone(), models.clone(), stop.clone())
        });
        let keeping_keys = supervise("keeping the keys of session tickets", move || {
            keyring.clone().keep(ticket_keys.clone())
        });
        Self { served, ledger, listeners, stop, following, _keeping_keys: keeping_keys }
    }

    /// Stops accepting, lets requests in flight finish for up to `limit`, then closes the rest.
    /// Returns how many connections had to be cut.
    pub async fn drain(self, limit: Duration) -> usize {
        self.stop.cancel();
        // It returns on `stop`; a panic has been logged.
        let _ = self.following.await;
        self.listeners.lock().await.drain(limit).await
    }
}
