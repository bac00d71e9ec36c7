//! The keys that session tickets are sealed with.

use std::fmt;

use zeroize::Zeroize;

/// The keys of session tickets, shared by all replicas. The first seals new tickets, every one
/// opens those that it sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketKeys(pub Vec<TicketKey>);

/// One key; every listener derives its own from it.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketKey([u8; Self::LEN]);

impl TicketKey {
    pub const LEN: usize = 32;

    /// From a cryptographic random source only.
    pub fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Shows no byte of it.
impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKey([redacted])")
    }
}

impl Drop for TicketKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
