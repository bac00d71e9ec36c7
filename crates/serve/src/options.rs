//! What the binary may set of the gateway.

use std::{sync::Arc, time::Duration};

use model::TicketKeys;
use tokio::sync::watch;

use crate::{AccessLogFormat, proxy::ProxyOptions};

/// Settings that hold for all listeners and for the whole run.
#[derive(Clone, Debug, Default)]
pub struct GatewayOptions {
    pub limits: Limits,
    /// Off when `None`; lines go to standard output.
    pub access_log: Option<AccessLogFormat>,
    pub proxy: ProxyOptions,
    /// The keys of session tickets, where they are shared with other replicas: clients resume
    /// their sessions on any gateway that has the same. While there are none yet, handshakes are
    /// full ones. `None`: the gateway makes and rotates keys of its own.
    pub ticket_keys: Option<watch::Receiver<Arc<TicketKeys>>>,
}

/// Bounds on what clients may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections over all listeners; one more is closed at once.
    pub connections: usize,
    /// Connections that may be in their handshake at one time.
    pub handshakes: usize,
    /// From the accepted connection to the end of the handshake.
    pub handshake_time: Duration,
    /// From the first byte of a request head to its last.
    pub header_time: Duration,
    /// Bytes of a request head; more get 431.
    pub header_size: usize,
    /// How long a client may refuse to take bytes that wait for it.
    pub write_time: Duration,
    /// Requests at one time on one HTTP/2 connection.
    pub http2_streams: u32,
    /// How long the connections of a removed listener may take to finish.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 65_536,
            handshakes: 16_384,
            handshake_time: Duration::from_secs(10),
            header_time: Duration::from_secs(10),
            header_size: 64 * 1024,
            write_time: Duration::from_secs(60),
            http2_streams: 128,
            drain_time: Duration::from_secs(30),
        }
    }
}
