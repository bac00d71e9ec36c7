//! What the desk wants done, and what came of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use model::{Certificate, CertificateId};

use super::{
    Known,
    case::{Case, Doing},
    queue::Rank,
};
use crate::{
    Delivery, Entry, Issued, Progress, RenewalWindow, Request, Stage, budget::Kind, policy::Why,
};

/// Names a case while it has an action out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(super) u32);

/// One call to be made. A case has never more than one out.
#[derive(Clone, Debug)]
pub struct Action {
    pub slot: Slot,
    pub work: Work,
}

#[derive(Clone, Debug)]
pub enum Work {
    /// Write this down, so that a restart finds it.
    Keep(Box<Entry>),
    /// Is there anything against this order, before it is placed?
    Examine {
        issuer: Arc<str>,
        request: Request,
    },
    Advance {
        issuer: Arc<str>,
        request: Request,
        progress: Progress,
    },
    Store {
        id: CertificateId,
        issuer: Arc<str>,
        issued: Arc<Issued>,
    },
    /// Have the issuer take away what is left, then remove the page from the book.
    Retire {
        issuer: Arc<str>,
        request: Request,
        progress: Progress,
        page: String,
    },
    AskWindow {
        issuer: Arc<str>,
        held: Arc<Certificate>,
    },
}

/// What a call came to, if it went well.
#[derive(Debug)]
pub enum Outcome {
    Kept,
    Examined,
    Continues { progress: Progress, stage: Stage, after: Duration, message: String },
    Delivered(Delivery),
    Stored,
    Retired,
    Window(Option<RenewalWindow>),
}

impl Case {
    /// The issuer whose counter a call goes through.
    pub(super) fn counter(&self, doing: Doing, known: &Known) -> Option<Arc<str>> {
        match doing {
            Doing::Keep { serial } | Doing::Retire { serial } => {
                Some(self.entry(serial)?.issuer.clone())
            }
            Doing::Advance | Doing::Store => Some(self.open.as_ref()?.entry.issuer.clone()),
            Doing::Examine => self.asked(known),
            Doing::AskWindow => self.asks(known).cloned(),
        }
    }

    pub(super) fn work(&self, doing: Doing, issuer: Arc<str>, known: &Known) -> Option<Work> {
        Some(match doing {
            Doing::Keep { serial } => Work::Keep(Box::new(self.entry(serial)?.clone())),
            Doing::Examine => Work::Examine { issuer, request: self.draft(known)? },
            Doing::Advance => {
                let entry = &self.open.as_ref()?.entry;
                let (request, progress) = (self.request(entry), entry.progress.clone());
                Work::Advance { issuer, request, progress }
            }
            Doing::Store => {
                let issued = self.open.as_ref()?.delivery.as_ref()?.issued.clone();
                Work::Store { id: self.id.clone(), issuer, issued }
            }
            Doing::Retire { serial } => {
                let entry = self.entry(serial)?;
                let (request, progress) = (self.request(entry), entry.progress.clone());
                Work::Retire { issuer, request, progress, page: entry.page_name() }
            }
            Doing::AskWindow => Work::AskWindow { issuer, held: self.want.as_ref()?.held.clone()? },
        })
    }

    pub(super) fn rank(&self, why: Why) -> Rank {
        let held = self.want.as_ref().and_then(|want| want.held.as_ref());
        match held.filter(|_| why.is_renewal()) {
            Some(held) => {
                let revoked = self.window.said.as_ref().map(|window| window.end);
                Rank::Renewal(revoked.map_or(held.not_after, |end| end.min(held.not_after)))
            }
            None => Rank::New(self.since),
        }
    }

    /// Only who made a certificate knows of its renewal.
    pub(super) fn kind(&self, why: Why, issuer: &Arc<str>) -> Kind {
        let from = self.want.as_ref().and_then(|want| want.held_from.as_ref());
        match &self.window.said {
            _ if !why.is_renewal() || from != Some(issuer) => Kind::New,
            Some(_) => Kind::Scheduled,
            None => Kind::Renewal,
        }
    }

    /// When the order that is open, or the next one, goes on.
    pub(super) fn goes_on(&self) -> Option<Timestamp> {
        match &self.open {
            Some(open) => Some(open.seen_by.unwrap_or(open.entry.next)),
            None => self.hold,
        }
    }
}
