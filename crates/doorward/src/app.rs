//! `doorward run`: all stages wired together, top to bottom as the data flows.

mod greeting;
mod issuing;
mod remembering;
mod translating;

use std::{sync::Arc, time::Duration};

use ::watch::{
    folder::{Folder, FolderOptions},
    state::{ConsoleStore, StateFolder, sweep},
};
use anyhow::{Context, Result};
use jiff::Timestamp;
use model::{Model, Verdict};
use prometheus_client::registry::Registry;
use serve::{Gateway, GatewayOptions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use translate::{Memory, Settings, World};

use crate::{
    admin::{self, Desk, Health, Shelf, Sight},
    args::AccessLogFormat,
    config::Config,
    drain::Signals,
    metrics::Reconciles,
};
use greeting::Facts;
use issuing::IssuedSecrets;
use translating::{Outlet, Translating};

/// Serves until a signal ends it. `for_people`: standard error is read by people.
pub fn run(config: Config, for_people: bool) -> Result<()> {
    // A gateway holds a file for each connection; the usual soft limit is 1024.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        warn!(%error, "the limit of open files stays as it is: connections above it wait");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let served = runtime.block_on(serve(config, for_people));
    // A read that hangs on a dead file server must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn serve(config: Config, for_people: bool) -> Result<()> {
    let mut signals = Signals::listen()?;
    let mut metrics = Registry::default();
    let stop = CancellationToken::new();
    for key in &config.unused_keys {
        warn!(key, "this setting has no effect here: manifests come from a folder");
    }
    let admin = admin::bind(config.admin).await?;
    let state = Arc::new(StateFolder::open(&config.state)?);
    let console = Arc::new(ConsoleStore::open(state.clone())?);

    // folder ──► World
    let mut folder = Folder::new(FolderOptions {
        roots: config.manifests.clone(),
        state: Some(state.clone()),
        store_namespace: config.settings.store_namespace.clone(),
    });
    let console_edits = console.subscribe();
    let first = World { console: console_edits.borrow().clone(), ..folder.load() };
    let (worlds, world) = watch::channel(Arc::new(first));
    stage("folder", &stop, folder.run(worlds, console_edits, stop.clone()));

    // World ──► Model and verdicts
    let (models, model) = watch::channel(Arc::<Model>::default());
    let (verdicts, verdict) = watch::channel(Arc::<Vec<Verdict>>::default());
    let (translated, known_world) = watch::channel(Arc::<World>::default());
    let (memories, memory) = watch::channel(Arc::<Memory>::default());
    stage("remember", &stop, remembering::remember(memory, state.clone()));
    let (translating, next_change) = Translating::start(
        world,
        config.settings.clone(),
        state.load_memory()?,
        Outlet { models, verdicts, worlds: translated, memories },
        Reconciles::new(&mut metrics),
    );
    warn_of_strangers(&config.settings, &model.borrow());
    stage("translate", &stop, translating.run(next_change));

    // Model ──► issued Secrets, which come in again through the folder
    let (orders, order) = watch::channel(issue::Orders::default());
    let keeper = issue::keep(
        model.clone(),
        issuing::issuers(&state),
        Arc::new(IssuedSecrets(state.clone())),
        orders,
        Arc::new(Timestamp::now),
        stop.clone(),
    );
    stage("issue", &stop, keeper);
    stage("sweep", &stop, sweep(state.clone(), known_world.clone(), model.clone(), stop.clone()));

    // Model ──► clients
    let gateway = Gateway::start(model.clone(), gateway_options(&config), &mut metrics);

    // ──► operators
    let sight = Sight {
        worlds: known_world,
        models: model,
        verdicts: verdict,
        orders: order,
        served: gateway.served.clone(),
        ledger: gateway.ledger.clone(),
    };
    let facts = Facts {
        manifests: config.manifests,
        settings: config.file,
        default_issuer: config.settings.default_issuer.as_deref().map(Into::into),
        root: state.root_certificate(),
        admin: admin.local_addr()?,
        for_people,
    };
    let desk = Desk {
        sight: sight.clone(),
        shelf: Shelf {
            state: state.clone(),
            console,
            store_namespace: config.settings.store_namespace,
        },
        health: Health { served: gateway.served.clone(), draining: stop.clone() },
        metrics,
        token: config.admin_token,
    };
    stage("admin", &stop, admin::run(admin, Arc::new(desk)));
    tokio::spawn(greeting::greet(sight, facts));

    signals.next().await;
    stop.cancel();
    tokio::select! {
        cut = gateway.drain(config.drain_limit) => info!(cut, "drained"),
        () = signals.next() => warn!("asked again: not waiting for open requests"),
    }
    Ok(())
}

/// Runs one stage. Should it end before it is told to, that is a bug: what is served stays, which
/// is better than nothing, and the log says so.
fn stage(
    name: &'static str,
    stop: &CancellationToken,
    run: impl Future<Output = ()> + Send + 'static,
) {
    let stop = stop.clone();
    tokio::spawn(async move {
        let ended = tokio::spawn(run).await;
        if !stop.is_cancelled() {
            let why = ended.err().map(|error| error.to_string()).unwrap_or_default();
            error!(
                stage = name,
                why,
                "a stage ended; what is served no longer changes: restart Doorward, and report this"
            );
        }
    });
}

/// Settings for load balancers that nobody declares are likely misspelt.
fn warn_of_strangers(settings: &Settings, model: &Model) {
    let named = settings.only.iter().flatten().chain(settings.addresses.keys());
    for name in named {
        if !model.load_balancers.iter().any(|balancer| balancer.name == *name) {
            warn!(load_balancer = %name, "the settings name a load balancer that no manifest declares");
        }
    }
}

fn gateway_options(config: &Config) -> GatewayOptions {
    GatewayOptions {
        access_log: match config.access_log {
            AccessLogFormat::Off => None,
            AccessLogFormat::Text => Some(serve::AccessLogFormat::Text),
            AccessLogFormat::Json => Some(serve::AccessLogFormat::Json),
        },
        ..GatewayOptions::default()
    }
}
