//! Chance that a restart does not change: numbers that follow from a text alone.

/// A number in [0, 1) that follows from the text (FNV-1a).
pub(crate) fn spread(text: &str) -> f64 {
    // The upper bits of FNV-1a are mixed best; 53 of them fill an f64 exactly.
    (fnv1a(text).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64
}

pub(crate) fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
