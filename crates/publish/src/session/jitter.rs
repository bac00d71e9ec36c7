//! Spreads what many streams do at one interval, so that they do not do it at one moment.

use std::time::Duration;

/// A generator of small numbers that nobody has to guard (splitmix64).
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Between half and the whole of `pause`.
    pub fn spread(&mut self, pause: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let fraction = f64::from((mixed >> 32) as u32) / f64::from(u32::MAX);
        pause.mul_f64(0.5 + fraction / 2.0)
    }
}
