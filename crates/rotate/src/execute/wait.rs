//! Waiting until something holds, with a limit, and saying meanwhile what is missing.

use std::{cell::Cell, time::Duration};

use super::{Executor, Fault, Seconds, quorum::Quorum};
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

    /// Waits until etcd is as `judge` wants it. In vain, the fault also tells how leadership moved
    /// meanwhile.
    pub(super) async fn until_etcd<T>(
        &self,
        what: &str,
        limit: Duration,
        judge: impl Fn(&Quorum) -> Result<T, String>,
    ) -> Result<T, Fault> {
        let terms = Terms::default();
        let waited = self.until(what, limit, async || judge(&self.quorum_in(&terms).await)).await;
        waited.map_err(|fault| terms.told_with(fault))
    }

    /// A look at all members, whose term is remembered.
    pub(super) async fn quorum_in(&self, terms: &Terms) -> Quorum {
        let quorum = self.quorum().await;
        terms.note(quorum.term());
        quorum
    }
}

/// The first and the last term that were seen during a wait; 0: none.
#[derive(Debug, Default)]
pub(super) struct Terms {
    first: Cell<u64>,
    last: Cell<u64>,
}

impl Terms {
    fn note(&self, term: u64) {
        if self.first.get() == 0 {
            self.first.set(term);
        }
        self.last.set(self.last.get().max(term));
    }

    pub(super) fn told_with(&self, fault: Fault) -> Fault {
        match (self.first.get(), self.last.get()) {
            (first, last) if first == last => fault,
            (first, last) => Fault::said(format!(
                "{fault}; meanwhile etcd went from term {first} to term {last}"
            )),
        }
    }
}
