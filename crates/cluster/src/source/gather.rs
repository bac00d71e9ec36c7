//! From what the watches say to what is published: all decisions of the source, as a pure account
//! of notices and the time.

use std::{sync::Arc, time::Duration};

use kube::runtime::watcher::Event;
use model::Verdict;
use report::Live;
use tokio::time::Instant;
use translate::{
    SecretHomes, named_secrets,
    world::{Console, Key, World},
};
use watch::read::Kind;

use super::{
    SourceOptions, SyncState,
    fetch::{Fetch, Outcome, Unknown},
    follow::Notice,
    raw::{Mark, Raw},
    settle::Settle,
    shelf::Shelf,
    standing::Standing,
    trouble::Trouble,
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

    pub(super) fn notice(&mut self, number: usize, notice: Notice, now: Instant) {
        match notice {
            Notice::Object(event) => self.object(number, event),
            Notice::Name(event) => self.name(number, event),
            Notice::Answered => self.answered(number, now),
            Notice::Trouble(trouble) => self.fails(number, trouble, now),
        }
        // The last of the first lists makes a World, even one without objects.
        let is_first_list = !self.is_started && self.has_sync_news;
        if self.shelf.has_news() || is_first_list {
            self.settle.changed(now);
        }
    }

    fn object(&mut self, number: usize, event: Event<Raw>) {
        let kind = self.standings[number].watch.kind;
        match event {
            Event::Init => self.standings[number].list_begins(),
            Event::InitApply(raw) => {
                if let Some(key) = self.shelf.put(kind, number, raw) {
                    self.standings[number].see(key);
                }
            }
            Event::InitDone => self.list_ends(number),
            Event::Apply(raw) => {
                self.shelf.put(kind, number, raw);
            }
            Event::Delete(raw) => {
                if let Some(key) = raw.key() {
                    self.shelf.remove(kind, number, &key);
                    self.lost(kind, &key);
                }
            }
        }
    }

    fn name(&mut self, number: usize, event: Event<Mark>) {
        match event {
            Event::Init => {
                self.standings[number].list_begins();
                self.fetch.list_begins();
            }
            Event::InitApply(mark) => {
                let Some(key) = mark.key() else { return };
                self.seen(number, &key, &mark);
                // Most names are nobody's business and are not even kept.
                if self.shelf.source_of(Kind::Secret, &key) == Some(number) {
                    self.standings[number].see(key);
                }
            }
            Event::InitDone => self.list_ends(number),
            Event::Apply(mark) => {
                if let Some(key) = mark.key() {
                    self.seen(number, &key, &mark);
                }
            }
            Event::Delete(mark) => {
                if let Some(key) = mark.key() {
                    self.shelf.remove(Kind::Secret, number, &key);
                    self.fetch.gone(&key);
                }
            }
        }
    }

    fn seen(&mut self, number: usize, key: &Key, mark: &Mark) {
        let from = self.shelf.source_of(Kind::Secret, key);
        if from.is_none_or(|from| from == number) {
            self.fetch.seen(key, mark.resource_version());
        }
    }

    fn list_ends(&mut self, number: usize) {
        let standing = &mut self.standings[number];
        let is_first = !standing.is_ready();
        let stay = standing.list_ends();
        let (kind, part) = (standing.watch.kind, standing.watch.part);
        for key in self.shelf.keep(number, |key| stay.contains(key)) {
            match part {
                Part::Names => self.fetch.gone(&key),
                _ => self.lost(kind, &key),
            }
        }
        self.has_sync_news |= is_first;
    }

    /// A watch no longer brings an object. If it was a Secret, it may still be there.
    fn lost(&mut self, kind: Kind, key: &Key) {
        if kind == Kind::Secret {
            self.fetch.forget(key);
            self.is_naming = true;
        }
    }

    fn answered(&mut self, number: usize, now: Instant) {
        if self.standings[number].answered() {
            self.has_sync_news = true;
            self.settle.changed(now);
        }
    }

    fn fails(&mut self, number: usize, trouble: Trouble, now: Instant) {
        let standing = &mut self.standings[number];
        let is_denied = matches!(trouble, Trouble::Denied { .. });
        let is_told = standing.trouble() == Some(&trouble);
        if standing.fails(trouble) {
            if is_denied && !is_told {
                let watch = &standing.watch;
                // The verdict says more, and is logged too.
                tracing::debug!("the API server refuses to show {watch}");
            }
            self.has_sync_news = true;
            self.settle.changed(now);
        }
        if standing.is_gone() {
            let kind = standing.watch.kind;
            for key in self.shelf.keep(number, |_| false) {
                self.lost(kind, &key);
            }
        }
    }

    /// The next Secret to ask for.
    pub(super) fn next_fetch(&mut self) -> Option<Key> {
        self.fetch.next()
    }

    /// Takes in what asking for a Secret came to; `None` if there is no such Secret.
    pub(super) fn fetched(
        &mut self,
        key: &Key,
        answer: Result<Option<Raw>, kube::Error>,
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

    fn name_secrets(&mut self, unknown: Unknown) {
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

    /// Before the first World, all that can come must have come.
    fn is_ready(&self) -> bool {
        self.is_started || self.standings.iter().all(Standing::is_ready)
    }

    /// There is no Secret to wait for. The first World waits for those too that could not be had
    /// yet: it replaces what was served before a restart.
    fn has_secrets(&self) -> bool {
        match self.is_started {
            true => self.fetch.is_idle(),
            false => self.fetch.is_settled(),
        }
    }

    /// What the API server refuses, each rule once.
    fn faults(&self) -> impl Iterator<Item = Verdict> {
        let refused = self.standings.iter().filter_map(|standing| match standing.trouble() {
            Some(Trouble::Denied { verb, says }) => Some(standing.watch.refused(verb, says)),
            _ => None,
        });
        let mut faults: Vec<Verdict> = Vec::new();
        let is_fetching = self.fetch.has_failed() || !self.fetch.is_idle();
        let refused_fetch = self.refused_fetch.clone().filter(|_| is_fetching);
        for verdict in refused.chain(refused_fetch) {
            if !faults.iter().any(|known| known.object == verdict.object) {
                faults.push(verdict);
            }
        }
        faults.into_iter()
    }

    /// How far the source has come, if that changed since the last call.
    pub(super) fn sync_news(&mut self) -> Option<SyncState> {
        std::mem::take(&mut self.has_sync_news).then(|| SyncState {
            is_complete: self.is_started,
            missing: self
                .standings
                .iter()
                .filter(|standing| !standing.is_ready())
                .map(|standing| standing.watch.to_string())
                .collect(),
            away: self.standings.iter().find_map(|standing| match standing.trouble() {
                Some(Trouble::Away(why)) => Some(why.as_str().into()),
                _ => None,
            }),
        })
    }
}

#[cfg(test)]
mod tests;
