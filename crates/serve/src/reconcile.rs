//! Follows the Model: opens listeners that are new, swaps what changed, closes what is gone,
//! and says what came of it. One listener's trouble never touches another.

mod slot;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use model::{Listener, ListenerKey, Model};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info};

use crate::{
    Ledger, Served,
    listener::{Common, Door, ListenerState, StateBuilder},
    lock::lock,
};
use slot::Slot;

/// All listeners of the gateway.
pub struct Listeners {
    common: Arc<Common>,
    ledger: Arc<Ledger>,
    builder: Arc<Mutex<StateBuilder>>,
    served: watch::Sender<Arc<Served>>,
    generation: u64,
    slots: BTreeMap<ListenerKey, Slot>,
    /// Removed listeners that still have connections.
    retired: TaskTracker,
}

/// Follows `models` until `stop`. The listeners stay open after that.
pub async fn follow(
    listeners: Arc<tokio::sync::Mutex<Listeners>>,
    mut models: watch::Receiver<Arc<Model>>,
    stop: CancellationToken,
) {
    models.mark_changed();
    loop {
        let retry_at = listeners.lock().await.retry_at();
        tokio::select! {
            () = stop.cancelled() => return,
            changed = models.changed() => match changed {
                Ok(()) => {
                    let model = models.borrow_and_update().clone();
                    listeners.lock().await.apply(&model).await;
                }
                // No Model will come any more; what is served is served on.
                Err(_) => return stop.cancelled().await,
            },
            () = at(retry_at) => listeners.lock().await.retry().await,
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

impl Listeners {
    pub fn new(
        common: Arc<Common>,
        ledger: Arc<Ledger>,
        served: watch::Sender<Arc<Served>>,
    ) -> Self {
        let builder = StateBuilder::new(common.keyring.clone());
        Self {
            common,
            ledger,
            builder: Arc::new(Mutex::new(builder)),
            served,
            generation: 0,
            slots: BTreeMap::new(),
            retired: TaskTracker::new(),
        }
    }

    /// Makes the listeners what `model` says.
    async fn apply(&mut self, model: &Model) {
        let began = std::time::Instant::now();
        self.common.challenges.store(model.challenges.clone());
        let wanted: BTreeMap<_, _> =
            model.listeners().map(|listener| (listener.key.clone(), listener)).collect();
        self.close_what_is_gone(&wanted).await;
        self.free_addresses(&wanted).await;
        for (key, listener) in wanted {
            match self.slots.get_mut(&key) {
                Some(slot) => slot.want(listener),
                None => drop(self.slots.insert(key.clone(), Slot::new(listener))),
            }
            self.advance(&key).await;
        }
        lock(&self.builder).tidy();
        self.generation += 1;
        self.publish();
        self.common.metrics.published(began.elapsed());
    }

    /// When the next listener that could not be bound is to be tried again.
    fn retry_at(&self) -> Option<Instant> {
        self.slots.values().filter_map(Slot::retry_at).min()
    }

    async fn retry(&mut self) {
        let now = Instant::now();
        let due = |slot: &Slot| slot.retry_at().is_some_and(|at| at <= now);
        let keys: Vec<_> =
            self.slots.iter().filter(|(_, slot)| due(slot)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.advance(&key).await;
        }
        self.publish();
    }

    async fn close_what_is_gone(&mut self, wanted: &BTreeMap<ListenerKey, &Arc<Listener>>) {
        let gone: Vec<_> =
            self.slots.keys().filter(|key| !wanted.contains_key(key)).cloned().collect();
        for key in gone {
            info!(listener = %key, "listener removed");
            self.ledger.close(&key);
            if let Some(door) = self.slots.remove(&key).and_then(Slot::into_door) {
                self.retire(door).await;
            }
        }
    }

    /// A listener that moves away gives its address up first if another one wants it.
    async fn free_addresses(&mut self, wanted: &BTreeMap<ListenerKey, &Arc<Listener>>) {
        let addresses: BTreeSet<SocketAddr> =
            wanted.values().map(|listener| listener.address).collect();
        let mut moving = Vec::new();
        for (key, slot) in &mut self.slots {
            let moves = |door: &Door| wanted.get(key).is_some_and(|new| new.address != door.asked);
            if slot.door().is_some_and(|door| moves(door) && addresses.contains(&door.asked)) {
                moving.extend(slot.take_door());
            }
        }
        for door in moving {
            self.retire(door).await;
        }
    }

    /// Closes the socket now and lets the connections finish in their own time.
    async fn retire(&self, mut door: Door) {
        door.stop_accepting().await;
        let limit = self.common.limits.drain_time;
        self.retired.spawn(async move { door.drain(limit).await });
    }

    /// Brings one listener as near to what is wanted as possible.
    async fn advance(&mut self, key: &ListenerKey) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        if slot.is_settled() {
            return;
        }
        if key.quic {
            return slot.fail_for_good("QUIC is not served; clients use HTTPS on the same port");
        }
        let wanted = slot.wanted().clone();
        let former = slot.door().map(|door| door.shared.state.load_full());
        let ledger = self.ledger.open(key);
        let builder = self.builder.clone();
        // Off the async threads: for a hundred thousand certificates it takes a while.
        let built = tokio::task::spawn_blocking(move || {
            lock(&builder).build(&wanted, former.as_deref(), ledger)
        });
        let state = match built.await {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => return slot.fail_for_good(&error.to_string()),
            Err(panic) => {
                error!(listener = %key, %panic, "the listener's new settings were not applied");
                return slot.fail_for_good("its settings could not be applied; see the log");
            }
        };
        self.install(key, state).await;
    }

    async fn install(&mut self, key: &ListenerKey, state: ListenerState) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let address = state.wanted.address;
        slot.tell_of_servers(state.trouble());
        if let Some(door) = slot.door().filter(|door| door.asked == address) {
            forget_unknown_names(&state);
            let former = door.swap(state);
            slot.settle();
            // Giving a large table's memory back takes a while, too.
            drop(tokio::task::spawn_blocking(move || drop(former)));
            return;
        }
        match Door::open(state, &self.common) {
            Ok(door) => {
                info!(listener = %key, address = %door.shared.bound, "listening");
                if let Some(former) = slot.open(door) {
                    self.retire(former).await;
                }
            }
            Err(error) => slot.fail_for_now(&error.to_string()),
        }
    }

    fn publish(&mut self) {
        let listeners = self.slots.iter().map(|(key, slot)| (key.clone(), slot.served())).collect();
        let new = Served { listeners, generation: self.generation };
        self.served.send_if_modified(|served| {
            let differs = **served != new;
            if differs {
                *served = Arc::new(new);
            }
            differs
        });
    }

    /// Closes every listener; connections get until `limit`. Returns how many had to be cut.
    pub async fn drain(&mut self, limit: Duration) -> usize {
        let doors = std::mem::take(&mut self.slots).into_values().filter_map(Slot::into_door);
        let draining: Vec<_> = doors.map(|door| tokio::spawn(door.drain(limit))).collect();
        self.retired.close();
        // Bounded by their own limit; a shorter one holds here.
        let _ = tokio::time::timeout(limit, self.retired.wait()).await;
        let mut cut = 0;
        for door in draining {
            cut += door.await.unwrap_or_default();
        }
        cut
    }
}

/// The ledger keeps names only while the listener serves or routes them.
fn forget_unknown_names(state: &ListenerState) {
    let (certificates, routes) = (&state.certificates, &state.listener.routes);
    state.ledger.keep(|name| match &state.servers {
        Some(servers) => servers.know(name),
        None => certificates.knows(name) || routes.knows_host(name),
    });
}
