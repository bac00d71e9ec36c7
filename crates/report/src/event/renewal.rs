//! Warnings that stand for long: the API server deletes an Event an hour after its last write
//! (`kube-apiserver --event-ttl`, 1h by default), and `kubectl describe` would show nothing of a
//! problem that is still there. They are counted up before that.
//!
//! What was never said goes first, and so does success: renewals leave half of the budget alone.
//! Where so many stand that they do not fit into it, each has its turn, later than it should.

use std::time::Duration;

use super::{
    Due, EventType,
    said::{Said, Told},
    statement::Statement,
};
use crate::Budget;

/// The Warnings that stand.
pub struct Renewals<'a> {
    now: Duration,
    due: Vec<(Told, Statement<'a>)>,
    next: Option<Duration>,
}

impl<'a> Renewals<'a> {
    pub fn at(now: Duration) -> Self {
        Self { now, due: Vec::new(), next: None }
    }

    /// What was said before and is true still.
    pub fn stands(&mut self, statement: Statement<'a>, told: Told) {
        if statement.event_type == EventType::Warning && told.renew_at <= self.now {
            self.due.push((told, statement));
        } else {
            self.look_again(&statement, told);
        }
    }

    /// What was said just now.
    pub fn look_again(&mut self, statement: &Statement<'_>, told: Told) {
        if statement.event_type == EventType::Warning {
            self.next = Some(self.next.map_or(told.renew_at, |next| next.min(told.renew_at)));
        }
    }

    /// Those that waited longest first.
    pub fn tell(mut self, said: &mut Said, budget: &mut Budget, due: &mut Due) {
        let mut all = std::mem::take(&mut self.due);
        all.sort_by_key(|(told, _)| told.renew_at);
        for (told, statement) in all {
            if budget.take_spare(&statement.uid, self.now) {
                let count = told.count.saturating_add(1);
                let told = said.note(&statement.uid, statement.key, count, self.now);
                self.look_again(&statement, told);
                due.events.push(statement.event(count));
            } else {
                self.look_again(&statement, told);
            }
        }
        due.renew_at = self.next;
    }
}
