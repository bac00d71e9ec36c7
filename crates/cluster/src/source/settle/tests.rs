use super::*;

fn after(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_over_after_a_quiet_moment() {
    let (mut settle, start) = (Settle::default(), Instant::now());
    assert_eq!(settle.due(), None);
    settle.changed(start);
    settle.changed(after(start, 15));
    assert_eq!(settle.due(), Some(after(start, 35)));
}

#[tokio::test(start_paused = true)]
async fn a_steady_stream_is_taken_up_all_the_same() {
    let (mut settle, start) = (Settle::default(), Instant::now());
    for millis in (0..300).step_by(10) {
        settle.changed(after(start, millis));
    }
    assert_eq!(settle.due(), Some(after(start, 200)));
}
