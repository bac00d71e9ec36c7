use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

#[test]
fn keys_are_rotated_after_a_period_whatever_the_clocks_say() {
    let hours = |hours: i64| noon() + SignedDuration::from_hours(hours);
    let cases = [
        ("just rotated", noon(), Duration::ZERO, noon(), 12 * HOUR),
        ("half the time", noon(), 6 * HOUR, hours(6), 6 * HOUR),
        ("due", noon(), 12 * HOUR, hours(12), Duration::ZERO),
        ("a new leader, long after", noon(), Duration::ZERO, hours(40), HOUR),
        ("a new leader, in time", noon(), Duration::ZERO, hours(4), 8 * HOUR),
        ("a key from the future", hours(100_000), Duration::ZERO, noon(), 12 * HOUR),
        ("the same, later", hours(100_000), 5 * HOUR, hours(5), 7 * HOUR),
        ("the same, at last", hours(100_000), 12 * HOUR, hours(12), Duration::ZERO),
        ("a clock that was set ahead", noon(), 2 * HOUR, hours(100_000), Duration::ZERO),
        ("the same, after the rotation", hours(100_000), Duration::ZERO, hours(100_000), 12 * HOUR),
        ("two clocks far apart take turns", hours(13), Duration::ZERO, noon(), 12 * HOUR),
        ("and the other one's turn", hours(-13), Duration::ZERO, noon(), HOUR),
        ("the end of time", Timestamp::MAX, Duration::ZERO, noon(), 12 * HOUR),
        ("the beginning of time", Timestamp::MIN, 3 * HOUR, noon(), Duration::ZERO),
        ("extremes", Timestamp::MIN, Duration::MAX, Timestamp::MAX, Duration::ZERO),
    ];
    for (case, rotated, seen_for, now, expected) in cases {
        assert_eq!(until_rotation(rotated, seen_for, now), expected, "{case}");
    }
}
