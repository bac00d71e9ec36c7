//! Keeps a flood of the same trouble from flooding the log.

use std::time::{Duration, Instant};

/// One line of log for all that happened since the line before.
#[derive(Debug, Default)]
pub struct Quiet {
    spoke: Option<Instant>,
    times: u64,
}

const PAUSE: Duration = Duration::from_secs(10);

impl Quiet {
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one trouble. `Some(times)`: it is time for a line about that many.
    pub fn speak(&mut self) -> Option<u64> {
        self.times += 1;
        let now = Instant::now();
        if self.spoke.is_some_and(|spoke| now - spoke < PAUSE) {
            return None;
        }
        self.spoke = Some(now);
        Some(std::mem::take(&mut self.times))
    }
}
