//! How long to wait after a failure: twice as long each time, within limits, and not all alike.

use std::time::Duration;

use crate::spread::spread;

/// The first pause and the longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    first: Duration,
    longest: Duration,
}

impl Pace {
    /// What may well pass. A hot loop is never right; and an issuer that comes back should not
    /// wait a day for us.
    pub const PASSING: Self = Self::new(1, 60 * 60);
    /// An order that died has cost the issuer work, and most limit how many may.
    pub const DEAD: Self = Self::new(60, 6 * 60 * 60);
    /// Somebody has to change something first; now and then we look whether they did.
    pub const REFUSED: Self = Self::new(60 * 60, 24 * 60 * 60);

    const fn new(first: u64, longest: u64) -> Self {
        Self { first: Duration::from_secs(first), longest: Duration::from_secs(longest) }
    }

    /// The pause after the `failures`-th failure in a row, counted from 1. Up to a quarter is
    /// added, by `key`: what failed together does not come back together.
    pub fn pause(self, failures: u32, key: &str) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let pause = (self.first * 2_u32.pow(doublings)).min(self.longest);
        pause + pause.mul_f64(spread(&format!("{key} {failures}")) / 4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_within_their_limits() {
        for (failures, least) in [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (12, 2048)] {
            let pause = Pace::PASSING.pause(failures, "a").as_secs_f64();
            let least = f64::from(least);
            assert!((least..=least * 1.25).contains(&pause), "{pause} after {failures}");
        }
        for failures in [13, u32::MAX] {
            let pause = Pace::PASSING.pause(failures, "a");
            assert!((3600..=4500).contains(&pause.as_secs()), "{pause:?}");
        }
    }

    #[test]
    fn what_failed_together_comes_back_apart() {
        let pauses: std::collections::BTreeSet<Duration> =
            (0..50).map(|n| Pace::REFUSED.pause(3, &format!("ns/{n}"))).collect();
        assert!(pauses.len() > 45, "only {} different pauses", pauses.len());
    }
}
