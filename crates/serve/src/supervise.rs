//! Tasks that must not end: a panic is a bug and is logged, but the work goes on.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use tracing::error;

/// So that a task which fails at once does not take a core with it.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs what `make` yields until it returns; makes it anew when it panics.
pub fn supervise<F>(
    what: &'static str,
    make: impl Fn() -> F + Send + 'static,
) -> AbortOnDropHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let keep_running = async move {
        loop {
            let task: JoinHandle<()> = tokio::spawn(make());
            match AbortOnDropHandle::new(task).await {
                Ok(()) => return,
                Err(error) if error.is_cancelled() => return,
                Err(error) => error!(%error, what, "a task failed and is started again"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    AbortOnDropHandle::new(tokio::spawn(keep_running))
}

#[cfg(test)]
mod tests;
