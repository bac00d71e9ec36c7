//! What the other stages know of the election.

use std::sync::Arc;

use tokio::sync::watch;

use super::Term;

/// Tells whether this replica is the leader. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Leadership {
    terms: watch::Receiver<Option<Term>>,
    view: watch::Receiver<LeaseView>,
}

/// How the election stands, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseView {
    /// Who held the lease when it was last seen, this replica or another.
    pub holder: Option<Arc<str>>,
    pub is_leader: bool,
    /// Why the Lease can be neither read nor written, and the cure.
    pub trouble: Option<Arc<str>>,
}

impl Leadership {
    pub(super) fn new(
        terms: watch::Receiver<Option<Term>>,
        view: watch::Receiver<LeaseView>,
    ) -> Self {
        Self { terms, view }
    }

    /// The term of this replica, if it is the leader now.
    pub fn current(&self) -> Option<Term> {
        self.terms.borrow().clone().filter(Term::is_current)
    }

    /// Returns when a term has begun or ended since the last call. When the election is over,
    /// never.
    pub async fn changed(&mut self) {
        if self.terms.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Waits until this replica is the leader. When the election is over, for ever.
    pub async fn won(&mut self) -> Term {
        loop {
            let term = self.terms.borrow_and_update().clone();
            match term.filter(Term::is_current) {
                Some(term) => return term,
                None => self.changed().await,
            }
        }
    }

    pub fn view(&self) -> watch::Receiver<LeaseView> {
        self.view.clone()
    }
}
