//! In which order cases come to be worked on: timers, turns at an issuer, and the lines before
//! limits that have no token left. Each step costs what is due, not what there is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::Slot;
use crate::budget::Key;

/// Calls that are out at one issuer at one time. An issuer is seldom faster with more, and often
/// refuses them.
pub(crate) const AT_ONCE: usize = 8;

/// Who comes first: steps of orders that have begun, then renewals, those that expire first
/// before others, then new orders, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Step(Timestamp),
    Renewal(Timestamp),
    New(Timestamp),
}

/// Where a case waits; one place at a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Nowhere,
    Timer(Timestamp),
    Counter(Arc<str>, Rank),
    Line(Key, Rank),
}

#[derive(Default)]
pub(super) struct Queues {
    timers: BTreeSet<(Timestamp, Slot)>,
    /// By issuer.
    counters: BTreeMap<Arc<str>, Counter>,
    lines: BTreeMap<Key, Line>,
    line_timers: BTreeSet<(Timestamp, Key)>,
}

#[derive(Default)]
struct Counter {
    ready: BTreeSet<(Rank, Slot)>,
    out: usize,
}

struct Line {
    waiting: BTreeSet<(Rank, Slot)>,
    moves: Timestamp,
}

impl Queues {
    pub fn enter(&mut self, slot: Slot, place: &Place) {
        match place {
            Place::Nowhere => {}
            Place::Timer(at) => drop(self.timers.insert((*at, slot))),
            Place::Counter(issuer, rank) => {
                self.counters.entry(issuer.clone()).or_default().ready.insert((*rank, slot));
            }
            // See `queue_up`, which also knows when it moves.
            Place::Line(key, rank) => {
                if let Some(line) = self.lines.get_mut(key) {
                    line.waiting.insert((*rank, slot));
                }
            }
        }
    }

    pub fn leave(&mut self, slot: Slot, place: &Place) {
        match place {
            Place::Nowhere => {}
            Place::Timer(at) => drop(self.timers.remove(&(*at, slot))),
            Place::Counter(issuer, rank) => {
                if let Some(counter) = self.counters.get_mut(issuer) {
                    counter.ready.remove(&(*rank, slot));
                }
            }
            Place::Line(key, rank) => {
                let Some(line) = self.lines.get_mut(key) else { return };
                line.waiting.remove(&(*rank, slot));
                if line.waiting.is_empty() {
                    self.line_timers.remove(&(line.moves, key.clone()));
                    self.lines.remove(key);
                }
            }
        }
    }

    /// At the end of those of its rank, in the line of a limit that moves on then.
    pub fn queue_up(&mut self, slot: Slot, key: &Key, rank: Rank, moves: Timestamp) {
        let line = self.lines.entry(key.clone()).or_insert_with(|| {
            self.line_timers.insert((moves, key.clone()));
            Line { waiting: BTreeSet::new(), moves }
        });
        line.waiting.insert((rank, slot));
    }

    /// A case whose time has come; it stays where it is until it leaves.
    pub fn due(&self, now: Timestamp) -> Option<Slot> {
        self.timers.first().filter(|(at, _)| *at <= now).map(|(_, slot)| *slot)
    }

    /// A line that moves on now.
    pub fn moving(&self, now: Timestamp) -> Option<Key> {
        self.line_timers.first().filter(|(at, _)| *at <= now).map(|(_, key)| key.clone())
    }

    /// The first `count` of a line.
    pub fn heads(&self, key: &Key, count: usize) -> Vec<Slot> {
        let waiting = self.lines.get(key).into_iter().flat_map(|line| &line.waiting);
        waiting.take(count).map(|(_, slot)| *slot).collect()
    }

    /// Whoever still stands in the line waits until then.
    pub fn move_again(&mut self, key: &Key, moves: Timestamp) {
        if let Some(line) = self.lines.get_mut(key) {
            self.line_timers.remove(&(line.moves, key.clone()));
            line.moves = moves;
            self.line_timers.insert((moves, key.clone()));
        }
    }

    /// The next case whose turn it is at any issuer that has room.
    pub fn next_turn(&self) -> Option<Slot> {
        let with_room = self.counters.values().filter(|counter| counter.out < AT_ONCE);
        with_room.filter_map(|counter| counter.ready.first()).min().map(|(_, slot)| *slot)
    }

    pub fn went_out(&mut self, issuer: &Arc<str>) {
        self.counters.entry(issuer.clone()).or_default().out += 1;
    }

    pub fn came_back(&mut self, issuer: &Arc<str>) {
        if let Some(counter) = self.counters.get_mut(issuer) {
            counter.out -= 1;
            if counter.out == 0 && counter.ready.is_empty() {
                self.counters.remove(issuer);
            }
        }
    }

    pub fn wakes(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let line = self.line_timers.first().map(|(at, _)| *at);
        timer.into_iter().chain(line).min()
    }

    /// Everybody in a line, with the place in it, counted from 1.
    pub fn in_lines(&self) -> impl Iterator<Item = (Slot, &Key, usize)> {
        self.lines.iter().flat_map(|(key, line)| {
            line.waiting.iter().zip(1..).map(move |((_, slot), nth)| (*slot, key, nth))
        })
    }
}
