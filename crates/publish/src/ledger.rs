//! Who is connected, what each subscribed to, and what it has said that it holds.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

use crate::{
    content::Content,
    reach::Reach,
    session::{Acked, Flavour, Refused, Session, Standing, one_line},
    wire::Node,
};

/// Connections as they stand. Each stream's session is written by its own task alone.
#[derive(Debug, Default)]
pub struct Ledger {
    next: AtomicU64,
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
}

/// One client: an Envoy has one connection, however many streams.
#[derive(Debug)]
pub struct Client {
    /// What the connection is known by: a certificate's name, an address, a process.
    pub peer: String,
    pub namespace: Arc<str>,
    /// As the client calls itself; believed for showing only.
    pub node: String,
    pub cluster: String,
    pub connected: Timestamp,
    pub flavour: Option<Flavour>,
    pub is_aggregated: bool,
    pub streams: usize,
    /// Sorted by name.
    pub secrets: Vec<SecretState>,
}

/// One secret of one client.
#[derive(Clone, Debug)]
pub struct SecretState {
    pub name: Arc<str>,
    pub standing: Standing,
    pub acked: Option<Acked>,
    pub refused: Option<Refused>,
    pub problem: Option<String>,
}

impl SecretState {
    /// What the client holds, as far as it has said so.
    pub fn held(&self) -> Option<&Arc<Content>> {
        self.acked.as_ref().map(|acked| &acked.content)
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    peer: String,
    namespace: Arc<str>,
    connected: Timestamp,
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    next: u64,
    node: Node,
    open: BTreeMap<u64, Stream>,
}

#[derive(Debug)]
struct Stream {
    session: Arc<Mutex<Session>>,
    is_aggregated: bool,
}

/// A connection's place in the ledger, for as long as it lasts.
#[derive(Debug)]
pub(crate) struct Seat {
    ledger: Arc<Ledger>,
    id: u64,
    connection: Arc<Connection>,
}

/// A stream's, likewise.
#[derive(Debug)]
pub(crate) struct Line {
    connection: Arc<Connection>,
    id: u64,
    session: Arc<Mutex<Session>>,
}

impl Ledger {
    pub(crate) fn seat(self: &Arc<Self>, peer: String, reach: &Reach) -> Seat {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            peer,
            namespace: reach.namespace.clone(),
            connected: Timestamp::now(),
            streams: Mutex::default(),
        });
        lock(&self.connections).insert(id, connection.clone());
        Seat { ledger: self.clone(), id, connection }
    }

    /// In the order in which they came.
    pub fn clients(&self) -> Vec<Client> {
        let connections: Vec<_> = lock(&self.connections).values().cloned().collect();
        connections.iter().map(|connection| connection.show()).collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        let connections: Vec<_> = lock(&self.connections).values().cloned().collect();
        let mut counts = Counts { connections: connections.len(), ..Counts::default() };
        for connection in connections {
            let streams = lock(&connection.streams);
            counts.streams += streams.open.len();
            for stream in streams.open.values() {
                for subscription in lock(&stream.session).subscriptions().values() {
                    *counts.secret(subscription.standing()) += 1;
                }
            }
        }
        counts
    }
}

/// For the gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub connections: usize,
    pub streams: usize,
    pub acked: usize,
    pub rejected: usize,
    pub missing: usize,
    /// Sent and not answered, or not sent yet.
    pub waiting: usize,
}

impl Counts {
    fn secret(&mut self, standing: Standing) -> &mut usize {
        match standing {
            Standing::Acked => &mut self.acked,
            Standing::Rejected => &mut self.rejected,
            Standing::Missing => &mut self.missing,
            Standing::Sent | Standing::Pending => &mut self.waiting,
        }
    }
}

impl Connection {
    fn show(&self) -> Client {
        let streams = lock(&self.streams);
        let mut secrets = Vec::new();
        for stream in streams.open.values() {
            let session = lock(&stream.session);
            secrets.extend(session.subscriptions().iter().map(|(name, subscription)| {
                SecretState {
                    name: name.clone(),
                    standing: subscription.standing(),
                    acked: subscription.acked_content().cloned(),
                    refused: subscription.refusal().cloned(),
                    problem: subscription.problem().map(ToOwned::to_owned),
                }
            }));
        }
        secrets.sort_by(|a, b| a.name.cmp(&b.name));
        let first = streams.open.values().next();
        Client {
            peer: self.peer.clone(),
            namespace: self.namespace.clone(),
            node: streams.node.id.clone(),
            cluster: streams.node.cluster.clone(),
            connected: self.connected,
            flavour: first.map(|stream| lock(&stream.session).flavour()),
            is_aggregated: first.is_some_and(|stream| stream.is_aggregated),
            streams: streams.open.len(),
            secrets,
        }
    }
}

impl Seat {
    pub(crate) fn line(&self, session: Session, is_aggregated: bool) -> Line {
        let session = Arc::new(Mutex::new(session));
        let mut streams = lock(&self.connection.streams);
        let id = streams.next;
        streams.next += 1;
        streams.open.insert(id, Stream { session: session.clone(), is_aggregated });
        Line { connection: self.connection.clone(), id, session }
    }
}

impl Line {
    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        lock(&self.session)
    }

    /// Comes with a stream's first request, at most.
    pub(crate) fn introduce(&self, node: &Node) {
        let name = Node { id: one_line(&node.id), cluster: one_line(&node.cluster) };
        lock(&self.connection.streams).node = name;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.ledger.connections).remove(&self.id);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        lock(&self.connection.streams).open.remove(&self.id);
    }
}

/// Every value here is whole after each single step, so a panic elsewhere has left nothing half
/// done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
