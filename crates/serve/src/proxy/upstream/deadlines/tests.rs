use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn of(whole: Option<u32>, per_try: Option<u32>) -> Deadlines {
    let seconds = |count: Option<u32>| count.map(|count| SECOND * count);
    Deadlines::new(None, SECOND * 60, seconds(whole), seconds(per_try))
}

/// Seconds that a try lasts at most, if it begins now.
async fn lasts(deadlines: &Deadlines) -> u64 {
    let began = Instant::now();
    deadlines.pass(began).await;
    began.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn the_nearer_of_both_limits_ends_a_try() {
    assert_eq!(lasts(&of(Some(5), None)).await, 5);
    assert_eq!(lasts(&of(None, Some(2))).await, 2);
    assert_eq!(lasts(&of(Some(5), Some(9))).await, 5);
    let both = of(Some(5), Some(2));
    for (expected, left) in [(2, 3), (2, 1), (1, 0), (0, 0)] {
        assert_eq!(lasts(&both).await, expected);
        assert_eq!(both.left().unwrap().as_secs(), left);
    }
}

#[tokio::test(start_paused = true)]
async fn without_limits_a_try_lasts_for_ever() {
    let day = SECOND * 86_400;
    assert!(tokio::time::timeout(day, of(None, None).pass(Instant::now())).await.is_err());
    assert_eq!(of(None, Some(2)).left(), None);
    assert!(of(None, Some(2)).for_answer().is_none());
}

#[tokio::test(start_paused = true)]
async fn times_run_from_the_end_of_the_request() {
    let upload = Arc::new(Upload::default());
    let deadlines = Deadlines::new(Some(upload.clone()), SECOND * 60, Some(SECOND * 5), None);
    let passing = tokio::spawn({
        let deadlines = deadlines.clone();
        async move { lasts(&deadlines).await }
    });
    tokio::time::sleep(SECOND * 30).await;
    assert_eq!(deadlines.left(), Some(SECOND * 5));
    upload.end();
    assert_eq!(passing.await.unwrap(), 35);
    assert_eq!(deadlines.left(), Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_falls_silent_has_the_listeners_time() {
    let upload = Arc::new(Upload::default());
    assert_eq!(lasts(&Deadlines::new(Some(upload), SECOND * 60, None, None)).await, 60);
}

#[tokio::test(start_paused = true)]
async fn a_time_beyond_all_clocks_is_no_panic() {
    let deadlines = Deadlines::new(None, SECOND, Some(Duration::MAX), Some(Duration::MAX));
    assert!(tokio::time::timeout(SECOND, deadlines.pass(Instant::now())).await.is_err());
}
