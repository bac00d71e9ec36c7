//! What operators changed by hand, in the ConfigMap that all replicas follow.
//!
//! Any replica writes what it is asked for. Edits stand in the ConfigMap until the leader takes
//! them out, at the next reconcile; `upkeep` decides when that is. `text` is the form of the
//! ConfigMap, which people may edit.

mod text;
mod upkeep;

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use model::{CertificateId, ListenerKey};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use translate::{
    World,
    world::{Console, ConsoleEdit},
};

use self::upkeep::Upkeep;
use super::{
    RETRY,
    watched::{Watched, follow},
};
use crate::{
    call::{self, By, CallError, Subject, Verb},
    lease::Leadership,
};

const NAME: &str = "doorward-console";

/// Worlds count their generations from 1, so a Default with this one is fresh in none of them.
const NOT_FRESH: u64 = 0;

/// Writers that met a conflict try again this often; each time another one has made its change.
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(50);

/// The ConfigMap of the console.
pub struct ConsoleMap {
    api: Api<ConfigMap>,
    subject: Subject,
    console: Watched<Console>,
}

impl ConsoleMap {
    pub fn new(client: Client, store_namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, store_namespace),
            subject: Subject::of::<ConfigMap>(store_namespace, NAME),
            console: Watched::new(Console::default()),
        }
    }

    /// Nothing was changed by hand, until it is [`known`](Self::known).
    pub fn subscribe(&self) -> watch::Receiver<Console> {
        self.console.subscribe()
    }

    /// What was changed by hand, asked for once. What cannot be read of it is left out.
    pub async fn load(&self) -> Result<Console, CallError> {
        let found = call::read(Verb::Get, &self.subject, self.api.get_opt(NAME)).await?;
        let data = found.and_then(|map| map.data).unwrap_or_default();
        Ok(text::read(&data).0)
    }

    /// Waits until the API server has said what was changed by hand, or that nobody may know.
    pub async fn known(&self) {
        self.console.known().await;
    }

    pub async fn set_read_only(&self, load_balancer: &str, enabled: bool) -> Result<(), CallError> {
        let edit = |console: &mut Console| {
            console.read_only.insert(load_balancer.into(), enabled);
        };
        self.change(By::Operator, edit).await
    }

    /// The Default is obeyed until the next reconcile, and after that while it is still wanted.
    pub async fn set_default(
        &self,
        listener: &ListenerKey,
        id: &CertificateId,
    ) -> Result<(), CallError> {
        let edit = |console: &mut Console| {
            console.defaults.insert(listener.clone(), standing(id));
        };
        self.change(By::Operator, edit).await
    }

    /// Until the next reconcile.
    pub async fn add(&self, listener: &ListenerKey, id: &CertificateId) -> Result<(), CallError> {
        let edit = |console: &mut Console| {
            forget(console.removed.get_mut(listener), id);
            remember(console.added.entry(listener.clone()).or_default(), id);
        };
        self.change(By::Operator, edit).await
    }

    /// Until the next reconcile.
    pub async fn remove(
        &self,
        listener: &ListenerKey,
        id: &CertificateId,
    ) -> Result<(), CallError> {
        let edit = |console: &mut Console| {
            forget(console.added.get_mut(listener), id);
            remember(console.removed.entry(listener.clone()).or_default(), id);
        };
        self.change(By::Operator, edit).await
    }

    /// Follows the ConfigMap; and while this replica leads, takes edits out that have had their
    /// time.
    pub async fn run(
        &self,
        worlds: watch::Receiver<Arc<World>>,
        leadership: Leadership,
        cancel: CancellationToken,
    ) {
        let mut told = Vec::new();
        let take = |map: Option<ConfigMap>| {
            let data = map.and_then(|map| map.data).unwrap_or_default();
            let (console, problems) = text::read(&data);
            for problem in problems.iter().filter(|problem| !told.contains(*problem)) {
                warn!("{}: {problem}; the rest counts", self.subject);
            }
            told = problems;
            self.console.set(console);
        };
        let following = {
            let refused = || self.console.give_up();
            follow(self.api.clone(), &self.subject, take, refused, cancel.clone())
        };
        tokio::join!(following, self.keep(worlds, leadership, cancel));
    }

    /// Every replica watches for what has had its time, so that one that becomes the leader
    /// knows; the leader takes it out.
    async fn keep(
        &self,
        mut worlds: watch::Receiver<Arc<World>>,
        mut leadership: Leadership,
        cancel: CancellationToken,
    ) {
        let mut upkeep = Upkeep::default();
        loop {
            let world = worlds.borrow_and_update().clone();
            let outlived = upkeep.outlived(&world);
            let mut is_undone = false;
            if !outlived.is_empty()
                && let Some(term) = leadership.current()
            {
                let take_out = |console: &mut Console| upkeep::take_out(console, &outlived);
                match self.change(By::Leader(&term), take_out).await {
                    Ok(()) => info!(
                        edits = outlived.len(),
                        "the objects have changed, so listeners follow them again: edits by hand are taken out"
                    ),
                    Err(error) => {
                        warn!("edits by hand stay although the objects have changed: {error}");
                        is_undone = true;
                    }
                }
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                changed = worlds.changed() => if changed.is_err() { return },
                () = leadership.changed() => {}
                () = sleep(RETRY), if is_undone => {}
            }
        }
    }

    /// Changes the ConfigMap as it is now, whoever else changes it at the same time.
    async fn change(&self, by: By<'_>, edit: impl Fn(&mut Console)) -> Result<(), CallError> {
        let mut attempt = 1;
        loop {
            match self.try_change(by, &edit).await {
                Err(error)
                    if attempt < ATTEMPTS && (error.is_conflict() || error.is_already_exists()) =>
                {
                    sleep(PAUSE * attempt).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_change(&self, by: By<'_>, edit: impl Fn(&mut Console)) -> Result<(), CallError> {
        let found = call::read(Verb::Get, &self.subject, self.api.get_opt(NAME)).await?;
        let is_new = found.is_none();
        let mut map = found.unwrap_or_else(|| ConfigMap {
            metadata: super::own_metadata(self.subject.namespace(), NAME),
            ..ConfigMap::default()
        });
        let data = map.data.get_or_insert_default();
        let (before, _) = text::read(data);
        let mut after = before.clone();
        edit(&mut after);
        if after == before {
            return Ok(());
        }
        text::write(data, &before, &after);
        let params = super::post();
        let written = match is_new {
            true => {
                let created = self.api.create(&params, &map);
                call::write(by, Verb::Create, &self.subject, created).await
            }
            false => {
                let replaced = self.api.replace(NAME, &params, &map);
                call::write(by, Verb::Update, &self.subject, replaced).await
            }
        };
        written.map(drop)
    }
}

fn standing(id: &CertificateId) -> ConsoleEdit {
    ConsoleEdit { id: id.clone(), generation: ConsoleEdit::STANDING }
}

fn remember(edits: &mut Vec<ConsoleEdit>, id: &CertificateId) {
    if !edits.iter().any(|edit| edit.id == *id) {
        edits.push(standing(id));
    }
}

fn forget(edits: Option<&mut Vec<ConsoleEdit>>, id: &CertificateId) {
    if let Some(edits) = edits {
        edits.retain(|edit| edit.id != *id);
    }
}

#[cfg(test)]
mod tests;
