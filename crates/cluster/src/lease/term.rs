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
    /// When a call was last given up without an answer: it may arrive all the same.
    given_up: watch::Sender<Option<Instant>>,
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
            given_up: watch::Sender::new(None),
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
        let mut call_of = CallOf { term: self, is_answered: false };
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

    pub(super) fn renew(&self, certain_until: Instant) {
        self.0.certain_until.send_replace(certain_until);
    }

    /// Ends it for good; calls under way are given up.
    pub(super) fn end(&self) {
        self.0.ended.cancel();
    }

    /// When a call was last given up without an answer.
    pub(super) fn given_up(&self) -> Option<Instant> {
        *self.0.given_up.borrow()
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

impl Drop for CallOf<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.term.0.given_up.send_replace(Some(Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests;
