//! `doorward run`: all stages wired together, top to bottom as the data flows.

pub mod attaching;
mod folder;
mod greeting;
mod ground;
mod inspecting;
pub mod issuing;
mod keeping;
mod kubernetes;
mod recording;
mod remembering;
mod sweeping;
mod tending;
mod translating;
pub mod troubling;

use std::{sync::Arc, time::Duration};

use ::watch::state::StateFolder;
use anyhow::{Context, Result};
use model::{Model, TicketKeys, Verdict};
use prometheus_client::registry::Registry;
use publish::Publisher;
use serve::{Gateway, GatewayOptions};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use translate::{Memory, Settings, World};

use crate::{
    admin::{self, Desk, Door, Health, Scope, Shelf, Sight, Standing},
    args::AccessLogFormat,
    config::{Config, Source},
    drain::Signals,
    metrics::{AttachmentMetrics, OrderMetrics, PkiMetrics, Reconciles},
};
use attaching::Attached;
use greeting::Facts;
use ground::{Flow, Ground};
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
        warn!(key, "this setting has no effect here");
    }
    let (desks, desk) = watch::channel(None);
    let (standings, standing) = watch::channel(Standing::Waiting("its first look".into()));
    let admin = admin::bind(config.admin, Scope::Everything).await?;
    let admin_address = admin.local_addr()?;
    let door = |scope| Arc::new(Door { scope, desk: desk.clone(), standing: standing.clone() });
    stage("admin", &stop, admin::run(admin, door(Scope::Everything)));
    if let Some(address) = config.probe {
        let probe = admin::bind(address, Scope::Probes).await?;
        stage("probe", &stop, admin::run(probe, door(Scope::Probes)));
    }
    let state = Arc::new(StateFolder::open(&config.state)?);

    // objects ──► World
    let Ground { worlds, memory, led, tickets, keep, facts, parting, follow } = match &config.source
    {
        Source::Folders(roots) => {
            let store_namespace = &config.settings.store_namespace;
            let ground = folder::stand(roots, store_namespace, state, &stop)?;
            standings.send_replace(Standing::CURRENT);
            ground
        }
        Source::Kubernetes(kube) => {
            let ground =
                kubernetes::stand(kube, &config.settings, state, standings, &mut metrics, &stop);
            tokio::select! {
                ground = ground => ground?,
                () = signals.next() => return Ok(()),
            }
        }
    };

    // World ──► Envoys
    let publisher = match &config.sds {
        Some(sds) => Some(Publisher::bind(sds.clone(), &mut metrics)?),
        None => None,
    };
    let envoys = publisher.as_ref().map(|publisher| publisher.ledger.clone()).unwrap_or_default();
    if let Some(publisher) = publisher {
        stage("publish", &stop, publisher.run(worlds.clone(), stop.clone()));
    }

    // World ──► Model and verdicts
    let (models, model) = watch::channel(Arc::<Model>::default());
    let (verdicts, verdict) = watch::channel(Arc::<Vec<Verdict>>::default());
    let (translated, known_world) = watch::channel(Arc::<World>::default());
    let (memories, memory_now) = watch::channel(Arc::<Memory>::default());
    let (translating, next_change) = Translating::start(
        worlds,
        config.settings.clone(),
        memory,
        led,
        Outlet { models, verdicts, worlds: translated, memories },
        Reconciles::new(&mut metrics),
    );
    warn_of_strangers(&config.settings, &model.borrow());
    stage("translate", &stop, translating.run(next_change));

    // Model ──► clients
    let options = gateway_options(&config, tickets);
    let gateway = Gateway::start(model.clone(), options, &mut metrics);

    // machines ──► what is known of their PKI, below
    let (looks, look) = watch::channel(None);

    // Model ──► issued Secrets and reports, which come in again as objects
    let (orders, order) = watch::channel(issue::Orders::default());
    let (renewals, renewal) = watch::channel(None);
    OrderMetrics::register(&mut metrics, order.clone());
    let (attached, attachments) = watch::channel(Attached::default());
    AttachmentMetrics::register(&mut metrics, attachments.clone());
    let (joined, with_orders) = watch::channel(verdict.borrow().clone());
    let troubling = troubling::Troubling {
        verdicts: verdict.clone(),
        orders: order.clone(),
        attached: attachments.clone(),
        models: model.clone(),
        joined,
    };
    stage("troubles", &stop, troubling.run());
    follow(Flow {
        worlds: known_world.clone(),
        models: model.clone(),
        verdicts: with_orders,
        memories: memory_now,
        served: gateway.served.clone(),
        orders,
        attached,
        renewals,
        looks: look.clone(),
    });

    // machines ──► what is known of their PKI
    let (inspections, inspected) = watch::channel(Arc::default());
    if let Some(inventory) = config.pki {
        PkiMetrics::register(&mut metrics, look.clone());
        stage("pki", &stop, inspecting::inspect(inventory, looks, inspections));
    }

    // ──► operators
    let sight = Sight {
        worlds: known_world,
        models: model,
        verdicts: verdict,
        orders: order,
        attached: attachments,
        inspected,
        renewals: renewal,
        served: gateway.served.clone(),
        ledger: gateway.ledger.clone(),
        envoys,
    };
    let facts = Facts {
        ground: facts,
        settings: config.file,
        default_issuer: config.settings.default_issuer.as_deref().map(Into::into),
        admin: admin_address,
        for_people,
    };
    let health = Health { standing, served: gateway.served.clone(), draining: stop.clone() };
    desks.send_replace(Some(Arc::new(Desk {
        sight: sight.clone(),
        shelf: Shelf { keep, store_namespace: config.settings.store_namespace },
        health,
        metrics,
        token: config.admin_token,
    })));
    tokio::spawn(greeting::greet(sight, facts));

    signals.next().await;
    stop.cancel();
    tokio::select! {
        () = part(gateway, config.drain_limit, parting) => {}
        () = signals.next() => warn!("asked again: not waiting for open requests"),
    }
    Ok(())
}

/// Ends politely: requests in flight, and whatever the stages have to finish.
async fn part(gateway: Gateway, limit: Duration, stages: Vec<JoinHandle<()>>) {
    let finished = async {
        for stage in stages {
            // What went wrong in it is in the log.
            let _ = stage.await;
        }
    };
    let (cut, _) = tokio::join!(gateway.drain(limit), timeout(limit, finished));
    info!(cut, "drained");
}

/// Runs one stage. Should it end before it is told to, that is a bug: what is served stays, which
/// is better than nothing, and the log says so.
fn stage(
    name: &'static str,
    stop: &CancellationToken,
    run: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
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
    })
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

fn gateway_options(
    config: &Config,
    ticket_keys: Option<watch::Receiver<Arc<TicketKeys>>>,
) -> GatewayOptions {
    GatewayOptions {
        access_log: match config.access_log {
            AccessLogFormat::Off => None,
            AccessLogFormat::Text => Some(serve::AccessLogFormat::Text),
            AccessLogFormat::Json => Some(serve::AccessLogFormat::Json),
        },
        ticket_keys,
        ..GatewayOptions::default()
    }
}
