//! The stages of which only the leader's do anything: issuing, remembering for all, sweeping,
//! reporting.

use std::{future::pending, sync::Arc, time::Duration};

use ::watch::state::StateFolder;
use anyhow::Result;
use cluster::{
    lease::{Leadership, Term},
    reporter::{Inputs, ReportCounts, Reporter},
    source::SyncState,
    store::{
        By, IssuedSecrets, OrderSecrets, RootError, RootPair, RootSecret, SecretEntries, Secrets,
        SharedMemory,
    },
};
use issue::{Entries, Future, IssuerPlan, Keeper, KeptChallenges, Orders};
use jiff::Timestamp;
use kube::Client;
use model::{CertificateId, Model, ObjectRef};
use providers::ca::RootCertificate;
use report::{Live, Outcomes, Publish};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use translate::{Memory, World, world::Key};

use super::{address, agreeing::agree, outcomes, reminding::remind};
use crate::app::{
    attaching::{Attached, Attaching},
    ground::Flow,
    issuing::{
        self, RENEWALS,
        workshop::{self, Supply, Tools},
    },
    remembering::remember,
    stage,
    sweeping::sweep,
    tending::tend,
};

/// How long until what could not be written is tried again.
const RETRY: Duration = Duration::from_secs(5);

pub struct Leading {
    pub client: Client,
    pub leadership: Leadership,
    pub sync: watch::Receiver<SyncState>,
    /// What is served until the API server has said everything.
    pub last_good: Option<Arc<World>>,
    /// What the leader remembers, for the translation.
    pub leds: watch::Sender<Arc<Memory>>,
    pub live: watch::Receiver<Arc<Live>>,
    pub root: Arc<RootSecret>,
    pub secrets: Secrets,
    pub store_namespace: Arc<str>,
    pub memory: Arc<SharedMemory>,
    pub state: Arc<StateFolder>,
    pub publish: Publish,
    /// This replica, as Events name it.
    pub pod: Arc<str>,
    pub reports: Arc<ReportCounts>,
    /// The Service in front of the gateway.
    pub gateway: ObjectRef,
}

impl Leading {
    pub fn follow(self, flow: Flow, stop: &CancellationToken) {
        let (outcomes, outcome) = watch::channel(Arc::<Outcomes>::default());
        stage("outcomes", stop, outcomes::follow(flow.served.clone(), outcomes));
        // Every replica: what a start without the API server needs.
        stage("remember", stop, remember(flow.memories.clone(), self.state.clone()));

        let reporter = Reporter {
            client: self.client.clone(),
            leadership: self.leadership.clone(),
            inputs: Inputs {
                models: flow.models.clone(),
                verdicts: flow.verdicts.clone(),
                outcomes: outcome,
                live: self.live.clone(),
            },
            publish: self.publish.clone(),
            instance: self.pod.clone(),
            counts: self.reports.clone(),
        };
        stage("address", stop, {
            let (publish, gateway) = (self.publish.clone(), self.gateway.clone());
            let (live, leadership) = (self.live.clone(), self.leadership.clone());
            let (sync, stop) = (self.sync.clone(), stop.clone());
            async move {
                let told = async {
                    is_complete(sync).await;
                    address::tell_of_its_lack(publish, gateway, live, leadership).await;
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = told => {}
                }
            }
        });
        stage("agree", stop, {
            let shared = self.memory.subscribe();
            agree(self.leds.clone(), shared, flow.memories.clone(), self.leadership.clone())
        });
        let (mut worlds, last_good) = (flow.worlds.clone(), self.last_good.clone());
        stage("lead", stop, {
            let stop = stop.clone();
            async move {
                // Nothing is written by what the last run knew, nor by what was made of it.
                let is_caught_up = |world: &Arc<World>| {
                    last_good.as_ref().is_none_or(|last_good| !Arc::ptr_eq(world, last_good))
                };
                tokio::select! {
                    () = stop.cancelled() => return,
                    // Its sender lives as long as the process.
                    _ = worlds.wait_for(is_caught_up) => {}
                }
                tokio::join!(
                    reporter.run(stop.clone()),
                    self.remember_for_all(flow.memories, stop.clone()),
                    self.while_leading(
                        &stop,
                        |term| {
                            let (ended, secrets) = (term.ended(), self.secrets.clone());
                            let delete = move |Key { namespace, name }| {
                                let (term, secrets) = (term.clone(), secrets.clone());
                                async move {
                                    secrets.delete(By::Leader(&term), &namespace, &name).await
                                }
                            };
                            sweep(delete, flow.worlds.clone(), flow.models.clone(), ended)
                        },
                        pending
                    ),
                    self.issue(flow.models.clone(), flow.orders, flow.renewals, &stop),
                    self.while_leading(
                        &stop,
                        |term| {
                            let (client, looks) = (self.client.clone(), flow.looks.clone());
                            remind(client, term, self.pod.clone(), looks)
                        },
                        pending
                    ),
                    self.while_leading(
                        &stop,
                        |term| self.attach(flow.models.clone(), flow.attached.clone(), term),
                        pending
                    ),
                );
            }
        });
    }

    /// Runs a stage during each term of this replica, and another between them.
    async fn while_leading<S, F>(
        &self,
        stop: &CancellationToken,
        run: impl Fn(Term) -> S,
        meanwhile: impl Fn() -> F,
    ) where
        S: std::future::Future<Output = ()>,
        F: std::future::Future<Output = ()>,
    {
        let mut leadership = self.leadership.clone();
        loop {
            let follow = async {
                meanwhile().await;
                pending().await
            };
            let term = tokio::select! {
                () = stop.cancelled() => return,
                term = leadership.won() => term,
                never = follow => never,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = run(term) => {}
            }
            // A term that is over may still be the newest that is known.
            leadership.changed().await;
        }
    }

    async fn issue(
        &self,
        models: watch::Receiver<Arc<Model>>,
        orders: watch::Sender<Orders>,
        renewals: watch::Sender<Option<mpsc::Sender<CertificateId>>>,
        stop: &CancellationToken,
    ) {
        let store = Arc::new(IssuedSecrets::new(self.secrets.clone(), self.leadership.clone()));
        let lead = |term: Term| {
            let ended = term.ended();
            let root = root_in_cluster(self.root.clone(), self.leadership.clone());
            let (ask, asked) = mpsc::channel(RENEWALS);
            let renewals = renewals.clone();
            let book = OrderSecrets::new(self.client.clone(), &self.store_namespace, term);
            let entries: Arc<dyn Entries> = Arc::new(SecretEntries::new(
                self.client.clone(),
                &self.store_namespace,
                self.leadership.clone(),
            ));
            let tools = Tools {
                root,
                challenges: Arc::new(KeptChallenges::new(entries.clone(), models.clone())),
                entries,
                clock: Arc::new(Timestamp::now),
            };
            let (Supply { issuers, models }, supply) = workshop::open(tools, models.clone());
            let tended = issuers.clone();
            let keeper = Keeper {
                models,
                issuers,
                store: store.clone(),
                book: Arc::new(book),
                orders: orders.clone(),
                renewals: asked,
                clock: Arc::new(Timestamp::now),
            };
            async move {
                renewals.send_replace(Some(ask));
                // Supply ends with the others, who listen.
                tokio::join!(keeper.run(ended.clone()), tend(tended, ended), supply);
                renewals.send_replace(None);
            }
        };
        // Orders are the leader's; the others tell what can be seen of them.
        let follow = || follow_orders(models.clone(), orders.clone());
        self.while_leading(stop, lead, follow).await;
    }

    /// The others tell nothing of it.
    async fn attach(
        &self,
        models: watch::Receiver<Arc<Model>>,
        attached: watch::Sender<Attached>,
        term: Term,
    ) {
        let ended = term.ended();
        let book = OrderSecrets::new(self.client.clone(), &self.store_namespace, term);
        let (book, clock) = (Arc::new(book), Arc::new(Timestamp::now));
        let attaching = Attaching { models, book, attached: attached.clone(), clock };
        attaching.run(ended).await;
        attached.send_replace(Attached::default());
    }

    /// Saves what all replicas are to remember, whenever it changes, when a term begins, and when
    /// what was saved is lost or is something else, as by a late call of a former leader.
    async fn remember_for_all(
        &self,
        mut memories: watch::Receiver<Arc<Memory>>,
        stop: CancellationToken,
    ) {
        let (mut leadership, mut shared) = (self.leadership.clone(), self.memory.subscribe());
        let mut kept = self.memory.is_kept();
        loop {
            let mut is_unsaved = false;
            let is_kept = *kept.borrow_and_update();
            if let Some(term) = leadership.current() {
                let (memory, saved) =
                    (memories.borrow_and_update().clone(), shared.borrow_and_update().clone());
                let saved = saved.filter(|_| is_kept);
                is_unsaved = !self.save(&term, &memory, saved.as_deref()).await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = memories.changed() => if changed.is_err() { return },
                // Its sender lives as long as we do.
                _ = shared.changed() => {}
                () = leadership.changed() => {}
                // Its sender lives as long as we do.
                _ = kept.changed() => {}
                () = sleep(RETRY), if is_unsaved => {}
            }
        }
    }

    async fn save(&self, term: &Term, memory: &Memory, saved: Option<&Memory>) -> bool {
        if saved.is_some_and(|saved| !memory.differs_for_a_restart(saved)) {
            return true;
        }
        let saved = self.memory.save(term, memory).await;
        if let Err(error) = &saved {
            warn!("other replicas do not learn which Defaults stay: {error}; trying again");
        }
        saved.is_ok()
    }
}

async fn follow_orders(mut models: watch::Receiver<Arc<Model>>, orders: watch::Sender<Orders>) {
    loop {
        let model = models.borrow_and_update().clone();
        let plans = |name: &str| plan_of(&model, name);
        orders.send_replace(issue::seen(&model.wants, plans, Timestamp::now()));
        if models.changed().await.is_err() {
            return;
        }
    }
}

/// One that cannot be read is the default one; the leader tells what is wrong with it.
fn plan_of(model: &Model, name: &str) -> Option<Arc<IssuerPlan>> {
    let issuer = model.issuers.iter().find(|issuer| *issuer.name == *name)?;
    IssuerPlan::of(issuer).ok().map(Arc::new)
}

async fn is_complete(mut sync: watch::Receiver<SyncState>) {
    // Its sender lives as long as the process.
    let _ = sync.wait_for(|sync| sync.is_complete).await;
}

/// The root in the API server, made by the leader.
fn root_in_cluster(root: Arc<RootSecret>, leadership: Leadership) -> issuing::Root {
    Arc::new(move || {
        let (root, leadership) = (root.clone(), leadership.clone());
        let load = async move {
            let pair = match leadership.current() {
                Some(term) => root.load_or_make(&term, make_root).await?,
                None => anyhow::bail!("this replica is not the leader"),
            };
            let RootPair { certificate_pem, key_pem } = pair;
            Ok(RootCertificate { certificate_pem, key_pem: key_pem.to_string() })
        };
        Box::pin(load) as Future<'static, Result<RootCertificate>>
    })
}

fn make_root() -> Result<RootPair, MakeError> {
    let root = RootCertificate::make(Timestamp::now())?;
    info!("made the root of the own CA: Secret doorward-local-ca holds it");
    Ok(RootPair { certificate_pem: root.certificate_pem, key_pem: root.key_pem.into() })
}

#[derive(Debug, thiserror::Error)]
enum MakeError {
    #[error(transparent)]
    Kept(#[from] RootError),
    #[error(transparent)]
    Made(#[from] providers::ca::CaError),
}
