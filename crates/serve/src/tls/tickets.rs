//! Session tickets: what a client shows to resume its session. They are sealed with the keys of
//! a [`Keyring`], so that every gateway with the same keys opens them, and listeners see new
//! keys without a new table.
//!
//! Each listener derives keys of its own from those of the ring and from its terms: its name,
//! and what it asks of clients. So tickets outlive every change of certificates, on all replicas
//! alike. They do not outlive a change of client authentication: a resumed session shows no
//! certificate again, so a ticket from before the change would carry its holder past the new
//! roots. Nor are they good on another listener, which may serve the name with another
//! certificate and to other clients; without that, whoever can turn a client's packets to a
//! listener of the same name could have it resume there unasked.

mod key;
mod keyring;
mod terms;

use std::{
    fmt,
    sync::{Arc, Weak},
};

use arc_swap::{ArcSwap, Guard};
use model::{Listener, TicketKeys};
use rustls::server::ProducesTickets;

use key::DerivedKey;
pub use keyring::Keyring;
use terms::Terms;

/// What is announced to clients, in seconds. Keys are held for about as long; a ticket whose key
/// is gone costs a full handshake and nothing else.
const LIFETIME: u32 = 12 * 60 * 60;

/// Seals and opens the tickets of one listener, as long as its terms stay.
pub struct Ticketer {
    keyring: Arc<Keyring>,
    terms: Terms,
    derived: ArcSwap<Derived>,
}

/// The listener's own keys.
struct Derived {
    /// A weak pointer, so that a quiet listener does not keep the shared keys in memory after
    /// their time. Its own go with the next handshake.
    from: Weak<TicketKeys>,
    /// The first seals.
    keys: Vec<DerivedKey>,
}

impl Ticketer {
    pub fn new(listener: &Listener, keyring: Arc<Keyring>) -> Self {
        let terms = Terms::of(listener);
        let derived = ArcSwap::from_pointee(Derived::new(&keyring.current(), &terms));
        Self { keyring, terms, derived }
    }

    /// The listener's keys, derived anew when the ring has changed. Two handshakes that find it
    /// changed derive the same twice.
    fn derived(&self) -> Guard<Arc<Derived>> {
        let derived = self.derived.load();
        let current = self.keyring.current();
        if std::ptr::eq(derived.from.as_ptr(), Arc::as_ptr(&current)) {
            return derived;
        }
        self.derived.store(Arc::new(Derived::new(&current, &self.terms)));
        self.derived.load()
    }
}

impl Derived {
    fn new(shared: &Arc<TicketKeys>, terms: &Terms) -> Self {
        let keys = shared.0.iter().map(|key| DerivedKey::new(key, terms)).collect();
        Self { from: Arc::downgrade(shared), keys }
    }
}

impl ProducesTickets for Ticketer {
    /// Without keys there are no tickets, and full handshakes only.
    fn enabled(&self) -> bool {
        !self.derived().keys.is_empty()
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.derived().keys.first()?.seal(plain)
    }

    /// The ticket names its key, so that only one is tried, and none for what was made up.
    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let derived = self.derived();
        derived.keys.iter().find(|key| key.is_named_in(ticket))?.open(ticket)
    }
}

/// Shows no key.
impl fmt::Debug for Ticketer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticketer").field("keys", &self.derived.load().keys.len()).finish()
    }
}

#[cfg(test)]
mod tests;
