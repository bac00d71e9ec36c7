//! The keys of session tickets: made and rotated by the leader, followed by every replica, so
//! that a client resumes its session on any of them.
//!
//! Deleting the Secret has new keys made at once: tickets sealed before are good for nothing.

mod ring;
mod rotation;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use model::TicketKeys;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::{
    ring::{Ring, RingError},
    rotation::until_rotation,
};
use super::{
    RETRY,
    sealed::Sealed,
    watched::{Watched, follow},
};
use crate::{
    call::{self, By, CallError, Subject, Verb},
    lease::{Leadership, Term},
};

pub(super) const NAME: &str = "doorward-session-tickets";
const TYPE: &str = "doorward.dev/session-tickets";

/// The Secret of the session tickets' keys.
pub struct TicketSecret {
    api: Api<Secret>,
    subject: Subject,
    keys: Watched<Arc<TicketKeys>>,
    stored: watch::Sender<Stored>,
}

/// The Secret as it was seen last.
#[derive(Clone)]
enum Stored {
    Unknown,
    Missing,
    There {
        secret: Arc<Sealed>,
        ring: Result<Arc<Ring>, RingError>,
        /// This replica has seen these keys since, by its own monotonic clock.
        since: Instant,
    },
}

impl TicketSecret {
    pub fn new(client: Client, store_namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, store_namespace),
            subject: Subject::of::<Secret>(store_namespace, NAME),
            keys: Watched::new(Arc::default()),
            stored: watch::Sender::new(Stored::Unknown),
        }
    }

    /// No keys until they are known; after that the last ones known.
    pub fn subscribe(&self) -> watch::Receiver<Arc<TicketKeys>> {
        self.keys.subscribe()
    }

    /// Follows the keys, and keeps them while this replica leads.
    pub async fn run(&self, leadership: Leadership, cancel: CancellationToken) {
        let take = |secret: Option<Secret>| self.take(secret.map(Sealed::from));
        let following = follow(self.api.clone(), &self.subject, take, || {}, cancel.clone());
        tokio::join!(following, self.keep(leadership, cancel));
    }

    /// Keys that are gone or cannot be read stay in use until there are others.
    fn take(&self, secret: Option<Sealed>) {
        let Some(secret) = secret.map(Arc::new) else {
            self.stored.send_replace(Stored::Missing);
            return;
        };
        let ring = Ring::read(&secret).map(Arc::new);
        let before = match &*self.stored.borrow() {
            Stored::There { ring: Ok(before), since, .. } => Some((before.clone(), *since)),
            _ => None,
        };
        let since = before
            .filter(|(before, _)| ring.as_ref() == Ok(before))
            .map_or_else(Instant::now, |(_, since)| since);
        match &ring {
            Ok(ring) => self.keys.set(Arc::new(ring.keys())),
            Err(error) => {
                warn!("{}: {error}; the leader makes new keys of session tickets", self.subject);
            }
        }
        self.stored.send_replace(Stored::There { secret, ring, since });
    }

    /// The leader's part: makes the keys and rotates them.
    async fn keep(&self, mut leadership: Leadership, cancel: CancellationToken) {
        let mut stored = self.stored.subscribe();
        let mut told: Option<String> = None;
        loop {
            let now = stored.borrow_and_update().clone();
            let wait = match leadership.current() {
                None => None,
                Some(term) => match self.step(&term, now).await {
                    Ok(wait) => {
                        told = None;
                        wait
                    }
                    Err(error) => {
                        let text = error.to_string();
                        if told.as_ref() != Some(&text) {
                            warn!("the keys of session tickets are not renewed: {text}");
                        }
                        told = Some(text);
                        Some(RETRY)
                    }
                },
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = leadership.changed() => {}
                _ = stored.changed() => {}
                () = wait_for(wait) => {}
            }
        }
    }

    /// Does what is due now, and returns when to look again; without a time, when something
    /// changes.
    async fn step(&self, term: &Term, stored: Stored) -> Result<Option<Duration>, CallError> {
        let now = Timestamp::now();
        match stored {
            Stored::Unknown => return Ok(None),
            Stored::Missing => {
                let secret = Sealed::new(
                    super::own_metadata(self.subject.namespace(), NAME),
                    TYPE,
                    Ring::make(now).fields(),
                );
                self.create(term, &secret).await?;
            }
            Stored::There { secret, ring: Err(_), .. } => {
                self.replace(term, &secret.with(Ring::make(now).fields())).await?;
            }
            Stored::There { secret, ring: Ok(ring), since } => {
                let wait = until_rotation(ring.rotated(), since.elapsed(), now);
                if !wait.is_zero() {
                    return Ok(Some(wait));
                }
                self.replace(term, &secret.with(ring.rotate(now).fields())).await?;
            }
        }
        // What was written is seen in a moment. Should it not be, the next try meets a conflict.
        Ok(Some(RETRY))
    }

    async fn create(&self, term: &Term, secret: &Sealed) -> Result<(), CallError> {
        let params = super::post();
        let created = self.api.create(&params, secret.secret());
        let answer = call::write(By::Leader(term), Verb::Create, &self.subject, created).await;
        let done = answer.map(|secret| drop(Sealed::from(secret)));
        self.told(done, "made the keys of session tickets")
    }

    async fn replace(&self, term: &Term, secret: &Sealed) -> Result<(), CallError> {
        let params = super::post();
        let replaced = self.api.replace(NAME, &params, secret.secret());
        let answer = call::write(By::Leader(term), Verb::Update, &self.subject, replaced).await;
        let done = answer.map(|secret| drop(Sealed::from(secret)));
        self.told(done, "renewed the keys of session tickets")
    }

    /// That somebody was faster is no failure: what they wrote will be seen.
    fn told(&self, outcome: Result<(), CallError>, what: &str) -> Result<(), CallError> {
        match outcome {
            Ok(()) => info!(secret = %self.subject, "{what}"),
            Err(error) if error.is_conflict() || error.is_already_exists() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

async fn wait_for(wait: Option<Duration>) {
    match wait {
        Some(wait) => sleep(wait).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
