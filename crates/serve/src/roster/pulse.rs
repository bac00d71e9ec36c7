//! What one connection is doing, and what it is told to do. Written by the connection's task,
//! read by the sweep, and the other way round for the order.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicBool, AtomicU8, AtomicU32, AtomicU64,
            Ordering::{Relaxed, SeqCst},
            fence,
        },
    },
    task::Waker,
    time::Duration,
};

use super::{FINISH_GRACE, FIRST_REQUEST_GRACE, PARK_AFTER, Roster};
use crate::{listener::Admission, lock::lock};

/// What the connection waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    Handshake,
    /// HTTP/1: the first byte of a request.
    Waiting,
    /// HTTP/1: the rest of a request head.
    Head,
    /// HTTP/1: as `Waiting`, without buffers.
    Parked,
    /// HTTP/2: anything.
    Multiplexed,
    /// Bytes pass through after an upgrade; nothing is asked of them.
    Tunnel,
    /// Bytes pass through and nothing else ever did; they may not pause for too long.
    Piped,
}

/// What a connection is told, the later the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Order {
    Serve,
    /// Give the buffers back until the client sends something.
    Park,
    /// Answer what was asked, then close.
    Finish,
    /// Close now.
    Cut,
}

/// One connection in its [`Roster`].
#[derive(Debug)]
pub struct Pulse {
    roster: Arc<Roster>,
    phase: AtomicU8,
    order: AtomicU8,
    /// By what the client was let in; 0 until it is.
    admission: AtomicU64,
    /// A request has begun at some time.
    used: AtomicBool,
    in_flight: AtomicU32,
    /// In ticks. Holds only while no request is in flight.
    deadline: AtomicU32,
    /// The tick at which a tunnel is cut, whatever passes through it.
    end: AtomicU32,
    /// The tick at which the present phase began.
    since: AtomicU32,
    /// The tick at which the client stopped taking bytes; 0 while it takes them.
    blocked: AtomicU32,
    waker: Mutex<Option<Waker>>,
}

impl Pulse {
    pub(super) fn new(roster: Arc<Roster>, limit: Duration) -> Self {
        Self {
            phase: AtomicU8::new(Phase::Handshake as u8),
            order: AtomicU8::new(Order::Serve as u8),
            admission: AtomicU64::new(0),
            used: AtomicBool::new(false),
            in_flight: AtomicU32::new(0),
            deadline: AtomicU32::new(roster.after(limit)),
            end: AtomicU32::new(u32::MAX),
            since: AtomicU32::new(0),
            blocked: AtomicU32::new(0),
            waker: Mutex::default(),
            roster,
        }
    }

    // --- said by the connection ---

    /// The client was let in. Look after this whether the listener still admits it so: either the
    /// look sees that it does not, or whoever changed that finds this connection by it.
    pub fn admit(&self, admission: Admission) {
        self.admission.store(admission.0, Relaxed);
        fence(SeqCst);
    }

    /// HTTP/1 waits, without buffers, for its first request, for as long as `idle`.
    pub fn begin_http1(&self, idle: Duration) {
        self.wait(Phase::Parked, idle);
    }

    pub fn begin_http2(&self, idle: Duration) {
        self.wait(Phase::Multiplexed, idle);
    }

    /// Bytes are passed on, and may pause for as long as `idle`.
    pub fn begin_piped(&self, idle: Duration) {
        self.wait(Phase::Piped, idle);
    }

    /// Bytes passed on either way.
    pub fn bytes_passed(&self, idle: Duration) {
        if self.is(Phase::Piped) {
            self.deadline.store(self.roster.after(idle), Relaxed);
        }
    }

    /// Plain bytes came in; the rest of a request head may take `head` from now.
    pub fn bytes_came(&self, head: Duration) {
        let waiting = self.is(Phase::Waiting) || self.is(Phase::Parked);
        if waiting && self.in_flight.load(Relaxed) == 0 {
            self.deadline.store(self.roster.after(head), Relaxed);
            self.set(Phase::Head);
        }
    }

    pub fn request_began(&self) {
        self.used.store(true, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
    }

    /// A response is written or given up; the next request may take `idle` to come.
    pub fn request_ended(&self, idle: Duration) {
        // The deadline first: it counts from the moment that nothing is in flight.
        match self.phase() {
            Phase::Tunnel => {}
            Phase::Multiplexed => self.wait(Phase::Multiplexed, idle),
            _ => self.wait(Phase::Waiting, idle),
        }
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// The connection was upgraded: from now on only a cut ends it.
    pub fn tunnel(&self) {
        self.deadline.store(u32::MAX, Relaxed);
        self.set(Phase::Tunnel);
    }

    /// The client does not take bytes at the moment.
    pub fn write_blocked(&self) {
        if self.blocked.load(Relaxed) == 0 {
            self.blocked.store(self.now(), Relaxed);
        }
    }

    pub fn write_went_on(&self) {
        if self.blocked.load(Relaxed) != 0 {
            self.blocked.store(0, Relaxed);
        }
    }

    /// Takes up the order to park, if it still makes sense: nothing is in flight, half read or
    /// half written.
    pub fn take_park(&self) -> bool {
        let quiet = self.is(Phase::Waiting)
            && self.in_flight.load(Relaxed) == 0
            && self.blocked.load(Relaxed) == 0;
        let (park, serve) = (Order::Park as u8, Order::Serve as u8);
        let told = self.order.compare_exchange(park, serve, Relaxed, Relaxed).is_ok();
        if told && quiet {
            self.set(Phase::Parked);
        }
        told && quiet
    }

    /// Remembers whom to wake when the order changes. Read [`Pulse::order`] after this.
    pub fn listen(&self, waker: &Waker) {
        let mut held = lock(&self.waker);
        match &*held {
            Some(known) if known.will_wake(waker) => {}
            _ => *held = Some(waker.clone()),
        }
    }

    pub fn order(&self) -> Order {
        match self.order.load(Relaxed) {
            0 => Order::Serve,
            1 => Order::Park,
            2 => Order::Finish,
            _ => Order::Cut,
        }
    }

    /// Whether a request has begun on this connection.
    pub fn is_used(&self) -> bool {
        self.used.load(Relaxed)
    }

    /// Whether bytes pass through and are not read as requests.
    pub fn is_tunnel(&self) -> bool {
        self.is(Phase::Tunnel) || self.is(Phase::Piped)
    }

    // --- said to the connection ---

    pub(super) fn finish(&self) {
        if self.is(Phase::Parked) && !self.is_used() {
            self.bring_forward(FIRST_REQUEST_GRACE);
        }
        self.tell(Order::Finish);
    }

    pub(super) fn admission(&self) -> Option<Admission> {
        Some(Admission(self.admission.load(Relaxed))).filter(|admission| admission.0 != 0)
    }

    /// Bytes that pass through are cut off when `limit` is over.
    pub(super) fn end_tunnel_within(&self, limit: Duration) {
        if self.is_tunnel() {
            self.end.fetch_min(self.roster.after(limit), Relaxed);
        }
    }

    pub(super) fn cut(&self) {
        self.tell(Order::Cut);
    }

    /// Looks whether this connection's time is over.
    pub(super) fn check(&self, now: u32, write_ticks: u32) {
        let blocked = self.blocked.load(Relaxed);
        let phase = self.phase();
        // What is passed on may wait for its reader while it moves the other way.
        let may_block = phase == Phase::Piped;
        if blocked != 0 && !may_block && now.saturating_sub(blocked) > write_ticks {
            return self.cut();
        }
        if self.in_flight.load(Relaxed) > 0 {
            return;
        }
        if self.end.load(Relaxed) <= now {
            return self.cut();
        }
        if self.deadline.load(Relaxed) <= now {
            let idle = matches!(phase, Phase::Waiting | Phase::Parked | Phase::Multiplexed);
            if !idle || self.order() >= Order::Finish {
                return self.cut();
            }
            self.deadline.store(self.roster.after(FINISH_GRACE), Relaxed);
            self.used.store(true, Relaxed);
            return self.tell(Order::Finish);
        }
        let quiet_for = now.saturating_sub(self.since.load(Relaxed));
        if phase == Phase::Waiting && quiet_for > super::ticks(PARK_AFTER) {
            self.tell(Order::Park);
        }
    }

    fn tell(&self, order: Order) {
        if self.order.fetch_max(order as u8, Relaxed) < order as u8 {
            // The lock orders this with `listen`: either the waker is here already, or the
            // task reads the new order after it leaves the waker.
            if let Some(waker) = lock(&self.waker).take() {
                waker.wake();
            }
        }
    }

    // --- within ---

    fn wait(&self, phase: Phase, idle: Duration) {
        self.since.store(self.now(), Relaxed);
        self.deadline.store(self.roster.after(idle), Relaxed);
        self.set(phase);
        if self.order() == Order::Finish && !self.is_used() {
            self.bring_forward(FIRST_REQUEST_GRACE);
        }
    }

    fn bring_forward(&self, wait: Duration) {
        self.deadline.fetch_min(self.roster.after(wait), Relaxed);
    }

    fn now(&self) -> u32 {
        self.roster.now.load(Relaxed)
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Handshake,
            1 => Phase::Waiting,
            2 => Phase::Head,
            3 => Phase::Parked,
            4 => Phase::Multiplexed,
            5 => Phase::Tunnel,
            _ => Phase::Piped,
        }
    }

    fn is(&self, phase: Phase) -> bool {
        self.phase.load(Relaxed) == phase as u8
    }

    fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.roster.leave();
    }
}
