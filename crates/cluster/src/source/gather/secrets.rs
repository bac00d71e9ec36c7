//! Which Secrets are asked for one by one, as some object names them, and what that came to.

use kube::Error;
use tokio::time::Instant;
use translate::{SecretHomes, named_secrets, world::Key};
use watch::read::Kind;

use super::Gather;
use crate::source::{
    fetch::{Outcome, Unknown},
    raw::Raw,
    trouble::Trouble,
    watches::{Part, Watch},
};

impl Gather {
    /// The next Secret to ask for.
    pub(in crate::source) fn next_fetch(&mut self) -> Option<Key> {
        self.fetch.next()
    }

    /// Takes in what asking for a Secret came to; `None` if there is no such Secret.
    pub(in crate::source) fn fetched(
        &mut self,
        key: &Key,
        answer: Result<Option<Raw>, Error>,
        now: Instant,
    ) {
        let Some(number) = self.names_watch(key) else { return };
        let from = self.shelf.source_of(Kind::Secret, key);
        let is_watched = from.is_some_and(|from| from != number);
        match answer {
            Ok(Some(raw)) => {
                self.refused_fetch = None;
                let version = raw.resource_version().to_owned();
                if self.fetch.done(key, Outcome::Found { version }) && !is_watched {
                    self.shelf.put(Kind::Secret, number, raw);
                    // Its name may have come by before it was there to be kept.
                    self.standings[number].see(key.clone());
                }
            }
            Ok(None) => {
                self.refused_fetch = None;
                if self.fetch.done(key, Outcome::Missing) {
                    self.shelf.remove(Kind::Secret, number, key);
                }
            }
            Err(error) => {
                let outcome = match Trouble::of_call(&error, "get") {
                    Trouble::Denied { verb, says } => {
                        let watch = &self.standings[number].watch;
                        self.refused_fetch = Some(watch.refused(verb, &says));
                        Outcome::Refused
                    }
                    _ => Outcome::Failed,
                };
                self.fetch.done(key, outcome);
            }
        }
        if self.fetch.has_failed() && self.retry.is_none() {
            self.retry = Some(now + self.again);
        }
        self.settle.changed(now);
    }

    /// The watch that brings the names of a Secret's namespace, if any does.
    fn names_watch(&self, key: &Key) -> Option<usize> {
        let is_it = |watch: &Watch| watch.part == Part::Names && watch.covers(&key.namespace);
        self.watches().find(|(_, watch)| is_it(watch)).map(|(number, _)| number)
    }

    pub(super) fn name_secrets(&mut self, unknown: Unknown) {
        let homes =
            SecretHomes { store: self.shelf.store_namespace(), gateway: &self.gateway_namespace };
        let mut named = named_secrets(self.shelf.objects(), &homes);
        named.retain(|key| self.names_watch(key).is_some());
        let is_watched = |key: &Key| {
            let from = self.shelf.source_of(Kind::Secret, key);
            from.is_some_and(|from| self.standings[from].watch.part != Part::Names)
        };
        for key in self.fetch.name(named, unknown, is_watched) {
            if let Some(number) = self.names_watch(&key) {
                self.shelf.remove(Kind::Secret, number, &key);
            }
        }
    }

    /// There is no Secret to wait for. The first World waits for those too that could not be had
    /// yet: it replaces what was served before a restart.
    pub(super) fn has_secrets(&self) -> bool {
        match self.is_started {
            true => self.fetch.is_idle(),
            false => self.fetch.is_settled(),
        }
    }
}
