//! The issuers of a plan: made as a run makes them, and then only asked what they can say without
//! asking anybody. They find no Secret of their own and can keep none.

use std::sync::Arc;

use anyhow::bail;
use issue::{Employed, Entries, Foresight, Future, KeptChallenges, Known, Page, StoreError};
use jiff::Timestamp;
use model::Model;
use tokio::sync::watch;
use zeroize::Zeroizing;

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
        root: Arc::new(|| Box::pin(async { bail!(UNTOUCHED) })),
        entries: Arc::new(Nowhere),
        challenges: Arc::new(KeptChallenges::new(Arc::new(Nowhere), models)),
        clock: Arc::new(move || now),
    }
}

const UNTOUCHED: &str = "a plan touches nothing";

/// Where nothing is, and nothing can be put.
struct Nowhere;

impl Entries for Nowhere {
    fn load<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError(UNTOUCHED.into())) })
    }

    fn remove<'a>(&'a self, _: &'a str, _: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError(UNTOUCHED.into())) })
    }
}
