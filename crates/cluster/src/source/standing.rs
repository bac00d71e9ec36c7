//! How far one watch has come.

use std::collections::HashSet;

use translate::world::Key;

use super::{trouble::Trouble, watches::Watch};

/// A kind that was there counts as taken away only when it is missed this often in a row: an API
/// server that starts may not know it yet.
const MISSES: u32 = 2;

/// And a first look counts as refused only when it is so this often: an API server that starts
/// knows no Role yet, and a World without, say, all Secrets must not replace the last good one.
const REFUSALS: u32 = 2;

#[derive(Debug)]
pub(super) struct Standing {
    pub(super) watch: Watch,
    /// There was a complete list once.
    is_listed: bool,
    /// What the list that is on its way has brought.
    seen: Option<HashSet<Key>>,
    trouble: Option<Trouble>,
    misses: u32,
    /// In a row.
    refusals: u32,
}

impl Standing {
    pub(super) fn new(watch: Watch) -> Self {
        Self { watch, is_listed: false, seen: None, trouble: None, misses: 0, refusals: 0 }
    }

    /// There is no more to wait for: a list came, or none can come.
    pub(super) fn is_ready(&self) -> bool {
        let is_hopeless = match self.trouble {
            Some(Trouble::Absent) => true,
            Some(Trouble::Denied { .. }) => self.refusals >= REFUSALS,
            _ => false,
        };
        self.is_listed || is_hopeless
    }

    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    pub(super) fn list_begins(&mut self) {
        self.seen = Some(HashSet::new());
    }

    /// The list that is on its way, if one is, has brought this.
    pub(super) fn see(&mut self, key: Key) {
        if let Some(seen) = &mut self.seen {
            seen.insert(key);
        }
    }

    /// All that there is.
    pub(super) fn list_ends(&mut self) -> HashSet<Key> {
        self.is_listed = true;
        self.misses = 0;
        self.seen.take().unwrap_or_default()
    }

    /// The API server accepted a request; true if that is news.
    pub(super) fn answered(&mut self) -> bool {
        self.trouble.take().is_some()
    }

    /// True if the trouble is news, or ends the wait.
    pub(super) fn fails(&mut self, trouble: Trouble) -> bool {
        let was_ready = self.is_ready();
        match trouble {
            Trouble::Cut => return false,
            Trouble::Absent => self.misses += 1,
            Trouble::Denied { .. } | Trouble::Away(_) => self.misses = 0,
        }
        self.refusals = match trouble {
            Trouble::Denied { .. } => self.refusals + 1,
            _ => 0,
        };
        let is_news = self.trouble.as_ref() != Some(&trouble);
        self.trouble = Some(trouble);
        is_news || self.is_ready() != was_ready
    }

    /// The kind is gone, and its objects with it.
    pub(super) fn is_gone(&self) -> bool {
        self.misses >= MISSES
    }
}

#[cfg(test)]
mod tests;
