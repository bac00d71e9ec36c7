//! Requests under way, counted at the endpoint that has them, for backends whose requests go to
//! the least busy one.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use super::station::Station;

/// One request, or what it has been switched to. It counts until this is dropped.
#[derive(Debug)]
pub struct Busy(Arc<Station>);

impl Busy {
    pub fn with(station: &Arc<Station>) -> Self {
        station.under_way.fetch_add(1, Relaxed);
        Self(station.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}
