//! The way to backends: which endpoint, which connection, and what to do when it fails.

mod backend_body;
mod backoff;
mod busy;
mod connect;
mod deadlines;
mod errand;
mod fault;
mod head;
mod http2;
mod kept_body;
mod open;
mod patience;
mod request_body;
mod retry_on;
mod rotation;
mod send;
mod send_again;
mod station;
mod stream;
mod upload;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use model::{Backend, BackendProtocol, Endpoint};

pub use backend_body::BackendBody;
pub use busy::Busy;
pub use deadlines::{Deadlines, TimeIsUp};
pub use errand::{Answered, Course, Errand, Failure, Way};
pub use head::Head;
pub use kept_body::Whole;
pub use open::Opened;
pub use patience::Silence;
pub use request_body::{RequestBody, awaiting_consent};
pub use rotation::pick_target;

use crate::lock::{read, write};
use connect::Connector;
use rotation::Rotation;
use station::Station;

/// How backends are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamOptions {
    /// For resolving, connecting and the TLS handshake together; then the next endpoint.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How long an endpoint that could not be reached is passed over while others are left.
    pub shun_time: Duration,
    /// How often unused connections are looked through.
    pub sweep_interval: Duration,
}

impl Default for UpstreamOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_secs(30),
            shun_time: Duration::from_secs(5),
            sweep_interval: Duration::from_secs(5),
        }
    }
}

/// Everything that is known of backends between requests.
pub struct Upstream {
    options: UpstreamOptions,
    connector: Connector,
    /// By address of the Model's `Backend`: one look-up a request, without hashing its content.
    /// The entry keeps the `Backend` alive, so an address never comes to mean another one.
    rotations: RwLock<ByAddress<Arc<Rotation>>>,
    /// Shared by all backends that name the endpoint, and kept from one Model to the next.
    stations: RwLock<HashMap<(Endpoint, BackendProtocol), Arc<Station>>>,
}

type ByAddress<T> = HashMap<usize, T, foldhash::fast::RandomState>;

impl Upstream {
    pub fn new(options: UpstreamOptions) -> Self {
        Self {
            connector: Connector::new(options.connect_timeout),
            options,
            rotations: RwLock::default(),
            stations: RwLock::default(),
        }
    }

    pub fn sweep_interval(&self) -> Duration {
        self.options.sweep_interval
    }

    /// Closes connections that are unused for long, and forgets what no Model speaks of.
    pub fn sweep(&self) {
        write(&self.rotations).retain(|_, rotation| Arc::strong_count(&rotation.backend) > 1);
        write(&self.stations).retain(|_, station| Arc::strong_count(station) > 1);
        let stations: Vec<_> = read(&self.stations).values().cloned().collect();
        for station in stations {
            station.sweep(self.options.idle_timeout);
        }
    }

    fn rotation(&self, backend: &Arc<Backend>) -> Arc<Rotation> {
        let address = Arc::as_ptr(backend).addr();
        if let Some(rotation) = read(&self.rotations).get(&address) {
            return rotation.clone();
        }
        let stations = backend.endpoints.iter().map(|endpoint| {
            let key = (endpoint.clone(), backend.protocol);
            let mut stations = write(&self.stations);
            stations
                .entry(key)
                .or_insert_with(|| Arc::new(Station::new(endpoint.clone(), backend.protocol)))
                .clone()
        });
        let rotation = Arc::new(Rotation::new(backend.clone(), stations.collect()));
        write(&self.rotations).entry(address).or_insert(rotation).clone()
    }
}

#[cfg(test)]
mod tests;
