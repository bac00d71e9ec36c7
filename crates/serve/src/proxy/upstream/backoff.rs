//! How long to wait before a try.

use std::time::Duration;

/// Pauses are at most this many times the first one's.
const CEILING: u32 = 10;

/// The pause before retry number `retry`, counted from 1: any time up to a ceiling that about
/// doubles, so that the clients of a backend that failed do not all come back at once. `drawn` is
/// evenly below 1.
pub fn pause(base: Duration, retry: u32, drawn: f64) -> Duration {
    let grown = 2_u32.checked_pow(retry).map_or(CEILING, |power| (power - 1).min(CEILING));
    base.saturating_mul(grown).mul_f64(drawn.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
