//! A Kubernetes API server in the test's own process, on a loopback port of its own: good enough
//! for kube-rs, for the real binary with `--kubeconfig`, and for the real `kubectl`.
//!
//! It keeps the rules that a controller lives by: one counter of revisions, watches with
//! bookmarks and 410, conflicts, field managers, sub-resources. It admits nearly any object: only
//! the real server checks every field. And it can be told to fail, which the real one cannot.

mod access;
mod answer;
mod apply;
mod crd;
mod defaults;
mod discovery;
mod events;
mod failure;
mod faults;
mod fields;
mod list;
mod lists;
mod log;
mod managed;
mod merge;
mod names;
mod objects;
mod openapi;
mod protobuf;
mod rbac;
mod request;
mod resource;
mod selector;
mod store;
mod table;
mod view;
mod watch;
mod write;

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch as signal,
    task::{JoinHandle, JoinSet},
};

use crate::{LIMIT, wait_for};
use faults::Faults;
use objects::Objects;
use resource::Resource;

pub use log::Logged;
pub(crate) use merge::merge;
pub(crate) use resource::Kind;

/// Shown by who is to be judged by RBAC.
pub(crate) const SERVICE_ACCOUNT_TOKEN: &str = "service-account-of-a-test";

/// The running server. Dropping it closes the port and every connection.
pub struct ApiServer {
    address: SocketAddr,
    folder: TempDir,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What the connections share.
struct Shared {
    state: Mutex<State>,
    is_away: AtomicBool,
    /// The revision, for watchers to look.
    changed: signal::Sender<u64>,
    /// Each of these counts how often it was asked for.
    cut_connections: signal::Sender<u64>,
    cut_watches: signal::Sender<u64>,
    bookmark: signal::Sender<u64>,
}

struct State {
    objects: Objects,
    faults: Faults,
    log: Vec<Logged>,
}

impl ApiServer {
    /// Starts it with the namespaces every cluster has.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                objects: Objects::new(Timestamp::now()),
                faults: Faults::default(),
                log: Vec::new(),
            }),
            is_away: AtomicBool::new(false),
            changed: signal::Sender::new(0),
            cut_connections: signal::Sender::new(0),
            cut_watches: signal::Sender::new(0),
            bookmark: signal::Sender::new(0),
        });
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let url = format!("http://{address}");
        let judged = format!("token: {SERVICE_ACCOUNT_TOKEN}");
        for (name, user) in [("kubeconfig", ""), ("service-account.kubeconfig", &judged)] {
            let text = kubeconfig(&url, user);
            std::fs::write(folder.path().join(name), text).expect("it is ours");
        }
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self { address, folder, shared, accepting }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A file for `--kubeconfig`. It holds no credentials, and who shows none may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// As the ServiceAccount `doorward` of `doorward-system`, which may what RBAC says.
    pub fn service_account_kubeconfig(&self) -> PathBuf {
        self.folder.path().join("service-account.kubeconfig")
    }
}

/// Direct access to what is there, past the API.
impl ApiServer {
    /// Writes the object whole, with its status, as it is. Makes its namespace where that is
    /// missing. Panics when there is no such kind: put its CRD first.
    #[track_caller]
    pub fn put(&self, object: Value) -> Value {
        let mut state = self.shared.state();
        let kind = kind_of(&state, &object).clone();
        let object = events::stored(&kind, object);
        let written = state.objects.put(&kind, object, Timestamp::now());
        drop(state);
        self.shared.tell_watchers();
        events::shown(&kind, Value::clone(&written))
    }

    /// As [`ApiServer::put`], of every document of a YAML text.
    #[track_caller]
    pub fn put_yaml(&self, text: &str) {
        for object in crate::manifest::documents(text) {
            self.put(object);
        }
    }

    /// The object as it is; `namespace` is `""` for kinds of the whole cluster.
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let state = self.shared.state();
        let kind = state.objects.kinds().iter().find(|known| known.kind == kind)?;
        let object = state.objects.store.get(&kind.key(namespace, name))?;
        Some(Value::clone(object))
    }

    /// Every object of a kind, by namespace and name.
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        let state = self.shared.state();
        let kinds = state.objects.kinds().iter().filter(|known| known.kind == kind).take(1);
        kinds
            .flat_map(|kind| state.objects.store.list(kind, ""))
            .map(|(_, object)| Value::clone(object))
            .collect()
    }

    /// Every Event, in its core form.
    pub fn events(&self) -> Vec<Value> {
        self.objects("Event")
    }

    /// Takes the object away, whatever its finalizers say. Whether it was there.
    pub fn delete(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let was_there = self.shared.state().objects.drop(kind, namespace, name);
        self.shared.tell_watchers();
        was_there
    }

    /// Waits until the object is there and `question` has an answer about it, and gives that.
    #[track_caller]
    pub fn wait_for<T>(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        question: impl Fn(&Value) -> Option<T>,
    ) -> impl Future<Output = T> {
        wait_for(LIMIT, move || {
            let answer = self.object(kind, namespace, name).and_then(|object| question(&object));
            async move { answer }
        })
    }

    /// The revision of the last write.
    pub fn revision(&self) -> u64 {
        self.shared.state().objects.store.revision()
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The kinds that are there before any CRD is.
pub(crate) fn built_in_kinds() -> Vec<Kind> {
    resource::built_in().into_iter().map(Kind::from).collect()
}

/// The kinds that a CRD defines; none when the object is no CRD.
pub(crate) fn kinds_of_definition(object: &Value) -> Vec<Kind> {
    crd::resources(object).into_iter().map(Kind::from).collect()
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_watchers(&self) {
        let revision = self.state().objects.store.revision();
        self.changed.send_if_modified(|seen| std::mem::replace(seen, revision) != revision);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with the task, which ends the connections too.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if shared.is_away.load(Ordering::SeqCst) {
            // Sends RST instead of FIN.
            let _ = stream.set_zero_linger();
            continue;
        }
        // The lines of a watch are short, and nobody should wait for the next.
        let _ = stream.set_nodelay(true);
        connections.spawn(serve(stream, shared.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut_connections.subscribe();
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer::answer(shared, request).await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        // A client that hangs up is the client's affair.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        _ = cut.changed() => {}
    }
}

#[track_caller]
fn kind_of<'a>(state: &'a State, object: &Value) -> &'a Resource {
    let is_it = |kind: &&Resource| {
        object["kind"] == kind.kind.as_str() && object["apiVersion"] == kind.api_version()
    };
    let found = state.objects.kinds().iter().find(is_it);
    found.unwrap_or_else(|| panic!("no kind {} {}", object["apiVersion"], object["kind"]))
}

/// What `kubectl config` would write for a user with these credentials.
fn kubeconfig(url: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
         clusters: [{{name: test, cluster: {{server: \"{url}\"}}}}]\n\
         users: [{{name: test, user: {{{user}}}}}]\n\
         contexts: [{{name: test, context: {{cluster: test, user: test}}}}]\n"
    )
}

#[cfg(test)]
mod tests;
