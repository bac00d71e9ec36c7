//! Talking to etcd and API servers over a stream that a host lends: handshakes that believe
//! anyone, etcd's own API, and HTTPS requests.
//!
//! Nothing here knows of SSH, and nothing decides what an answer means for a rotation.

mod etcd;
mod handshake;
mod https;
mod tls;
mod wire;

use std::{net::SocketAddr, time::Duration};

pub use etcd::etcd;
pub use handshake::handshake;
pub use https::https;

/// Why a talk came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{address}: no answer within {} s", within.as_secs())]
    Silent { address: SocketAddr, within: Duration },
    /// Nothing listens, or what listens ended the connection.
    #[error("{address}: {why}")]
    Broken { address: SocketAddr, why: String },
    /// It presents what none of our authorities issued, or does not take our certificate.
    #[error("{1}: {0}")]
    Tls(String, SocketAddr),
    /// Our own certificate or key cannot be presented.
    #[error("the client certificate cannot be used: {0}")]
    Identity(String),
    /// It answered with a refusal.
    #[error("{address}: {why}")]
    Refused { address: SocketAddr, why: String },
    #[error("{path}: {why}", path = path.display())]
    File { path: std::path::PathBuf, why: std::io::Error },
}

/// Ends a talk that takes too long.
async fn bounded<T>(
    address: SocketAddr,
    within: Duration,
    talk: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let silent = |_elapsed| Error::Silent { address, within };
    tokio::time::timeout(within, talk).await.map_err(silent)?
}
