//! When the keys of session tickets are rotated. Pure: times in, a time out.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A key seals for this long, as long as its tickets are good for. It was announced as the next
/// one for as long, and opens what it sealed for as long again.
pub const PERIOD: Duration = Duration::from_secs(12 * 60 * 60);

/// However the clocks stand, keys stay at least this long: every replica has seen the next one
/// by then, and no clock makes the leader rotate without end.
pub const SHORTEST: Duration = Duration::from_secs(60 * 60);

/// How long to wait with the rotation of keys that were rotated at `rotated`, by the clock of
/// whoever led then, and that this replica has seen for `seen_for`, by its own monotonic clock.
///
/// The wall clock counts, so that replicas that come and go rotate at all. Where it contradicts
/// itself, the time that was watched counts: a key from the future is rotated a period after it
/// was seen first.
pub fn until_rotation(rotated: Timestamp, seen_for: Duration, now: Timestamp) -> Duration {
    let watched = PERIOD.saturating_sub(seen_for);
    let age = now.duration_since(rotated);
    let due = match age.is_negative() {
        true => watched,
        false => {
            let left = SignedDuration::try_from(PERIOD).unwrap_or(SignedDuration::MAX) - age;
            Duration::try_from(left).unwrap_or(Duration::ZERO)
        }
    };
    due.min(watched).max(SHORTEST.saturating_sub(seen_for))
}

#[cfg(test)]
mod tests;
