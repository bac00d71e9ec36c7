use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_started_again_until_it_ends_well() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let task = supervise("testing", move || {
        let run = counted.fetch_add(1, Relaxed);
        async move { assert!(run == 2, "fails twice, as it should here") }
    });
    task.await.unwrap();
    assert_eq!(runs.load(Relaxed), 3);
}

#[tokio::test]
async fn dropping_it_ends_the_task() {
    let alive = Arc::new(());
    let held = alive.clone();
    let task = supervise("testing", move || {
        let held = held.clone();
        async move {
            std::future::pending::<()>().await;
            drop(held);
        }
    });
    tokio::task::yield_now().await;
    drop(task);
    testkit::wait_until(testkit::LIMIT, || async { Arc::strong_count(&alive) == 1 }).await;
}
