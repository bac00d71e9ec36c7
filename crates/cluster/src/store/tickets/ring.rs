//! The keys in their order, and how a Secret holds them.

use aws_lc_rs::rand;
use jiff::Timestamp;
use model::{TicketKey, TicketKeys};

use crate::store::sealed::Sealed;

const CURRENT: &str = "current";
const NEXT: &str = "next";
const PREVIOUS: &str = "previous";
const ROTATED: &str = "rotated";

/// The key that seals, the one that will, and the one that did.
///
/// The next one is known to all replicas for a whole period before it seals, so none meets a
/// ticket that it cannot open. The previous one stays for as long as its tickets are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    current: TicketKey,
    next: TicketKey,
    previous: Option<TicketKey>,
    /// Since when the current one seals, by the clock of whoever led then.
    rotated: Timestamp,
}

/// The Secret does not hold what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data[{0:?}] is missing or malformed")]
pub struct RingError(&'static str);

impl Ring {
    /// New keys.
    pub fn make(now: Timestamp) -> Self {
        Self { current: random_key(), next: random_key(), previous: None, rotated: now }
    }

    /// Every key moves on by one, and a new one follows.
    pub fn rotate(&self, now: Timestamp) -> Self {
        Self {
            current: self.next.clone(),
            next: random_key(),
            previous: Some(self.current.clone()),
            rotated: now,
        }
    }

    pub fn rotated(&self) -> Timestamp {
        self.rotated
    }

    /// The first seals, all open.
    pub fn keys(&self) -> TicketKeys {
        let in_order = [&self.current, &self.next].into_iter().chain(&self.previous);
        TicketKeys(in_order.cloned().collect())
    }

    pub fn read(secret: &Sealed) -> Result<Self, RingError> {
        let key = |name| {
            let bytes = secret.bytes(name).ok_or(RingError(name))?;
            bytes.try_into().map(TicketKey::new).map_err(|_| RingError(name))
        };
        let rotated = secret.text(ROTATED).and_then(|text| text.parse().ok());
        Ok(Self {
            current: key(CURRENT)?,
            next: key(NEXT)?,
            previous: secret.bytes(PREVIOUS).map(|_| key(PREVIOUS)).transpose()?,
            rotated: rotated.ok_or(RingError(ROTATED))?,
        })
    }

    /// The Secret's data.
    pub fn fields(&self) -> Vec<(&'static str, Vec<u8>)> {
        let previous = self.previous.iter().map(|key| (PREVIOUS, key));
        let keys = [(CURRENT, &self.current), (NEXT, &self.next)].into_iter().chain(previous);
        let keys = keys.map(|(name, key)| (name, key.expose().to_vec()));
        keys.chain([(ROTATED, self.rotated.to_string().into_bytes())]).collect()
    }
}

fn random_key() -> TicketKey {
    let mut bytes = [0; TicketKey::LEN];
    // aws-lc seeds itself from the system or aborts the process; it has no other failure.
    rand::fill(&mut bytes).expect("the system has randomness");
    TicketKey::new(bytes)
}

#[cfg(test)]
mod tests;
