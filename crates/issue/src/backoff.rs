//! How long to wait after a failure: twice as long each time, within limits.

use std::time::Duration;

/// A hot loop is never right.
const SHORTEST: Duration = Duration::from_secs(1);
/// An issuer that comes back should not wait a day for us.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The pause after the `failures`-th failure in a row, counted from 1.
pub(crate) fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (SHORTEST * 2_u32.pow(doublings)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_within_their_limits() {
        let seconds: Vec<u64> = (0..5).map(|n| pause(n).as_secs()).collect();
        assert_eq!(seconds, [1, 1, 2, 4, 8]);
        assert_eq!(pause(12), Duration::from_secs(2048));
        assert_eq!(pause(13), LONGEST);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
