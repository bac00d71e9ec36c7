//! How much of this process clients may take.

use std::time::{Duration, Instant};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub connections: usize,
    /// Of all connections together. An Envoy without aggregated discovery opens one for each
    /// secret.
    pub streams: usize,
    /// Secrets that one stream may ask for.
    pub subscriptions: usize,
    /// Bytes of one request. A node's description takes 61,000, and in SotW each request names
    /// every secret anew.
    pub request_bytes: usize,
    /// Requests a second on one connection, once its burst is spent. What comes faster waits.
    pub requests_per_second: u32,
    /// As many requests as come at a start: SotW takes two for each secret.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_000,
            streams: 50_000,
            subscriptions: 20_000,
            request_bytes: 4 << 20,
            requests_per_second: 1_000,
            burst: 10_000,
        }
    }
}

/// A token bucket that may go into debt: who takes too much is told how long to wait.
#[derive(Debug)]
pub struct Bucket {
    tokens: f64,
    filled: Instant,
    rate: f64,
    size: f64,
}

impl Bucket {
    pub fn new(limits: &Limits, now: Instant) -> Self {
        let size = f64::from(limits.burst);
        Self { tokens: size, filled: now, rate: f64::from(limits.requests_per_second), size }
    }

    /// Takes one, and says how long not to take another.
    pub fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.filled);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.rate).min(self.size) - 1.0;
        self.filled = now;
        if self.tokens >= 0.0 {
            return Duration::ZERO;
        }
        // A rate of nothing would be a wait without end.
        Duration::from_secs_f64((-self.tokens / self.rate.max(0.1)).min(60.0))
    }
}

#[cfg(test)]
mod tests;
