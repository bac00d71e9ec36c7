//! Follows one named object into a watch channel. An outage leaves the last value standing.

use std::{fmt::Debug, time::Duration};

use futures::StreamExt as _;
use kube::{
    Api, Resource,
    runtime::watcher::{self, watch_object},
};
use serde::de::DeserializeOwned;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::call::{LIMIT, Subject, Verb, reason};

/// The first pause after a failure; each further one doubles it, up to the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// An API server that starts refuses everything for a moment.
const REFUSED_FOR_GOOD: Duration = Duration::from_secs(3);

/// What an object says, for everybody who wants to know.
#[derive(Debug)]
pub struct Watched<T> {
    value: watch::Sender<T>,
    is_known: watch::Sender<bool>,
}

impl<T> Watched<T> {
    /// `unknown` stands until the object was looked for the first time.
    pub fn new(unknown: T) -> Self {
        Self { value: watch::Sender::new(unknown), is_known: watch::Sender::new(false) }
    }

    pub fn subscribe(&self) -> watch::Receiver<T> {
        self.value.subscribe()
    }

    /// Waits until the API server was asked and has answered, be it that there is no such object.
    pub async fn known(&self) {
        // The sender lives as long as we do.
        let _ = self.is_known.subscribe().wait_for(|is_known| *is_known).await;
    }

    /// What the object says now.
    pub fn set(&self, new: T)
    where
        T: PartialEq,
    {
        self.value.send_if_modified(|old| {
            let differs = *old != new;
            if differs {
                *old = new;
            }
            differs
        });
        self.is_known.send_replace(true);
    }

    /// Nobody may know what the object says: whoever waits for it goes on without.
    pub fn give_up(&self) {
        self.is_known.send_replace(true);
    }
}

/// Follows the object until `cancel`: `take` gets it whenever it changes, and `None` where there
/// is none. What is wrong with following it is told once; that nothing comes through is one
/// trouble, whatever its words. `refused` is called where RBAC is why and stays so, which only
/// people can change.
pub async fn follow<K>(
    api: Api<K>,
    subject: &Subject,
    mut take: impl FnMut(Option<K>),
    refused: impl Fn(),
    cancel: CancellationToken,
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut told: Option<Trouble> = None;
    let mut refused_since: Option<Instant> = None;
    let mut pause = PAUSE;
    while !cancel.is_cancelled() {
        let mut object = Box::pin(watch_object(api.clone(), subject.name()));
        let mut has_answered = false;
        let trouble = loop {
            let next = tokio::select! {
                () = cancel.cancelled() => return,
                next = within(has_answered, object.next()) => next,
            };
            match next {
                Some(Ok(object)) => {
                    if told.take().is_some() {
                        info!(object = %subject, "the object is followed again");
                    }
                    (has_answered, pause, refused_since) = (true, PAUSE, None);
                    take(object);
                }
                Some(Err(error)) => break Trouble::of(&error, subject),
                None => break Trouble::Away(format!("no answer within {} s", LIMIT.as_secs())),
            }
        };
        if matches!(trouble, Trouble::Refused(_)) {
            let since = *refused_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= REFUSED_FOR_GOOD {
                refused();
            }
        } else {
            refused_since = None;
        }
        if told.as_ref().is_none_or(|told| !told.is_the_same(&trouble)) {
            warn!("cannot watch {subject}: {}; what was seen last stands", trouble.text());
            told = Some(trouble);
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

/// An object that does not change says nothing; but the first answer has to come.
async fn within<T>(has_answered: bool, next: impl Future<Output = Option<T>>) -> Option<T> {
    match has_answered {
        true => next.await,
        false => timeout(LIMIT, next).await.ok().flatten(),
    }
}

/// Why the object cannot be followed, in words.
enum Trouble {
    /// By RBAC.
    Refused(String),
    Answered(String),
    /// Nothing comes through.
    Away(String),
}

impl Trouble {
    fn of(error: &watcher::Error, subject: &Subject) -> Self {
        let of_call = |error: &kube::Error| {
            let text = reason(error, Verb::Watch, subject);
            match error {
                kube::Error::Api(status) if status.is_forbidden() => Self::Refused(text),
                kube::Error::Api(_) => Self::Answered(text),
                _ => Self::Away(text),
            }
        };
        match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => of_call(error),
            watcher::Error::WatchError(status) => of_call(&kube::Error::Api(status.clone())),
            watcher::Error::NoResourceVersion => Self::Answered(error.to_string()),
        }
    }

    fn text(&self) -> &str {
        let (Self::Refused(text) | Self::Answered(text) | Self::Away(text)) = self;
        text
    }

    fn is_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Away(_), Self::Away(_)) => true,
            _ => self.text() == other.text(),
        }
    }
}

#[cfg(test)]
mod tests;
