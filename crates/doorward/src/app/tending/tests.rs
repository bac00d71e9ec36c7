use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use issue::{Future, IssueError, Issuer, Progress, Request, Step};

use super::*;

/// Counts the calls, and fails in each.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Issuer for Counting {
    fn advance<'a>(
        &'a self,
        _: &'a Request,
        _: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async { Err(IssueError::passing("nothing is ordered here")) })
    }

    fn tend(&self) -> Future<'_, Result<Vec<String>, IssueError>> {
        self.0.fetch_add(1, Relaxed);
        Box::pin(async { Err(IssueError::passing("away")) })
    }
}

#[tokio::test(start_paused = true)]
async fn issuers_are_tended_every_day_whether_they_fail_or_not_until_the_end() {
    let counting = Arc::new(Counting::default());
    let employed = Employed { issuer: counting.clone(), plan: Arc::default() };
    let (_issuers, issuers) = watch::channel(Arc::new([("amazon".into(), employed)].into()));
    let cancel = CancellationToken::new();
    let tending = tokio::spawn(tend(issuers, cancel.clone()));
    sleep(FIRST_PAUSE - Duration::from_secs(1)).await;
    assert_eq!(counting.0.load(Relaxed), 0);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(counting.0.load(Relaxed), 1);
    sleep(PAUSE).await;
    assert_eq!(counting.0.load(Relaxed), 2);
    cancel.cancel();
    tending.await.unwrap();
}
