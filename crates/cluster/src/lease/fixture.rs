//! An election whose outcome a test decides.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

use super::{Leadership, LeaseView, Term};

pub(crate) struct Ballot {
    terms: watch::Sender<Option<Term>>,
    _view: watch::Sender<LeaseView>,
}

impl Ballot {
    /// Nobody leads yet.
    pub(crate) fn open() -> (Self, Leadership) {
        let (terms, term) = watch::channel(None);
        let (view, viewed) = watch::channel(LeaseView::default());
        (Self { terms, _view: view }, Leadership::new(term, viewed))
    }

    /// Begins a term that lasts until it is lost.
    pub(crate) fn win(&self) -> Term {
        let term = Term::begin(Instant::now() + Duration::from_secs(365 * 24 * 60 * 60));
        self.terms.send_replace(Some(term.clone()));
        term
    }

    pub(crate) fn lose(&self) {
        if let Some(term) = self.terms.send_replace(None) {
            term.end();
        }
    }
}
