//! A run on one machine: objects from the manifests folder, everything else in the state folder.

use std::{path::PathBuf, sync::Arc};

use ::watch::{
    folder::{Folder, FolderOptions},
    state::{ConsoleStore, SecretEntries, StateFolder},
};
use anyhow::Result;
use issue::{Entries, Keeper, KeptChallenges};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use translate::{World, world::Key};

use super::{
    attaching::Attaching,
    ground::{Flow, Ground, GroundFacts},
    issuing::{
        self, EntriesInFolder, IssuedSecrets, OrdersInFolder, RENEWALS,
        workshop::{self, Supply, Tools},
    },
    keeping::InFolder,
    recording::record,
    remembering::remember,
    stage,
    sweeping::sweep,
    tending::tend,
};
use crate::admin::Keep as _;

/// Reads the folders and goes on following them.
pub fn stand(
    roots: &[PathBuf],
    store_namespace: &Arc<str>,
    state: Arc<StateFolder>,
    stop: &CancellationToken,
) -> Result<Ground> {
    let console = Arc::new(ConsoleStore::open(state.clone())?);
    let mut folder = Folder::new(FolderOptions {
        roots: roots.to_vec(),
        state: Some(state.view().clone()),
        store_namespace: store_namespace.clone(),
    });
    let console_edits = console.subscribe();
    let first = World { console: console_edits.borrow().clone(), ..folder.load() };
    let (worlds, world) = watch::channel(Arc::new(first));
    stage("folder", stop, folder.run(worlds, console_edits, stop.clone()));

    let names: Vec<_> = roots.iter().map(|folder| folder.display().to_string()).collect();
    let keep = Arc::new(InFolder { state: state.clone(), console });
    Ok(Ground {
        worlds: world,
        memory: state.load_memory()?,
        led: None,
        tickets: None,
        keep: keep.clone(),
        facts: GroundFacts { of: names.join(", "), root: Some(state.view().root_certificate()) },
        parting: Vec::new(),
        follow: Box::new({
            let stop = stop.clone();
            let store_namespace = store_namespace.clone();
            move |flow| follow(flow, state, store_namespace, keep, &stop)
        }),
    })
}

fn follow(
    flow: Flow,
    state: Arc<StateFolder>,
    store_namespace: Arc<str>,
    keep: Arc<InFolder>,
    stop: &CancellationToken,
) {
    stage("remember", stop, remember(flow.memories, state.clone()));
    stage("record", stop, record(flow.models.clone(), state.clone()));
    let entries = SecretEntries::new(state.clone(), &store_namespace);
    let entries: Arc<dyn Entries> = Arc::new(EntriesInFolder(entries));
    let tools = Tools {
        root: issuing::root_in_folder(state.clone()),
        challenges: Arc::new(KeptChallenges::new(entries.clone(), flow.models.clone())),
        entries,
        clock: Arc::new(Timestamp::now),
    };
    let (Supply { issuers, models }, supply) = workshop::open(tools, flow.models.clone());
    stage("issuers", stop, supply);
    stage("tend", stop, tend(issuers.clone(), stop.clone()));
    let (ask, renewals) = mpsc::channel(RENEWALS);
    flow.renewals.send_replace(Some(ask));
    let attaching = Attaching {
        models: models.clone(),
        book: Arc::new(OrdersInFolder(state.clone())),
        attached: flow.attached,
        clock: Arc::new(Timestamp::now),
    };
    stage("attach", stop, attaching.run(stop.clone()));
    let keeper = Keeper {
        models,
        issuers,
        store: Arc::new(IssuedSecrets(state.clone())),
        book: Arc::new(OrdersInFolder(state)),
        orders: flow.orders,
        renewals,
        clock: Arc::new(Timestamp::now),
    };
    stage("issue", stop, keeper.run(stop.clone()));
    let delete = move |Key { namespace, name }| {
        let keep = keep.clone();
        async move { keep.delete_secret(&namespace, &name).await }
    };
    stage("sweep", stop, sweep(delete, flow.worlds, flow.models, stop.clone()));
}
