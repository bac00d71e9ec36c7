//! What each notice of a watch changes.

use kube::runtime::watcher::Event;
use tokio::time::Instant;
use translate::world::Key;
use watch::read::Kind;

use super::Gather;
use crate::source::{
    follow::Notice,
    raw::{Mark, Raw},
    trouble::Trouble,
    watches::Part,
};

impl Gather {
    pub(in crate::source) fn notice(&mut self, number: usize, notice: Notice, now: Instant) {
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
}
