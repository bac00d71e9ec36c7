//! From what the watches say to what is published: all decisions of the source, as a pure account
//! of notices and the time.

mod notices;
mod secrets;
mod told;

use std::{sync::Arc, time::Duration};

use model::Verdict;
use report::Live;
use tokio::time::Instant;
use translate::world::{Console, World};

use super::{
    SourceOptions,
    fetch::{Fetch, Unknown},
    settle::Settle,
    shelf::Shelf,
    standing::Standing,
    watches::{self, Part, Watch},
};

/// A World that names new Secrets waits this long for them at most; the first one longer.
const HOLD: Duration = Duration::from_secs(2);
const FIRST_HOLD: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Gather {
    standings: Vec<Standing>,
    shelf: Shelf,
    gateway_namespace: Arc<str>,
    fetch: Fetch,
    settle: Settle,
    /// Which Secrets are named may have changed.
    is_naming: bool,
    /// The names of Secrets are watched.
    has_names: bool,
    /// Until when a World waits for Secrets.
    hold: Option<Instant>,
    /// When to ask again for Secrets that could not be fetched.
    retry: Option<Instant>,
    again: Duration,
    refused_fetch: Option<Verdict>,
    published: Arc<World>,
    is_started: bool,
    has_sync_news: bool,
}

/// What is new; `None` where nothing is.
#[derive(Debug, Default)]
pub(super) struct Publication {
    pub(super) live: Option<Arc<Live>>,
    pub(super) world: Option<Arc<World>>,
}

impl Gather {
    pub(super) fn new(options: &SourceOptions) -> Self {
        let store = &options.store_namespace;
        let watches = watches::watches(store, options.secret_namespaces.as_ref());
        Self {
            standings: watches.into_iter().map(Standing::new).collect(),
            shelf: Shelf::new(store.clone(), options.gateway_service.clone()),
            gateway_namespace: options.gateway_namespace.clone(),
            fetch: Fetch::default(),
            settle: Settle::default(),
            is_naming: false,
            has_names: false,
            hold: None,
            retry: None,
            again: options.pace.again,
            refused_fetch: None,
            published: Arc::default(),
            is_started: false,
            has_sync_news: true,
        }
    }

    /// Numbered as notices are.
    fn watches(&self) -> impl Iterator<Item = (usize, &Watch)> {
        self.standings.iter().map(|standing| &standing.watch).enumerate()
    }

    /// The watches to begin with.
    pub(super) fn whole(&self) -> Vec<(usize, Watch)> {
        let whole = self.watches().filter(|(_, watch)| watch.part != Part::Names);
        whole.map(|(number, watch)| (number, watch.clone())).collect()
    }

    /// The watches of names, once, when all others have brought what they can: the first list of
    /// names then tells which of the Secrets that are named exist, and only these are asked for.
    pub(super) fn names(&mut self) -> Vec<(usize, Watch)> {
        let is_names = |standing: &&Standing| standing.watch.part == Part::Names;
        let others_are_ready =
            || self.standings.iter().all(|standing| is_names(&standing) || standing.is_ready());
        if self.has_names || !others_are_ready() {
            return Vec::new();
        }
        self.has_names = true;
        self.name_secrets(Unknown::Missing);
        let names = self.watches().filter(|(_, watch)| watch.part == Part::Names);
        names.map(|(number, watch)| (number, watch.clone())).collect()
    }

    /// Takes over what the console changed, and gives the World with it, if that is news.
    pub(super) fn set_console(&mut self, console: &Console) -> Option<Arc<World>> {
        if self.published.console == *console {
            return None;
        }
        let mut world = World::clone(&self.published);
        world.console = console.clone();
        self.published = Arc::new(world);
        self.is_started.then(|| self.published.clone())
    }

    /// When [`Gather::publish`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        let settled = match self.hold {
            _ if !self.is_ready() => None,
            Some(hold) if !self.has_secrets() => Some(hold),
            _ => self.settle.due(),
        };
        settled.into_iter().chain(self.retry).min()
    }

    /// Puts the World together if a burst of changes is over and nothing has to be waited for.
    pub(super) fn publish(&mut self, now: Instant) -> Publication {
        if self.retry.is_some_and(|retry| retry <= now) {
            self.retry = None;
            self.fetch.retry();
        }
        if !self.is_ready() || self.settle.due().is_none_or(|due| due > now) {
            return Publication::default();
        }
        let news = self.shelf.news();
        if std::mem::take(&mut self.is_naming) || news.naming {
            self.name_secrets(Unknown::AskedFor);
        }
        if !self.has_secrets() {
            let longest = if self.is_started { HOLD } else { FIRST_HOLD };
            if now < *self.hold.get_or_insert(now + longest) {
                return Publication::default();
            }
        }
        self.hold = None;
        self.settle = Settle::default();
        let news = self.shelf.take_news();
        let is_first = !std::mem::replace(&mut self.is_started, true);
        self.has_sync_news |= is_first;
        let live = (news.live || is_first).then(|| Arc::new(self.shelf.live().clone()));
        let world = self.shelf.world(&self.published, self.faults());
        let is_new = is_first || watch::read::differ(&self.published, &world).any;
        let world = is_new.then(|| {
            self.published = Arc::new(world);
            self.published.clone()
        });
        Publication { live, world }
    }

    /// Before the first World, all that can come must have come.
    fn is_ready(&self) -> bool {
        self.is_started || self.standings.iter().all(Standing::is_ready)
    }
}

#[cfg(test)]
mod tests;
