//! World in, Model and verdicts out: a pure function of (World, settings, memory, now). No
//! clock, no network, no async.
//!
//! The rooms, in order: a *dialect* turns objects into claims on
//! listeners; a merge settles who gets an address and port; the binder chooses what
//! each listener holds; then the Model is put together.

mod alb;
mod certificates;
pub mod claim;
mod conflict;
mod dialect;
mod elb;
mod ingress;
mod issuers;
mod istio;
pub mod memory;
mod named;
mod route;
mod service;
pub mod settings;
mod verdicts;
pub mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use jiff::Timestamp;
use model::{
    CertificateList, Listener, ListenerKey, LoadBalancer, Model, ObjectRef, Protocol, RouteTable,
    TlsSettings, Verdict,
};

pub use memory::Memory;
pub use named::{SecretHomes, named_secrets};
pub use settings::Settings;
pub use world::World;

use crate::{
    certificates::{Ask, Beside, Binder, FailClosed},
    claim::{ListenerClaim, LoadBalancerClaim},
    dialect::Claims,
    issuers::Issuers,
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
        let mut load_balancers = Vec::with_capacity(wanted.len());
        for (claim, keys) in wanted.iter().zip(&keys) {
            let part = LoadBalancer {
                name: claim.name.clone(),
                dialect: claim.dialect,
                declared_by: claim.declared_by.object.clone(),
                members: claim.members.clone(),
                read_only: world.console.is_read_only(&claim.name),
                listeners: self.listeners(claim, keys, settings, &mut binder),
            };
            join(&mut load_balancers, part);
        }
        let outcome = binder.finish();
        verdicts.extend(outcome.verdicts);
        let model = Model { load_balancers, wants: outcome.wants, issuers: issuers.all() };
        self.listeners =
            model.listeners().map(|listener| (listener.key.clone(), listener.clone())).collect();
        Translation {
            model,
            verdicts: verdicts::complete(verdicts, &claims.objects),
            memory: Memory { listeners: claims.listeners, elb: claims.elb, ..outcome.memory },
            next_change: outcome.next_change,
        }
    }

    fn listeners<'a>(
        &self,
        claim: &'a LoadBalancerClaim,
        keys: &'a [ListenerKey],
        settings: &Settings,
        binder: &mut Binder<'a>,
    ) -> Vec<Arc<Listener>> {
        let mut listeners: Vec<Arc<Listener>> = Vec::with_capacity(keys.len());
        for (index, (listener, key)) in claim.listeners.iter().zip(keys).enumerate() {
            let beside = index.checked_sub(1).and_then(|before| {
                let (https, https_key) = (&claim.listeners[before], &keys[before]);
                let tls = https.tls.as_ref().filter(|_| key.quic && https_key.port == key.port)?;
                let default = listeners.last().filter(|built| built.key == *https_key);
                let default = default.and_then(|built| built.certificates.default_binding());
                let default = default.map(|binding| binding.id.clone());
                Some(Beside { key: https_key, listener: https, tls, default })
            });
            let bound = listener.tls.as_ref().map(|tls| {
                let (dialect, declared_by) = (claim.dialect, &claim.declared_by);
                let ask = Ask { key, dialect, declared_by, listener, tls, beside };
                let certificates = binder.bind(&ask);
                let client_auth = binder.client_auth(&ask)?;
                let tls = TlsSettings {
                    ciphers: None,
                    versions: tls.versions,
                    http2: tls.http2,
                    client_auth,
                };
                Ok::<_, FailClosed>((certificates, tls))
            });
            let Ok(bound) = bound.transpose() else { continue };
            let (certificates, tls) = bound.unzip();
            let built = Listener {
                servers: Vec::new(),
                tunnel: None,
                key: key.clone(),
                protocol: listener.protocol,
                address: SocketAddr::new(
                    settings.address_of(&claim.name),
                    settings.local_port(listener.port),
                ),
                declared_by: claim.declared_by.object.clone(),
                certificates: certificates.unwrap_or_else(CertificateList::default),
                tls,
                routes: self.routes(key, listener),
                forwarded: listener.forwarded.clone(),
                access: listener.access.clone(),
                idle_timeout: listener.idle_timeout,
                request_timeout: listener.request_timeout,
                gzip: listener.gzip,
            };
            let before = self.listeners.get(key).filter(|before| ***before == built);
            listeners.push(before.cloned().unwrap_or_else(|| Arc::new(built)));
        }
        listeners
    }

    /// The last table again, if its rules are the same; indexing them takes time.
    fn routes(&self, key: &ListenerKey, listener: &ListenerClaim) -> Arc<RouteTable> {
        let before = self.listeners.get(key).map(|before| &before.routes).filter(|routes| {
            routes.rules() == listener.rules
                && *routes.default_action() == listener.default_action
                && routes.host_choice() == listener.host_choice
        });
        before.cloned().unwrap_or_else(|| {
            let table = RouteTable::new(listener.rules.clone(), listener.default_action.clone());
            Arc::new(table.choosing(listener.host_choice))
        })
    }
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
