//! The objects as they were last seen, each read once; and the World made of them.
//!
//! Objects go in one by one and keep their pointer while nothing of them changes that matters.
//! What cannot be read stays as it was, with a verdict.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use model::{ObjectRef, Verdict};
use report::{Live, LiveObject};
use serde_json::Value;
use translate::world::{Key, World};
use watch::read::{self, AnyObject, Context, FIRST_SEQUENCE, Kind, Unread};

use super::raw::Raw;
use crate::reporter::REPORTED;

#[derive(Debug)]
pub(super) struct Shelf {
    context: Context,
    /// Its Secrets may claim one id twice; that is settled in what is published.
    objects: World,
    known: HashMap<(Kind, Key), Known>,
    faults: BTreeMap<(Kind, Key), Vec<Verdict>>,
    live: Live,
    /// The Service in front of the gateway.
    gateway: Option<Key>,
    news: News,
}

/// What changed since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) objects: bool,
    /// Objects that may name Secrets.
    pub(super) naming: bool,
    pub(super) live: bool,
}

#[derive(Debug)]
struct Known {
    digest: u64,
    /// The watch that it came by.
    from: usize,
}

impl Shelf {
    pub(super) fn new(store_namespace: Arc<str>, gateway: Option<Key>) -> Self {
        Self {
            context: Context::new(store_namespace),
            objects: World::default(),
            known: HashMap::new(),
            faults: BTreeMap::new(),
            live: Live::default(),
            gateway,
            news: News::default(),
        }
    }

    /// Where Issuers name Secrets.
    pub(super) fn store_namespace(&self) -> &Arc<str> {
        &self.context.store_namespace
    }

    /// Takes in an object that the watch `from` saw, and says its name if it has one.
    pub(super) fn put(&mut self, kind: Kind, from: usize, mut raw: Raw) -> Option<Key> {
        let is_gateway = kind == Kind::Service && raw.key() == self.gateway;
        let addresses = if is_gateway { raw.addresses() } else { None };
        let unread = Unread::new(kind, std::mem::take(&mut raw.map), None, &self.context)?;
        let key = unread.key().clone();
        if REPORTED.contains(&kind) {
            self.show(unread.reference(), raw.live(unread.digest()));
        }
        if is_gateway {
            self.set_addresses(addresses);
        }
        let known = Known { digest: unread.digest(), from };
        let before = self.known.insert((kind, key.clone()), known);
        if before.is_none_or(|before| before.digest != unread.digest()) {
            self.read(kind, &key, unread);
        }
        Some(key)
    }

    fn read(&mut self, kind: Kind, key: &Key, unread: Unread) {
        let read = unread.read(&self.context);
        let mut faults = read.warnings;
        match read.object {
            Ok(mut object) => {
                // One number for all: replicas see objects in different orders, and must agree
                // on which of two is older.
                object.admit(&self.objects, Timestamp::now(), &mut { FIRST_SEQUENCE });
                object.replace_in(&mut self.objects);
            }
            Err(mut verdict) => {
                if AnyObject::find(&self.objects, kind, key).is_some() {
                    verdict.message += "; what it said before stays";
                }
                faults.push(verdict);
            }
        }
        match faults.is_empty() {
            true => self.faults.remove(&(kind, key.clone())),
            false => self.faults.insert((kind, key.clone()), faults),
        };
        self.changed(kind);
    }

    /// Drops an object, unless another watch has brought it since. True if it was there.
    pub(super) fn remove(&mut self, kind: Kind, from: usize, key: &Key) -> bool {
        let place = (kind, key.clone());
        if self.known.get(&place).is_none_or(|known| known.from != from) {
            return false;
        }
        self.known.remove(&place);
        self.faults.remove(&place);
        AnyObject::remove(&mut self.objects, kind, key);
        self.changed(kind);
        if REPORTED.contains(&kind) {
            self.news.live |= self.live.objects.remove(&reference(kind, key)).is_some();
        }
        if kind == Kind::Service && self.gateway.as_ref() == Some(key) {
            self.set_addresses(None);
        }
        true
    }

    /// Drops the objects of one watch that are not among `stay`, and says which.
    pub(super) fn keep(&mut self, from: usize, stay: impl Fn(&Key) -> bool) -> Vec<Key> {
        let gone = self.known.iter().filter(|((_, key), known)| known.from == from && !stay(key));
        let gone: Vec<_> = gone.map(|(place, _)| place.clone()).collect();
        gone.into_iter()
            .map(|(kind, key)| {
                self.remove(kind, from, &key);
                key
            })
            .collect()
    }

    /// The watch that an object came by.
    pub(super) fn source_of(&self, kind: Kind, key: &Key) -> Option<usize> {
        self.known.get(&(kind, key.clone())).map(|known| known.from)
    }

    /// The objects alone, for what they name.
    pub(super) fn objects(&self) -> &World {
        &self.objects
    }

    pub(super) fn news(&self) -> News {
        self.news
    }

    /// What changed since the last call.
    pub(super) fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    pub(super) fn has_news(&self) -> bool {
        self.news != News::default()
    }

    pub(super) fn live(&self) -> &Live {
        &self.live
    }

    /// The next World, with `faults` besides those of the objects. The generation is that of
    /// `published`, and one more if objects changed.
    pub(super) fn world(&self, published: &World, faults: impl Iterator<Item = Verdict>) -> World {
        let mut world = self.objects.clone();
        world.console = published.console.clone();
        world.generation = published.generation;
        world.faults = faults.chain(self.faults.values().flatten().cloned()).collect();
        let mut stored: Vec<_> = self
            .objects
            .secrets
            .iter()
            .filter(|(_, secret)| secret.body.store_id.is_some())
            .map(|(key, secret)| (secret.created, key.clone()))
            .collect();
        stored.sort();
        let stored = stored.into_iter().map(|(_, key)| key).collect();
        read::settle_store_ids(&mut world, stored, published);
        if read::differ(published, &world).objects || world.generation == 0 {
            world.generation += 1;
        }
        world
    }

    fn changed(&mut self, kind: Kind) {
        self.news.objects = true;
        self.news.naming |=
            matches!(kind, Kind::Ingress | Kind::AlbConfig | Kind::Gateway | Kind::Issuer);
    }

    fn show(&mut self, reference: ObjectRef, object: LiveObject) {
        if self.live.objects.get(&reference).is_none_or(|before| **before != object) {
            self.live.objects.insert(reference, Arc::new(object));
            self.news.live = true;
        }
    }

    fn set_addresses(&mut self, addresses: Option<Value>) {
        if self.live.gateway.as_deref() != addresses.as_ref() {
            self.live.gateway = addresses.map(Arc::new);
            self.news.live = true;
        }
    }
}

fn reference(kind: Kind, key: &Key) -> ObjectRef {
    let namespace = kind.is_namespaced().then(|| key.namespace.clone());
    ObjectRef { kind: kind.shared(), namespace, name: key.name.clone() }
}

#[cfg(test)]
mod tests;
