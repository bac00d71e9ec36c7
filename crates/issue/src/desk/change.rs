//! What wants, listeners, operators and a restart change of a case.

use jiff::Timestamp;
use model::{Fingerprint, Want};

use super::{
    FIRST_ASK, Known, REPLACED, UNWANTED,
    case::{Case, Open, Past, Window, after},
};
use crate::{Entry, Phase, spread::spread};

impl Case {
    /// An order of the last run. Whether it is still of use shows when the wants are known.
    pub fn restore(&mut self, entry: Entry) {
        (self.failures, self.updated) = (entry.failures, entry.began);
        self.message.clone_from(&entry.message);
        match entry.phase {
            // Two open orders of one certificate are never kept; should a book say so, the
            // first goes on.
            Phase::Open(_) if self.open.is_none() => {
                self.open = Some(Open { entry, is_kept: true, delivery: None, seen_by: None });
            }
            Phase::Open(_) | Phase::Over => {
                let retire = entry.brought.is_none().then_some(entry.began);
                self.past.push(Past { entry, is_kept: true, retire, is_seen: false, failures: 0 });
            }
        }
    }

    pub fn take(&mut self, want: &Want, known: &Known, now: Timestamp) {
        let held = want.held.as_ref().map(|held| held.fingerprint);
        let before = self.want.replace(want.clone());
        let held_before =
            before.as_ref().map(|before| before.held.as_ref().map(|held| held.fingerprint));
        if held_before != Some(held) {
            let first = FIRST_ASK.mul_f64(spread(self.id.as_str()));
            self.window = Window { ask: Some(after(now, first)), ..Window::default() };
        }
        match before {
            Some(before) if is_same_wish(&before, want) => {}
            Some(_) => self.start_over(now),
            // After a restart the order goes on with whom it was begun.
            None => {
                self.since = now;
                let issuer = self.open.as_ref().map(|open| &open.entry.issuer);
                self.turn = issuer.and_then(|issuer| known.position(want, issuer)).unwrap_or(0);
            }
        }
    }

    /// Forgets failures: what caused them may be gone.
    pub fn start_over(&mut self, now: Timestamp) {
        let has_stumbled = self.stumbles > 0;
        self.since = now;
        (self.failures, self.failed_here, self.stumbles, self.rounds) = (0, 0, 0, 0);
        (self.hold, self.examined_by) = (None, None);
        if self.open.is_none() {
            self.turn = 0;
        }
        // A step that is only waiting for others to finish waits on.
        if let Some(open) = self.open.as_mut().filter(|_| has_stumbled) {
            open.entry.next = now;
        }
    }

    /// What an order brought stays until another certificate is in its place and no listener
    /// holds it any more.
    pub fn look_at_past(&mut self, is_served: &impl Fn(&Fingerprint) -> bool, now: Timestamp) {
        let held = self.want.as_ref().and_then(|want| want.held.as_ref());
        let held = held.map(|held| held.fingerprint);
        for past in &mut self.past {
            let Some(brought) = past.entry.brought else { continue };
            past.is_seen |= held == Some(brought);
            // What was never seen may have been written and be seen yet, as after a kill.
            let is_replaced_for_good = self.want.is_some() && past.is_seen;
            let pause = if is_replaced_for_good { REPLACED } else { UNWANTED };
            // A Secret that somebody has deleted is not replaced until there is a new one.
            let is_replaced = self.want.is_none() || held.is_some_and(|held| held != brought);
            if !is_replaced || is_served(&brought) {
                past.retire = None;
            } else {
                past.retire = past.retire.or(Some(after(now, pause)));
            }
        }
    }
}

/// Whether the same certificate is asked of the same issuer.
fn is_same_wish(one: &Want, other: &Want) -> bool {
    (&one.names, &one.issuer, one.key) == (&other.names, &other.issuer, other.key)
}
