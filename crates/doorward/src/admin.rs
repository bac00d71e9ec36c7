//! The admin API: what a running Doorward serves, holds and thinks, and the verbs that change it.
//!
//! Plain HTTP/1.1, on loopback unless a token guards it. It decides nothing: what is read comes
//! from the stages' own values, and what is changed goes into the state folder, from where it
//! comes back like any other object.

mod answer;
mod change;
mod config_dump;
mod door;
mod guard;
mod health;
mod read;
mod route;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

pub use change::{Edit, Keep, KeepError, Shelf};
pub use door::{Door, Scope};
pub use health::{Health, Standing};
pub use read::Sight;

use crate::config::Token;

/// More than any scraper and operator need at one time.
const CONNECTIONS: usize = 128;
const HEADER_TIME: Duration = Duration::from_secs(10);
/// From the first byte of a connection to its end; nobody keeps one longer.
const CONNECTION_TIME: Duration = Duration::from_secs(300);
const HEADER_BYTES: usize = 32 * 1024;

/// Everything that answers a request.
pub struct Desk {
    pub sight: Sight,
    pub shelf: Shelf,
    pub health: Health,
    pub metrics: prometheus_client::registry::Registry,
    pub token: Option<Token>,
}

/// Binds before anything is served, so that two Doorwards on one state folder do not get far.
pub async fn bind(address: SocketAddr, scope: Scope) -> Result<TcpListener> {
    let (name, flag) = match scope {
        Scope::Everything => ("admin", "--admin"),
        Scope::Probes => ("probe", "--probe"),
    };
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot bind the {name} address {address}: end what listens there, or choose another with {flag} IP:PORT"
        )
    })?;
    let address = listener.local_addr()?;
    match scope {
        Scope::Everything => info!(%address, "admin API listens"),
        Scope::Probes => info!(%address, "health and metrics listen"),
    }
    Ok(listener)
}

/// Answers until the task is dropped.
pub async fn run(listener: TcpListener, door: Arc<Door>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "the admin API cannot accept a connection");
                // Out of file descriptors: some come back when others hang up.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            debug!("the admin API has no place for another connection");
            continue;
        };
        let door = door.clone();
        tokio::spawn(async move {
            let _ = timeout(CONNECTION_TIME, converse(stream, door)).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(move |request| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    });
    let ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = ended {
        debug!(%error, "an admin connection broke off");
    }
}
