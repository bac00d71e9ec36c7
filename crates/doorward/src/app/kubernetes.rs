//! A run on Kubernetes: the API server holds all state, a Lease elects the replica that issues and
//! writes, and every replica serves.

mod address;
mod agreeing;
mod arrival;
mod keeping;
mod leading;
mod metrics;
mod outcomes;
mod reminding;

use std::sync::Arc;

use ::watch::state::{StateFolder, remember_world};
use anyhow::Result;
use cluster::{
    client,
    lease::{self, Pace},
    reporter::ReportCounts,
    source::{Source, SyncState},
    store::{ConsoleMap, RootSecret, Secrets, SharedMemory, TicketSecret},
};
use model::ObjectRef;
use prometheus_client::registry::Registry;
use report::{Live, Publish};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use translate::{Memory, Settings, World};

use super::{
    ground::{Ground, GroundFacts},
    stage,
};
use crate::{admin::Standing, config::KubeConfig};
use arrival::{Arrival, Arrived, CatchingUp};
use keeping::InCluster;
use leading::Leading;
use metrics::ClusterMetrics;

/// Connects, and waits for the first World: the API server's, or the last good one where that is
/// away.
pub async fn stand(
    config: &KubeConfig,
    settings: &Settings,
    state: Arc<StateFolder>,
    standings: watch::Sender<Standing>,
    metrics: &mut Registry,
    stop: &CancellationToken,
) -> Result<Ground> {
    let client = client::connect(&config.choice()).await?;
    let me = lease::identity(&config.pod.name);
    let store = &*settings.store_namespace;

    // Who leads, and what the replicas share.
    let (leadership, election) = lease::elect(client.clone(), store, me, Pace::default());
    let console = Arc::new(ConsoleMap::new(client.clone(), store));
    let memory = Arc::new(SharedMemory::new(client.clone(), store));
    let tickets = Arc::new(TicketSecret::new(client.clone(), store));
    stage("shared memory", stop, {
        let (memory, stop) = (memory.clone(), stop.clone());
        async move { memory.run(stop).await }
    });
    stage("session tickets", stop, {
        let (tickets, leadership, stop) = (tickets.clone(), leadership.clone(), stop.clone());
        async move { tickets.run(leadership, stop).await }
    });

    // objects ──► World
    let (worlds, world) = watch::channel(Arc::<World>::default());
    let (lives, live) = watch::channel(Arc::<Live>::default());
    let (syncs, sync) = watch::channel(SyncState::default());
    let (namespace, name) = &config.gateway_service;
    let source = Source::new(client.clone(), config.watched(settings));
    let edits = console.subscribe();
    stage("source", stop, source.run(worlds, lives, syncs, edits, stop.clone()));
    stage("console", stop, {
        let (console, worlds) = (console.clone(), world.clone());
        let (leadership, stop) = (leadership.clone(), stop.clone());
        async move { console.run(worlds, leadership, stop).await }
    });
    let caught_up = CatchingUp {
        worlds: world.clone(),
        sync: sync.clone(),
        console: console.clone(),
        memory: memory.clone(),
    };
    let lease = stage("lease", stop, {
        let (caught_up, stop) = (caught_up.clone(), stop.clone());
        async move {
            // A leader that knows less than the others would overrule them.
            tokio::select! {
                () = stop.cancelled() => {}
                () = caught_up.done() => election.run(stop.clone()).await,
            }
        }
    });
    let snapshots = remember_world(world.clone(), state.clone(), stop.clone());
    let snapshots = stage("snapshots", stop, snapshots);
    let reports = Arc::<ReportCounts>::default();
    ClusterMetrics {
        lease: leadership.view(),
        standing: standings.subscribe(),
        worlds: world.clone(),
        reports: reports.clone(),
    }
    .register(metrics);

    let (leds, led) = watch::channel(Arc::<Memory>::default());
    let arrival = Arrival {
        worlds: world,
        sync: sync.clone(),
        lease: leadership.view(),
        memory: &memory,
        led: leds.clone(),
        caught_up,
        standings,
    };
    let Arrived { worlds, last_good, remembered } = arrival.wait(&state, stop).await?;
    let secrets = Secrets::new(client.clone());
    let leading = Leading {
        client: client.clone(),
        leadership,
        sync,
        last_good,
        leds,
        live,
        root: Arc::new(RootSecret::new(client, store)),
        secrets: secrets.clone(),
        store_namespace: settings.store_namespace.clone(),
        memory,
        state,
        publish: Publish {
            // Any text is an address or a name; the settings were checked.
            addresses: config.publish_address.iter().filter_map(|a| a.parse().ok()).collect(),
        },
        pod: config.pod.name.as_str().into(),
        reports,
        gateway: ObjectRef::namespaced("Service", namespace, name),
    };
    Ok(Ground {
        worlds,
        memory: remembered,
        led: Some(led),
        tickets: Some(tickets.subscribe()),
        keep: Arc::new(InCluster { secrets, console }),
        facts: GroundFacts { of: config.cluster_name(), root: None },
        parting: vec![lease, snapshots],
        follow: Box::new({
            let stop = stop.clone();
            move |flow| leading.follow(flow, &stop)
        }),
    })
}
