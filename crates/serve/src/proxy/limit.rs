//! The filter `Limit`: token buckets, one for a rule and one for each of its clients.

use std::{collections::HashMap, net::IpAddr, time::Instant};

use model::TrafficLimit;

/// Clients that are told apart at one time, see `make_room`.
const MAX_CLIENTS: usize = 65_536;

/// The buckets of one rule. Each holds one second's worth of requests and begins full.
#[derive(Debug)]
pub struct Buckets {
    total: Bucket,
    clients: HashMap<IpAddr, Bucket>,
    capacity: usize,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Buckets {
    pub fn new(limit: &TrafficLimit, now: Instant) -> Self {
        Self::with_capacity(limit, now, MAX_CLIENTS)
    }

    fn with_capacity(limit: &TrafficLimit, now: Instant, capacity: usize) -> Self {
        let total = Bucket::full(limit.total.unwrap_or_default(), now);
        Self { total, clients: HashMap::new(), capacity }
    }

    /// Takes a token from each bucket that the limit asks for, or from none.
    pub fn admit(&mut self, limit: &TrafficLimit, client: IpAddr, now: Instant) -> bool {
        if limit.total.is_some_and(|rate| !self.total.has_token(rate, now)) {
            return false;
        }
        if let Some(rate) = limit.per_client {
            if !self.clients.contains_key(&client) {
                self.make_room(rate, now);
            }
            let bucket = self.clients.entry(client).or_insert_with(|| Bucket::full(rate, now));
            if !bucket.has_token(rate, now) {
                return false;
            }
            bucket.tokens -= 1.0;
        }
        self.total.tokens -= 1.0;
        true
    }

    /// A full bucket says no more than a missing one. When none is full, the client map starts
    /// anew: a flood of addresses may win some requests, but never memory.
    fn make_room(&mut self, rate: u32, now: Instant) {
        if self.clients.len() >= self.capacity {
            self.clients.retain(|_, bucket| bucket.level(rate, now) < f64::from(rate));
            if self.clients.len() >= self.capacity {
                self.clients.clear();
            }
        }
    }
}

impl Bucket {
    fn full(rate: u32, now: Instant) -> Self {
        Self { tokens: f64::from(rate), filled: now }
    }

    fn level(&self, rate: u32, now: Instant) -> f64 {
        let rate = f64::from(rate);
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * rate;
        (self.tokens + gained).min(rate)
    }

    fn has_token(&mut self, rate: u32, now: Instant) -> bool {
        self.tokens = self.level(rate, now);
        self.filled = now;
        self.tokens >= 1.0
    }
}

#[cfg(test)]
mod tests;
