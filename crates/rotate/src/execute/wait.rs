//! Waiting until something holds, with a limit, and saying meanwhile what is missing.

use std::time::Duration;

use super::{Executor, Fault, Seconds};
use crate::{Site, site::Clock};

const PAUSE: Duration = Duration::from_millis(200);
/// Between two lines about the same wait.
const SAY_EVERY: Duration = Duration::from_secs(5);

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// Looks again and again until `look` finds nothing missing; after `limit` what is missing is
    /// the fault.
    pub(super) async fn until<T, F>(
        &self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut() -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, String>>,
    {
        let begun = self.clock.now();
        let mut said = Duration::ZERO;
        loop {
            let missing = match look().await {
                Ok(found) => return Ok(found),
                Err(missing) => missing,
            };
            let waited = self.clock.now().duration_since(begun).unsigned_abs();
            if waited >= limit {
                let waited = Seconds(waited);
                return Err(Fault::said(format!("{what}: {missing} (waited {waited})")));
            }
            if waited >= said + SAY_EVERY {
                said = waited;
                self.progress.note(&format!("{what}: {missing} ({})", Seconds(waited)));
            }
            self.clock.sleep(PAUSE).await;
        }
    }
}
