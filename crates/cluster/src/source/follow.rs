//! One watch: kube's watcher, begun anew where it would not recover, and tried again at our pace.
//! Decides nothing about objects.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use futures::StreamExt as _;
use http::Request;
use kube::{
    Api, Client, Resource,
    client::Body,
    core::DynamicResourceScope,
    discovery::ApiResource,
    runtime::watcher::{self, Event, watcher},
};
use serde::de::DeserializeOwned;
use tokio::{
    sync::{Mutex, mpsc},
    time::{self, Instant},
};

use super::{
    Pace,
    raw::{Mark, Raw},
    trouble::{self, Trouble},
    watches::{Part, Watch},
};

/// What happened to a watch.
#[derive(Debug)]
pub(super) enum Notice {
    Object(Event<Raw>),
    Name(Event<Mark>),
    /// The API server accepted a request.
    Answered,
    Trouble(Trouble),
}

/// A watch by its place among all of them.
pub(super) type Numbered = (usize, Notice);

/// Follows a watch until nobody listens.
pub(super) async fn follow(
    client: Client,
    watch: Watch,
    number: usize,
    pace: Pace,
    to: mpsc::Sender<Numbered>,
) {
    let line = Line { number, to, failures: Arc::default(), started: Arc::default(), pace };
    let client = line.observe(client);
    match watch.part {
        Part::Names => line.run(&apis::<Mark>(&client, &watch), watch.config(), Notice::Name).await,
        _ => line.run(&apis::<Raw>(&client, &watch), watch.config(), Notice::Object).await,
    }
}

/// One for each version of the kind's API.
fn apis<K>(client: &Client, watch: &Watch) -> Vec<Api<K>>
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
{
    let api = |resource| match &watch.namespace {
        None => Api::all_with(client.clone(), &resource),
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    watch.resources().map(api).collect()
}

/// The way from one watch to the source.
#[derive(Clone)]
struct Line {
    number: usize,
    to: mpsc::Sender<Numbered>,
    /// In a row.
    failures: Arc<AtomicU32>,
    /// When the last watch was asked for.
    started: Arc<Mutex<Option<Instant>>>,
    pace: Pace,
}

impl Line {
    /// Whichever version the API server has; the first where it has several.
    async fn run<K>(self, apis: &[Api<K>], config: watcher::Config, notice: fn(Event<K>) -> Notice)
    where
        K: Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
    {
        let mut version = 0;
        loop {
            let mut events = watcher(apis[version].clone(), config.clone()).boxed();
            while let Some(event) = events.next().await {
                let error = match event {
                    Ok(event) => {
                        if self.tell(notice(event)).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    Err(error) => error,
                };
                let trouble = Trouble::of(&error);
                let is_absent = trouble == Trouble::Absent;
                if is_absent && version + 1 < apis.len() {
                    version += 1;
                    break;
                }
                let failures = self.failures.fetch_add(1, Ordering::Relaxed);
                let chance = RandomState::new().hash_one(failures);
                let delay = trouble.delay(&self.pace, failures, chance);
                if self.tell(Notice::Trouble(trouble)).await.is_err() {
                    return;
                }
                time::sleep(delay).await;
                if is_absent && version > 0 {
                    version = 0;
                    break;
                }
                if trouble::needs_new_list(&error) {
                    break;
                }
            }
        }
    }

    async fn tell(&self, notice: Notice) -> Result<(), mpsc::error::SendError<Numbered>> {
        self.to.send((self.number, notice)).await
    }

    /// The same client, which tells of every request that is accepted: the watcher itself is
    /// silent when a watch is back and nothing has changed.
    fn observe(&self, client: Client) -> Client {
        let namespace = client.default_namespace().to_owned();
        let line = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (client, line) = (client.clone(), line.clone());
            async move {
                if request.uri().query().is_some_and(|query| query.contains("watch=true")) {
                    line.take_turn().await;
                }
                let response = client.send(request).await?;
                if response.status().is_success() {
                    line.failures.store(0, Ordering::Relaxed);
                    // Who does not listen any more has ended the watch.
                    let _ = line.tell(Notice::Answered).await;
                }
                Ok::<_, kube::Error>(response)
            }
        });
        Client::new(service, namespace)
    }

    /// Waits while the last watch began less than a moment ago.
    async fn take_turn(&self) {
        let mut started = self.started.lock().await;
        if let Some(last) = *started {
            time::sleep_until(last + self.pace.between_watches).await;
        }
        *started = Some(Instant::now());
    }
}
