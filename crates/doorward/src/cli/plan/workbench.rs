//! The issuers of a plan: made as a run makes them, and then only asked what they can say without
//! asking anybody. They find no Secret of their own and can keep none.

use std::sync::Arc;

use anyhow::bail;
use issue::{Employed, Foresight, KeptChallenges, Known, NoEntries, Page};
use jiff::Timestamp;
use model::Model;
use tokio::sync::watch;

use crate::app::issuing::workshop::{self, Tools};

/// What a run that finds these pages in its order book would do first.
pub fn foresee(pages: &[Page], model: &Model, now: Timestamp) -> Foresight {
    let issuers = workshop::make(tools(model, now), &model.issuers);
    let (entries, budgets) = issue::read_pages(pages);
    let check = |name: &str, request: &_| match issuers.get(name) {
        Some(Employed { issuer, .. }) => issuer.check(request),
        // The desk asks only whom it knows.
        None => Ok(()),
    };
    issue::foresee(entries, budgets, &Known::of(&issuers), model, check, now)
}

fn tools(model: &Model, now: Timestamp) -> Tools {
    // What was sent last outlives its sender.
    let (_, models) = watch::channel(Arc::new(model.clone()));
    Tools {
        root: Arc::new(|| Box::pin(async { bail!("a plan touches nothing") })),
        entries: Arc::new(NoEntries),
        challenges: Arc::new(KeptChallenges::new(Arc::new(NoEntries), models)),
        clock: Arc::new(move || now),
    }
}
