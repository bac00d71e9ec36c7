//! One call: to an issuer, to the store, or to the book.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use tracing::{info, warn};

use super::Issuers;
use crate::{
    Delivery, IssueError, Issuer, OrderBook, Outcome, Progress, Request, Step, Store, StoreError,
    Work,
};

/// A call is one answer of somebody else's; what takes longer is a step of its own.
const LIMIT: Duration = Duration::from_secs(150);

/// What calls are made with.
#[derive(Clone)]
pub struct Hands {
    issuers: Arc<Issuers>,
    store: Arc<dyn Store>,
    book: Arc<dyn OrderBook>,
}

impl Hands {
    pub fn new(issuers: Arc<Issuers>, store: &Arc<dyn Store>, book: &Arc<dyn OrderBook>) -> Self {
        Self { issuers, store: store.clone(), book: book.clone() }
    }

    pub fn make(
        &self,
        work: Work,
    ) -> impl Future<Output = Result<Outcome, IssueError>> + Send + use<> {
        let hands = self.clone();
        async move {
            let end = timeout(LIMIT, hands.call(&work)).await.unwrap_or_else(|_| {
                let limit = LIMIT.as_secs();
                Err(IssueError::passing(format!("there was no answer within {limit} seconds")))
            });
            tell(&work, &end);
            end
        }
    }

    async fn call(&self, work: &Work) -> Result<Outcome, IssueError> {
        match work {
            Work::Keep(entry) => {
                self.book.save(&entry.to_page()).await.map_err(not_kept)?;
                Ok(Outcome::Kept)
            }
            Work::Examine { issuer, request } => {
                self.issuer(issuer)?.examine(request).await?;
                Ok(Outcome::Examined)
            }
            Work::Advance { issuer, request, progress } => {
                self.advance(&*self.issuer(issuer)?, request, progress).await
            }
            Work::Store { id, issuer, issued } => {
                self.store.put(id, issuer, issued).await.map_err(not_kept)?;
                Ok(Outcome::Stored)
            }
            Work::Retire { issuer, request, progress, page } => {
                self.issuer(issuer)?.retire(request, progress).await?;
                self.book.remove(page).await.map_err(not_kept)?;
                Ok(Outcome::Retired)
            }
            Work::AskWindow { issuer, held } => {
                Ok(Outcome::Window(self.issuer(issuer)?.renewal_window(held).await?))
            }
        }
    }

    async fn advance(
        &self,
        issuer: &dyn Issuer,
        request: &Request,
        progress: &Progress,
    ) -> Result<Outcome, IssueError> {
        Ok(match issuer.advance(request, progress).await? {
            Step::Continue { progress, stage, after, message } => {
                Outcome::Continues { progress, stage, after, message }
            }
            Step::Issued(issued) => Outcome::Delivered(Delivery::read(issued)?),
        })
    }

    fn issuer(&self, name: &str) -> Result<Arc<dyn Issuer>, IssueError> {
        let employed = self.issuers.get(name);
        employed
            .map(|employed| employed.issuer.clone())
            .ok_or_else(|| IssueError::passing(format!("there is no Issuer {name:?} any more")))
    }
}

fn not_kept(error: StoreError) -> IssueError {
    IssueError::passing(error.to_string())
}

/// For the log.
fn tell(work: &Work, end: &Result<Outcome, IssueError>) {
    let (id, issuer, what) = match work {
        Work::Keep(entry) => (&entry.id, &entry.issuer, "write down an order"),
        Work::Examine { request, issuer } | Work::Advance { request, issuer, .. } => {
            (&request.id, issuer, "obtain a certificate")
        }
        Work::Store { id, issuer, .. } => (id, issuer, "write a certificate"),
        Work::Retire { request, issuer, .. } => {
            (&request.id, issuer, "take away what an order left")
        }
        Work::AskWindow { .. } => return,
    };
    match (work, end) {
        (_, Err(error)) => warn!(certificate = %id, issuer = %issuer, "could not {what}: {error}"),
        (Work::Store { .. }, Ok(_)) => {
            info!(certificate = %id, issuer = %issuer, "obtained a certificate")
        }
        (Work::Retire { .. }, Ok(_)) => {
            info!(certificate = %id, issuer = %issuer, "took away what an order had left");
        }
        _ => {}
    }
}
