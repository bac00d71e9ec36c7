use std::time::{Duration, Instant};

use super::{Bucket, Limits};

#[test]
fn a_burst_is_free_and_what_comes_after_it_waits() {
    let limits = Limits { burst: 3, requests_per_second: 10, ..Limits::default() };
    let start = Instant::now();
    let mut bucket = Bucket::new(&limits, start);
    for _ in 0..3 {
        assert_eq!(bucket.take(start), Duration::ZERO);
    }
    assert_eq!(bucket.take(start), Duration::from_millis(100));
    assert_eq!(bucket.take(start), Duration::from_millis(200));
    assert_eq!(bucket.take(start + Duration::from_secs(1)), Duration::ZERO);
}

#[test]
fn a_long_rest_saves_no_more_than_a_burst() {
    let limits = Limits { burst: 2, requests_per_second: 10, ..Limits::default() };
    let start = Instant::now();
    let mut bucket = Bucket::new(&limits, start);
    let later = start + Duration::from_secs(3600);
    assert_eq!(bucket.take(later), Duration::ZERO);
    assert_eq!(bucket.take(later), Duration::ZERO);
    assert!(bucket.take(later) > Duration::ZERO);
}
