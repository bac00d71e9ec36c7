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
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::call::{LIMIT, Subject, Verb, reason};

/// The first pause after a failure; each further one doubles it, up to the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

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
/// is none. What is wrong with following it is told once, and `refused` is called where RBAC is
/// why, which only people can change.
pub async fn follow<K>(
    api: Api<K>,
    subject: &Subject,
    mut take: impl FnMut(Option<K>),
    refused: impl Fn(),
    cancel: CancellationToken,
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut told: Option<String> = None;
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
                    (has_answered, pause) = (true, PAUSE);
                    take(object);
                }
                Some(Err(error)) => {
                    if is_refusal(&error) {
                        refused();
                    }
                    break trouble(&error, subject);
                }
                None => break format!("no answer within {} s", LIMIT.as_secs()),
            }
        };
        if told.as_ref() != Some(&trouble) {
            warn!("cannot watch {subject}: {trouble}; what was seen last stands");
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

fn is_refusal(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.is_forbidden(),
        _ => false,
    }
}

fn trouble(error: &watcher::Error, subject: &Subject) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => reason(error, Verb::Watch, subject),
        watcher::Error::WatchError(status) => {
            reason(&kube::Error::Api(status.clone()), Verb::Watch, subject)
        }
        watcher::Error::NoResourceVersion => error.to_string(),
    }
}
