//! Waiting on a value, with a limit.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// Enough for anything that should happen at once, on a machine that is busy compiling.
pub const LIMIT: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(10);

/// Asks again until `condition` is true. Panics when `limit` has passed.
#[track_caller]
pub fn wait_until<F, Fut>(limit: Duration, mut condition: F) -> impl Future<Output = ()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    wait_for(limit, move || {
        let answer = condition();
        async move { answer.await.then_some(()) }
    })
}

/// Asks again until `question` has an answer, and gives it. Panics when `limit` has passed.
#[track_caller]
pub fn wait_for<T, F, Fut>(limit: Duration, mut question: F) -> impl Future<Output = T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asked_at = std::panic::Location::caller();
    async move {
        let end = Instant::now() + limit;
        loop {
            if let Some(answer) = question().await {
                return answer;
            }
            assert!(Instant::now() < end, "not true within {limit:?}, asked at {asked_at}");
            sleep(PAUSE).await;
        }
    }
}
