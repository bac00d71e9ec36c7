//! Who is connected to a listener, and the watchdog over them.
//!
//! A connection writes down what it waits for and until when; one sweep every quarter of a
//! second finds those whose time is over. No connection has a timer of its own, and traffic
//! touches nothing but atomics.

mod pulse;
mod uncut;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, Weak,
        atomic::{
            AtomicU32, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
            fence,
        },
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{listener::Admission, lock::lock};
pub use pulse::{Order, Pulse};
pub use uncut::uncut;

/// The sweep's step, and so the precision of every deadline.
pub const TICK: Duration = Duration::from_millis(250);
/// How long a connection that was asked to finish may take over it when it has no request.
const FINISH_GRACE: Duration = Duration::from_secs(5);
/// How long a connection without a request may still send its first one while draining.
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);
/// Idle connections give their buffers back after this. Having them made again costs about a
/// microsecond.
const PARK_AFTER: Duration = TICK;

/// Connections of the whole gateway.
#[derive(Debug)]
pub struct Census {
    live: AtomicUsize,
    limit: usize,
}

impl Census {
    pub fn new(limit: usize) -> Self {
        Self { live: AtomicUsize::new(0), limit }
    }

    pub fn live(&self) -> usize {
        self.live.load(Relaxed)
    }
}

/// Connections of one listener.
#[derive(Debug)]
pub struct Roster {
    census: Arc<Census>,
    live: AtomicUsize,
    emptied: Notify,
    pulses: Mutex<Vec<Weak<Pulse>>>,
    /// Ticks since the roster was made; the clock of all its deadlines.
    now: AtomicU32,
    begun: Instant,
    write_ticks: u32,
}

impl Roster {
    /// `write_time`: how long a client may refuse to take bytes.
    pub fn new(census: Arc<Census>, write_time: Duration) -> Arc<Self> {
        Arc::new(Self {
            census,
            live: AtomicUsize::new(0),
            emptied: Notify::new(),
            pulses: Mutex::default(),
            now: AtomicU32::new(1),
            begun: Instant::now(),
            write_ticks: ticks(write_time),
        })
    }

    /// Enters a connection, which has until `limit` from now to say what it waits for next.
    /// `None`: the gateway has all the connections it may have.
    pub fn enter(self: &Arc<Self>, limit: Duration) -> Option<Arc<Pulse>> {
        if self.census.live.fetch_add(1, Relaxed) >= self.census.limit {
            self.census.live.fetch_sub(1, Relaxed);
            return None;
        }
        self.live.fetch_add(1, Relaxed);
        let pulse = Arc::new(Pulse::new(self.clone(), limit));
        lock(&self.pulses).push(Arc::downgrade(&pulse));
        Some(pulse)
    }

    pub fn live(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// Asks every connection to finish what it does and close.
    pub fn finish_all(&self) {
        self.each(Pulse::finish);
    }

    /// Asks the connections that were let in by one of these to finish. Tunnels, which come to no
    /// end by themselves, may take `limit`.
    pub fn finish_admitted_by(&self, ended: &[Admission], limit: Duration) {
        let ended: HashSet<_> = ended.iter().copied().collect();
        // Pairs with the one in `Pulse::admit`.
        fence(SeqCst);
        self.each(|pulse| {
            if pulse.admission().is_some_and(|admission| ended.contains(&admission)) {
                pulse.finish();
                pulse.end_tunnel_within(limit);
            }
        });
    }

    /// Closes every connection at once.
    pub fn cut_all(&self) {
        self.each(Pulse::cut);
    }

    /// Returns when the last connection is gone.
    pub async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.live() == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// The watchdog. Runs until dropped.
    pub async fn watch(&self) {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            interval.tick().await;
            self.sweep();
        }
    }

    fn sweep(&self) {
        // Read off the clock and not counted, so that a late sweep does not stretch deadlines.
        let now = 1 + u32::try_from(self.begun.elapsed().as_millis() / TICK.as_millis())
            .unwrap_or(u32::MAX - 1);
        self.now.store(now, Relaxed);
        self.each(|pulse| pulse.check(now, self.write_ticks));
    }

    fn each(&self, act: impl Fn(&Pulse)) {
        let mut pulses = lock(&self.pulses);
        pulses.retain(|pulse| pulse.upgrade().inspect(|pulse| act(pulse)).is_some());
        if pulses.capacity() > 64 && pulses.capacity() / 4 > pulses.len() {
            pulses.shrink_to_fit();
        }
    }

    /// The tick at which `wait` from now is surely over.
    fn after(&self, wait: Duration) -> u32 {
        self.now.load(Relaxed).saturating_add(ticks(wait)).saturating_add(1)
    }

    fn leave(&self) {
        self.census.live.fetch_sub(1, Relaxed);
        if self.live.fetch_sub(1, Relaxed) == 1 {
            self.emptied.notify_waiters();
        }
    }
}

fn ticks(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
