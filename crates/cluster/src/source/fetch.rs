//! Which Secrets to fetch one by one: those that an object names and no watch brings whole. A
//! pure account of what is wanted, asked for, in hand and known to be missing.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use translate::world::Key;

#[derive(Debug, Default)]
pub(super) struct Fetch {
    named: BTreeSet<Key>,
    queue: VecDeque<Key>,
    /// Asked for, and whether something happened to it since.
    asked: HashMap<Key, bool>,
    /// With the version that was fetched.
    in_hand: HashMap<Key, String>,
    missing: HashSet<Key>,
    /// To be asked for again, some time after that failed.
    failed: HashSet<Key>,
    /// The same, refused by RBAC: a World does not wait for these.
    refused: HashSet<Key>,
}

/// What to think of a named Secret that nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// It must be asked for.
    AskedFor,
    /// It is missing: a list of all names is about to begin, and would bring it up.
    Missing,
}

/// What asking for a Secret came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Found { version: String },
    Missing,
    Failed,
    Refused,
}

impl Fetch {
    /// Takes over which Secrets are named, as far as these can be seen at all, and returns those
    /// in hand that no longer are. `is_watched` are those that a watch brings.
    pub(super) fn name(
        &mut self,
        named: BTreeSet<Key>,
        unknown: Unknown,
        is_watched: impl Fn(&Key) -> bool,
    ) -> Vec<Key> {
        self.named = named;
        let named = &self.named;
        self.queue.retain(|key| named.contains(key));
        self.missing.retain(|key| named.contains(key));
        self.failed.retain(|key| named.contains(key));
        self.refused.retain(|key| named.contains(key));
        let dropped = self.in_hand.extract_if(|key, _| !named.contains(key));
        let dropped = dropped.map(|(key, _)| key).collect();
        for key in named {
            let is_settled = self.in_hand.contains_key(key)
                || self.missing.contains(key)
                || self.failed.contains(key)
                || self.refused.contains(key)
                || self.asked.contains_key(key)
                || self.queue.contains(key)
                || is_watched(key);
            match unknown {
                _ if is_settled => {}
                Unknown::AskedFor => self.queue.push_back(key.clone()),
                Unknown::Missing => drop(self.missing.insert(key.clone())),
            }
        }
        dropped
    }

    /// A Secret is there, in this version.
    pub(super) fn seen(&mut self, key: &Key, version: &str) {
        if !self.named.contains(key) || self.in_hand.get(key).is_some_and(|had| had == version) {
            return;
        }
        self.missing.remove(key);
        self.failed.remove(key);
        self.refused.remove(key);
        match self.asked.get_mut(key) {
            Some(again) => *again = true,
            None if self.queue.contains(key) => {}
            None => self.queue.push_back(key.clone()),
        }
    }

    /// A Secret was deleted.
    pub(super) fn gone(&mut self, key: &Key) {
        self.in_hand.remove(key);
        if self.named.contains(key) {
            self.missing.insert(key.clone());
        }
        if let Some(again) = self.asked.get_mut(key) {
            *again = true;
        }
    }

    /// The watch that brought a Secret whole does so no longer: perhaps it is still there.
    pub(super) fn forget(&mut self, key: &Key) {
        self.in_hand.remove(key);
        self.missing.remove(key);
    }

    /// The next to ask for.
    pub(super) fn next(&mut self) -> Option<Key> {
        let key = self.queue.pop_front()?;
        self.asked.insert(key.clone(), false);
        Some(key)
    }

    /// Takes the outcome in, and says whether it still matters.
    pub(super) fn done(&mut self, key: &Key, outcome: Outcome) -> bool {
        let again = self.asked.remove(key).unwrap_or_default();
        if !self.named.contains(key) {
            return false;
        }
        if again {
            self.queue.push_back(key.clone());
        }
        match outcome {
            Outcome::Found { version } => {
                self.in_hand.insert(key.clone(), version);
            }
            Outcome::Missing => {
                self.in_hand.remove(key);
                self.missing.insert(key.clone());
            }
            Outcome::Failed | Outcome::Refused if again => {}
            Outcome::Failed => {
                self.failed.insert(key.clone());
            }
            Outcome::Refused => {
                self.refused.insert(key.clone());
            }
        }
        true
    }

    /// Some could not be had, and are to be asked for again.
    pub(super) fn has_failed(&self) -> bool {
        !self.failed.is_empty() || !self.refused.is_empty()
    }

    /// Asks for all again for which that failed.
    pub(super) fn retry(&mut self) {
        self.queue.extend(self.failed.drain().chain(self.refused.drain()));
    }

    /// A list of all names begins. What was asked for before may be older than the list, so its
    /// answer proves nothing.
    pub(super) fn list_begins(&mut self) {
        self.asked.values_mut().for_each(|again| *again = true);
    }

    /// Every Secret that is named is in hand, missing or refused.
    pub(super) fn is_settled(&self) -> bool {
        self.is_idle() && self.failed.is_empty()
    }

    /// Nothing is asked for or waits to be.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests;
