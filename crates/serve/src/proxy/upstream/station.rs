//! One endpoint spoken to in one protocol: its open connections, and whether it failed lately.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use model::{BackendProtocol, Endpoint};

use super::{http2::SharedWire, wire::Wire};
use crate::lock::lock;

/// Idle connections kept for one endpoint; more are closed.
const MAX_IDLE: usize = 256;

#[derive(Debug)]
pub struct Station {
    pub endpoint: Endpoint,
    pub protocol: BackendProtocol,
    /// The endpoint as text, for the access log.
    pub label: Arc<str>,
    idle: Mutex<Vec<Idle>>,
    pub(super) shared: Mutex<Vec<SharedWire>>,
    /// Other endpoints are preferred.
    pub shunned: Pause,
    /// A failure was logged; more of them would say nothing new.
    pub complained: Pause,
    /// Requests of the backends that want the least busy endpoint.
    pub under_way: AtomicUsize,
}

/// A state that passes by itself; looking at it costs nothing while it was never entered.
#[derive(Debug)]
pub struct Pause {
    made: Instant,
    /// Milliseconds after `made`.
    until: AtomicU64,
}

#[derive(Debug)]
struct Idle {
    wire: Box<Wire>,
    since: Instant,
}

impl Station {
    pub fn new(endpoint: Endpoint, protocol: BackendProtocol) -> Self {
        Self {
            label: endpoint.to_string().into(),
            endpoint,
            protocol,
            idle: Mutex::default(),
            shared: Mutex::default(),
            shunned: Pause::new(),
            complained: Pause::new(),
            under_way: AtomicUsize::new(0),
        }
    }

    /// A connection that is fit for a request: the one used last, since the others may close.
    pub fn take(&self) -> Option<Box<Wire>> {
        loop {
            let mut wire = lock(&self.idle).pop()?.wire;
            if wire.is_ready() {
                return Some(wire);
            }
        }
    }

    /// Keeps a connection for the next request, or closes it when there are enough.
    pub fn put(&self, wire: Box<Wire>) {
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_IDLE {
            idle.push(Idle { wire, since: Instant::now() });
        }
    }

    /// Closes what has been idle for too long, and what the backend has closed.
    pub fn sweep(&self, idle_timeout: Duration) {
        let is_fresh = |since: Instant| since.elapsed() < idle_timeout;
        lock(&self.idle).retain_mut(|idle| is_fresh(idle.since) && idle.wire.is_ready());
        lock(&self.shared).retain(|wire| wire.is_open() && (wire.is_busy() || is_fresh(wire.used)));
    }
}

impl Pause {
    fn new() -> Self {
        Self { made: Instant::now(), until: AtomicU64::new(0) }
    }

    pub fn begin(&self, time: Duration) {
        let until = self.made.elapsed() + time;
        self.until.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    pub fn is_on(&self) -> bool {
        match self.until.load(Relaxed) {
            0 => false,
            until => self.made.elapsed().as_millis() < u128::from(until),
        }
    }
}
