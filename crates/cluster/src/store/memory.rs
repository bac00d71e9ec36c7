//! What the translation remembers, shared by all replicas: the leader writes it, the others take
//! it over, so that all serve the same, and a new leader goes on where the last one ended.

use std::sync::Arc;

use ::watch::state::MemoryTexts;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use model::CertificateId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use translate::Memory;
use zeroize::Zeroizing;

use super::{
    FIELD_MANAGER,
    sealed::Sealed,
    watched::{Watched, follow},
};
use crate::{
    call::{self, By, CallError, Subject, Verb},
    lease::Term,
};

pub(super) const NAME: &str = "doorward-memory";
const TYPE: &str = "doorward.dev/memory";

/// The most bytes of content. Kubernetes allows 1 MiB (`MaxSecretSize`); the rest is for names.
const ROOM: usize = 1_000_000;
/// Certificates that do not fit and are named in the log.
const NAMED: usize = 10;

/// The Secret of the translation's memory.
pub struct SharedMemory {
    api: Api<Secret>,
    subject: Subject,
    memory: Watched<Option<Arc<Memory>>>,
    is_kept: watch::Sender<bool>,
}

impl SharedMemory {
    pub fn new(client: Client, store_namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, store_namespace),
            subject: Subject::of::<Secret>(store_namespace, NAME),
            memory: Watched::new(None),
            is_kept: watch::Sender::new(false),
        }
    }

    /// `None` until it is [`known`](Self::known), or as long as nothing was saved.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Memory>>> {
        self.memory.subscribe()
    }

    /// Whether the Secret is there and can be read. Should somebody delete or break it, the leader
    /// has to save again, although it remembers nothing new.
    pub fn is_kept(&self) -> watch::Receiver<bool> {
        self.is_kept.subscribe()
    }

    /// Waits until the API server has said what was saved, or that nobody may know.
    pub async fn known(&self) {
        self.memory.known().await;
    }

    /// What was saved, asked for once.
    pub async fn load(&self) -> Result<Option<Memory>, CallError> {
        let found = call::read(Verb::Get, &self.subject, self.api.get_opt(NAME)).await?;
        Ok(found.and_then(|secret| self.read(&Sealed::from(secret))))
    }

    /// Follows the Secret. Whatever cannot be read of it is lost with a log line; should it be
    /// deleted, what was known stays until the leader saves again.
    pub async fn run(&self, cancel: CancellationToken) {
        let take = |secret: Option<Secret>| {
            let memory = secret.and_then(|secret| self.read(&Sealed::from(secret)));
            let is_kept = memory.is_some();
            let known = self.memory.subscribe().borrow().clone();
            self.memory.set(memory.map(Arc::new).or(known));
            self.is_kept.send_if_modified(|was_kept| {
                if *was_kept && !is_kept {
                    warn!("{} is gone or broken: the leader saves it anew", self.subject);
                }
                std::mem::replace(was_kept, is_kept) != is_kept
            });
        };
        let refused = || self.memory.give_up();
        follow(self.api.clone(), &self.subject, take, refused, cancel).await;
    }

    fn read(&self, secret: &Sealed) -> Option<Memory> {
        let text = |name: &str| secret.text(name).ok_or_else(|| "it is missing".to_owned());
        let held_over = |name: &str| text(name).map(|text| Zeroizing::new(text.to_owned()));
        let read = text(MemoryTexts::INDEX).and_then(|index| MemoryTexts::read(index, held_over));
        match read {
            Ok((memory, lost)) => {
                for (name, why) in lost {
                    warn!("{}: data[{name:?}] cannot be read: {why}; it is lost", self.subject);
                }
                Some(memory)
            }
            Err(why) => {
                let index = MemoryTexts::INDEX;
                warn!("{}: data[{index:?}] cannot be read: {why}", self.subject);
                None
            }
        }
    }

    /// Saves what other replicas and a restart need. Returns the held-over certificates that a
    /// Secret has no room for: another replica would not serve them.
    pub async fn save(
        &self,
        term: &Term,
        memory: &Memory,
    ) -> Result<Vec<CertificateId>, CallError> {
        let Fitting { texts: data, left_out, lacks_elb } = fitting(memory, ROOM);
        let metadata = super::own_metadata(self.subject.namespace(), NAME);
        let data = data.iter().map(|(name, text)| (name.as_str(), text.as_bytes().to_vec()));
        let sealed = Sealed::new(metadata, TYPE, data);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let patch = Patch::Apply(&sealed);
        let applied = self.api.patch_metadata(NAME, &params, &patch);
        call::write(By::Leader(term), Verb::Patch, &self.subject, applied).await?;
        if lacks_elb {
            warn!(
                objects = memory.elb.len(),
                "{} has no room for what annotations of CCE objects were good last: a replica that starts does not know them",
                self.subject
            );
        }
        if !left_out.is_empty() {
            let named: Vec<_> = left_out.iter().take(NAMED).map(CertificateId::as_str).collect();
            warn!(
                certificates = left_out.len(),
                first = named.join(", "),
                "{} has no room for certificates whose object is gone: only this replica serves them; restore their Secrets",
                self.subject
            );
        }
        Ok(left_out)
    }
}

type Texts = Vec<(String, Zeroizing<String>)>;

/// As much as there is room for.
struct Fitting {
    texts: Texts,
    /// The certificates that do not fit.
    left_out: Vec<CertificateId>,
    /// Thousands of objects of the dialect `elb` alone would fill the Secret.
    lacks_elb: bool,
}

fn fitting(memory: &Memory, room: usize) -> Fitting {
    let mut kept = Memory { bound: Default::default(), ..memory.clone() };
    let mut all = MemoryTexts::of(&kept);
    let lacks_elb = all.index.len() > room;
    if lacks_elb {
        kept.elb.clear();
        all = MemoryTexts::of(&kept);
    }
    let mut room = room.saturating_sub(all.index.len());
    let mut texts = Texts::new();
    let mut left_out = Vec::new();
    kept.held_over.retain(|id, certificate| {
        let text = MemoryTexts::held_over_text(certificate);
        let fits = text.len() <= room;
        match fits {
            true => room -= text.len(),
            false => left_out.push(id.clone()),
        }
        fits
    });
    let MemoryTexts { index, held_over } = match left_out.is_empty() {
        true => all,
        false => MemoryTexts::of(&kept),
    };
    let held_over = held_over.iter();
    texts.extend(held_over.map(|(name, one)| (name.clone(), MemoryTexts::held_over_text(one))));
    texts.push((MemoryTexts::INDEX.to_owned(), Zeroizing::new(index)));
    Fitting { texts, left_out, lacks_elb }
}

#[cfg(test)]
mod tests;
