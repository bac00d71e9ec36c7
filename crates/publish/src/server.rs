//! The server: binds, lets clients in, and gives each stream a task of its own.

mod calls;
mod connection;
mod socket;
mod stream;
mod tls;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use prometheus_client::registry::Registry;
use tokio::{
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use translate::World;

use crate::{
    catalogue::Catalogue,
    ledger::Ledger,
    metrics::{Metrics, Refusal},
    reach::Grants,
    session::Now,
    settings::Settings,
    who::Admission,
};
use connection::Common;
pub use socket::BindError;
use socket::{Listener, Raw};
use tls::{Door, Refused};

/// A certificate that expires is a change that no World brings.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(60);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Bound, and not yet serving.
pub struct Publisher {
    pub ledger: Arc<Ledger>,
    listener: Listener,
    admission: Admission,
    grants: Grants,
    common: Arc<Common>,
    catalogues: watch::Sender<Arc<Catalogue>>,
    places: Arc<Semaphore>,
}

impl Publisher {
    /// Must be called within a tokio runtime.
    pub fn bind(settings: Settings, registry: &mut Registry) -> Result<Self, BindError> {
        let Settings { address, admission, grants, limits } = settings;
        let listener = Listener::bind(&address)?;
        info!(address = %listener.name(), "secret discovery listens");
        let ledger = Arc::new(Ledger::default());
        let metrics = Metrics::new(registry, ledger.clone());
        let (catalogues, catalogue) = watch::channel(Arc::default());
        let places = Arc::new(Semaphore::new(limits.connections));
        let streams = Arc::new(Semaphore::new(limits.streams));
        let common = Arc::new(Common { catalogue, metrics, limits, streams });
        Ok(Self { ledger, listener, admission, grants, common, catalogues, places })
    }

    /// With the port that the system chose; `None` for a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.address()
    }

    /// Serves what `worlds` holds until `stop`.
    pub async fn run(self, worlds: watch::Receiver<Arc<World>>, stop: CancellationToken) {
        let Self { ledger, listener, admission, grants, common, catalogues, places } = self;
        let catalogue = common.catalogue.clone();
        let door = match admission {
            Admission::Local { namespace } => Door::Open { namespace },
            Admission::MutualTls(settings) => Door::tls(settings, catalogue),
        };
        let host = Host { ledger, door, grants, common, places, stop: stop.clone() };
        tokio::select! {
            () = follow(worlds, catalogues) => {}
            () = accept(&listener, Arc::new(host)) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// World ──► Catalogue.
async fn follow(
    mut worlds: watch::Receiver<Arc<World>>,
    catalogues: watch::Sender<Arc<Catalogue>>,
) {
    loop {
        let world = worlds.borrow_and_update().clone();
        let before = catalogues.borrow().clone();
        catalogues.send_replace(Arc::new(before.next(&world, Timestamp::now())));
        tokio::select! {
            changed = worlds.changed() => {
                if changed.is_err() {
                    // The source has ended: what is offered stays.
                    return std::future::pending().await;
                }
            }
            () = sleep(LOOK_AT_CLOCK) => {}
        }
    }
}

/// What every connection is received with.
struct Host {
    ledger: Arc<Ledger>,
    door: Door,
    grants: Grants,
    common: Arc<Common>,
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

async fn accept(listener: &Listener, host: Arc<Host>) {
    loop {
        let stream = match listener.accept().await {
            Ok(stream) => stream,
            Err(error) => {
                warn!(%error, "secret discovery cannot accept a connection");
                // Out of file descriptors: some come back when others hang up.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = host.places.clone().try_acquire_owned() else {
            host.common.metrics.refused(Refusal::TooManyConnections);
            debug!("secret discovery has no place for another connection");
            continue;
        };
        let host = host.clone();
        tokio::spawn(async move {
            receive(stream, &host).await;
            drop(place);
        });
    }
}

async fn receive(raw: Raw, host: &Host) {
    let origin = raw.origin.clone();
    let entered = match timeout(HANDSHAKE, host.door.enter(raw)).await {
        Ok(Ok(entered)) => entered,
        Ok(Err(refused)) => {
            host.common.metrics.refused(match refused {
                Refused::UnknownClient(_) => Refusal::UnknownClient,
                Refused::NotReady(_) | Refused::Handshake(_) => Refusal::Handshake,
            });
            warn!(client = origin, "secret discovery refuses a client: {refused}");
            return;
        }
        Err(_) => {
            host.common.metrics.refused(Refusal::Handshake);
            return debug!(client = origin, "a client did not finish its handshake");
        }
    };
    let reach = host.grants.reach_of(&entered.namespace);
    let seat = host.ledger.seat(entered.peer, &reach);
    connection::serve(entered.stream, seat, reach, host.common.clone(), &host.stop).await;
}

fn now() -> Now {
    Now { instant: Instant::now(), time: Timestamp::now() }
}

#[cfg(test)]
mod tests;
