//! The gateway as one thing: started with the stream of Models, drained at the end.

use std::{sync::Arc, time::Duration};

use model::Model;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::{GatewayOptions, Ledger, RequestMetrics, Served};

/// A running gateway. Dropping it closes everything at once; [`Gateway::drain`] is the polite way.
pub struct Gateway {
    /// What is really served; a new value after every applied Model and every bind retried.
    pub served: watch::Receiver<Arc<Served>>,
    pub ledger: Arc<Ledger>,
}

impl Gateway {
    /// Starts serving whatever `models` holds now, and follows it. Must be called within a tokio
    /// runtime; returns at once, before the first listener is bound (see `served.generation`).
    pub fn start(
        models: watch::Receiver<Arc<Model>>,
        options: GatewayOptions,
        registry: &mut Registry,
    ) -> Self {
        let _ = (models, options, RequestMetrics::new(registry));
        let (_sender, served) = watch::channel(Arc::default());
        Self { served, ledger: Arc::default() }
    }

    /// Stops accepting, lets requests in flight finish for up to `limit`, then closes the rest.
    /// Returns how many connections had to be cut.
    pub async fn drain(self, limit: Duration) -> usize {
        let _ = limit;
        0
    }
}
