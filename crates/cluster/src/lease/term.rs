//! One time of being the leader.

use std::{fmt, sync::Arc};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// The right to write, from winning the lease until it is no longer certain. Cheap to clone.
#[derive(Clone)]
pub struct Term(Arc<Shared>);

struct Shared {
    /// No other replica can hold the lease before. Each renewal moves it on.
    certain_until: watch::Sender<Instant>,
    ended: CancellationToken,
    calls: watch::Sender<Calls>,
}

/// What became of the calls of a term.
#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    under_way: usize,
    /// When one was last given up without an answer: it may arrive all the same.
    given_up: Option<Instant>,
}

/// A write of the leader was not made, or nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("this replica is not the leader any more; nothing was sent")]
    NotLeader,
    #[error("the lease ran out during the call; the new leader looks at the object afresh")]
    CutOff,
    #[error(transparent)]
    Api(#[from] kube::Error),
}

impl Term {
    pub(super) fn begin(certain_until: Instant) -> Self {
        Self(Arc::new(Shared {
            certain_until: watch::Sender::new(certain_until),
            ended: CancellationToken::new(),
            calls: watch::Sender::default(),
        }))
    }

    /// Whether this replica may write now.
    pub fn is_current(&self) -> bool {
        !self.0.ended.is_cancelled() && Instant::now() < *self.0.certain_until.borrow()
    }

    /// Cancelled when the term ends. A child of the term's own token, so that nobody ends the
    /// term with it.
    pub fn ended(&self) -> CancellationToken {
        self.0.ended.child_token()
    }

    /// Makes one write. It is not sent once the term is over, and is given up at the moment the
    /// lease is no longer certain, however the network behaves: so this replica has stopped
    /// before another one starts.
    pub async fn write<T>(
        &self,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, WriteError> {
        if !self.is_current() {
            return Err(WriteError::NotLeader);
        }
        let mut call_of = CallOf::begin(self);
        tokio::select! {
            biased;
            () = self.uncertain() => Err(WriteError::CutOff),
            outcome = call => {
                call_of.is_answered = matches!(outcome, Ok(_) | Err(kube::Error::Api(_)));
                Ok(outcome?)
            }
        }
    }

    /// Returns when the lease is no longer certain to be ours.
    async fn uncertain(&self) {
        let mut certain_until = self.0.certain_until.subscribe();
        loop {
            let until = *certain_until.borrow_and_update();
            tokio::select! {
                biased;
                () = self.0.ended.cancelled() => return,
                // Renewed just now, it is looked at again; the sender lives as long as we do.
                _ = certain_until.changed() => {}
                () = sleep_until(until) => return,
            }
        }
    }

    /// Lets it go on until then. False if it has lapsed meanwhile, be it for a moment: who looked
    /// in that moment waits for another term.
    pub(super) fn renew(&self, certain_until: Instant) -> bool {
        self.0.certain_until.send_if_modified(|until| {
            let goes_on = Instant::now() < *until;
            if goes_on {
                *until = certain_until;
            }
            goes_on
        })
    }

    /// Ends it for good; calls under way are given up.
    pub(super) fn end(&self) {
        self.0.ended.cancel();
    }

    /// Waits until no call is under way: the end of the term cuts each of them off, but each
    /// notices by itself.
    pub(super) async fn quiet(&self) {
        // The sender lives as long as we do.
        let _ = self.0.calls.subscribe().wait_for(|calls| calls.under_way == 0).await;
    }

    /// When a call was last given up without an answer.
    pub(super) fn given_up(&self) -> Option<Instant> {
        self.0.calls.borrow().given_up
    }
}

/// Terms are the same when they are one, not when they last as long.
impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Term").field("is_current", &self.is_current()).finish_non_exhaustive()
    }
}

/// Notes a call that ends without an answer, in whatever way: also when who waits for it stops
/// waiting.
struct CallOf<'a> {
    term: &'a Term,
    is_answered: bool,
}

impl<'a> CallOf<'a> {
    fn begin(term: &'a Term) -> Self {
        term.0.calls.send_modify(|calls| calls.under_way += 1);
        Self { term, is_answered: false }
    }
}

impl Drop for CallOf<'_> {
    fn drop(&mut self) {
        self.term.0.calls.send_modify(|calls| {
            calls.under_way -= 1;
            if !self.is_answered {
                calls.given_up = Some(Instant::now());
            }
        });
    }
}

#[cfg(test)]
mod tests;
