//! World in, Model and verdicts out: a pure function of (World, settings, memory, now). No
//! clock, no network, no async.
//!
//! The rooms, in order: a *dialect* turns objects into claims on
//! listeners; a merge settles who gets an address and port; the binder chooses what
//! each listener holds; then the Model is put together.

mod alb;
mod aws;
mod certificates;
pub mod claim;
mod conflict;
mod dialect;
mod elb;
mod ingress;
mod issuers;
mod istio;
mod listeners;
pub mod memory;
mod named;
mod route;
mod service;
pub mod settings;
mod verdicts;
pub mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use model::{
    CHALLENGES_SECRET, Challenges, Listener, ListenerKey, LoadBalancer, Model, ObjectRef, Protocol,
    Verdict,
};

pub use memory::Memory;
pub use named::{SecretHomes, named_secrets};
pub use settings::Settings;
pub use world::World;

use crate::{
    certificates::Binder, claim::LoadBalancerClaim, dialect::Claims, issuers::Issuers,
    listeners::Builder,
};

/// What one snapshot of the World comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Translation {
    pub model: Model,
    /// One or more for each object that asks for something, sorted by object.
    pub verdicts: Vec<Verdict>,
    /// What the next translation must remember of this one.
    pub memory: Memory,
    /// When time alone changes the answer next: a certificate expires, begins, or enters its
    /// warning time.
    pub next_change: Option<Timestamp>,
}

/// Translates one World after the other and spares itself work that it has done before. Every
/// answer is the one that [`translate`] would give.
#[derive(Debug, Default)]
pub struct Translator {
    memo: dialect::Memo,
    /// The listeners of the last Model: what is equal is handed out again.
    listeners: BTreeMap<ListenerKey, Arc<Listener>>,
}

/// Translates one World from nothing.
pub fn translate(
    world: &World,
    settings: &Settings,
    memory: &Memory,
    now: Timestamp,
) -> Translation {
    Translator::default().translate(world, settings, memory, now)
}

impl Translator {
    pub fn translate(
        &mut self,
        world: &World,
        settings: &Settings,
        memory: &Memory,
        now: Timestamp,
    ) -> Translation {
        let claims = dialect::claims(world, settings, memory, &mut self.memo);
        self.settle(claims, world, settings, memory, now)
    }

    /// From claims to the Model.
    fn settle(
        &mut self,
        mut claims: Claims,
        world: &World,
        settings: &Settings,
        memory: &Memory,
        now: Timestamp,
    ) -> Translation {
        let mut verdicts = world.faults.clone();
        verdicts.append(&mut claims.verdicts);
        let (issuers, on_issuers) = Issuers::of(world, settings);
        verdicts.extend(on_issuers);
        let mut wanted = claims.load_balancers;
        wanted.retain(|claim| settings.only.as_ref().is_none_or(|only| only.contains(&claim.name)));
        let rank =
            |claim: &'_ LoadBalancerClaim| (claim.name.clone(), claim.declared_by.age.clone());
        wanted.sort_by_cached_key(rank);
        verdicts.extend(conflict::settle(&mut wanted, settings));

        let keys = keys_of(&mut wanted);
        let mut binder = Binder::new(world, settings, &issuers, memory, now);
        let mut builder = Builder { before: &self.listeners, settings, binder: &mut binder };
        let mut load_balancers = Vec::with_capacity(wanted.len());
        for (claim, keys) in wanted.iter().zip(&keys) {
            let part = LoadBalancer {
                name: claim.name.clone(),
                dialect: claim.dialect,
                declared_by: claim.declared_by.object.clone(),
                members: claim.members.clone(),
                read_only: world.console.is_read_only(&claim.name),
                listeners: builder.listeners(claim, keys),
            };
            join(&mut load_balancers, part);
        }
        for claim in &mut claims.attachments {
            let is_ours =
                |name: &Arc<str>| settings.only.as_ref().is_none_or(|only| only.contains(name));
            claim.members.retain(|member| is_ours(&member.balancer));
        }
        let attachments = claims.attachments.iter().filter_map(|claim| binder.attach(claim));
        let attachments = attachments.map(Arc::new).collect();
        let outcome = binder.finish();
        verdicts.extend(outcome.verdicts);
        let model = Model {
            load_balancers,
            wants: outcome.wants,
            attachments,
            issuers: issuers.all(),
            challenges: challenges(world, settings),
        };
        self.listeners =
            model.listeners().map(|listener| (listener.key.clone(), listener.clone())).collect();
        Translation {
            model,
            verdicts: verdicts::complete(verdicts, &claims.objects),
            memory: Memory { listeners: claims.listeners, elb: claims.elb, ..outcome.memory },
            next_change: outcome.next_change,
        }
    }
}

/// What issuers have opened.
fn challenges(world: &World, settings: &Settings) -> Arc<Challenges> {
    let key =
        world::Key { namespace: settings.store_namespace.clone(), name: CHALLENGES_SECRET.into() };
    let entries = world.secrets.get(&key).and_then(|secret| secret.body.credentials.as_ref());
    entries.map(|entries| Arc::new(Challenges::read(entries))).unwrap_or_default()
}

/// Several objects may declare parts of one load balancer; it is then called the oldest's.
fn join(load_balancers: &mut Vec<LoadBalancer>, part: LoadBalancer) {
    let Some(whole) = load_balancers.last_mut().filter(|whole| whole.name == part.name) else {
        load_balancers.push(part);
        return;
    };
    let members: BTreeSet<&ObjectRef> = whole.members.iter().chain(&*part.members).collect();
    whole.members = members.into_iter().cloned().collect();
    whole.listeners.extend(part.listeners);
    whole.listeners.sort_by_key(|listener| (listener.key.port, listener.key.quic));
}

/// The identities of all listeners, once these are in order: by port, QUIC last.
fn keys_of(claims: &mut [LoadBalancerClaim]) -> Vec<Vec<ListenerKey>> {
    let sorted = claims.iter_mut().map(|claim| {
        claim
            .listeners
            .sort_by_key(|listener| (listener.port, listener.protocol == Protocol::Quic));
        claim.listeners.iter().map(|listener| conflict::key_of(&claim.name, listener)).collect()
    });
    sorted.collect()
}

#[cfg(test)]
mod tests;
