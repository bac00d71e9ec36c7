//! Which events are due: what `kubectl describe` tells of an object.
//!
//! A problem is told when it comes up; one that comes back counts up, and so does one that stands
//! so long that its Event would expire. Success is told once for each change of the object. What
//! one object says, and all of them together, is bounded by a [`Budget`].

mod key;
mod renewal;
mod said;
mod statement;
mod words;

use std::{sync::Arc, time::Duration};

use model::ObjectRef;

use crate::{Budget, LiveObject, Situation};
use key::Key;
use renewal::Renewals;
use said::Hearing;
pub use said::{Heard, Said};
use statement::{Statement, failing, statements};
use words::Words;

/// An event to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    pub object: ObjectRef,
    pub uid: Arc<str>,
    /// Of the Event object: the same statement about the same object has the same name, so that
    /// writing it twice makes one.
    pub name: String,
    pub event_type: EventType,
    pub reason: String,
    /// At most 1024 bytes.
    pub message: String,
    /// Who says it, as `kubectl describe` shows in the column From.
    pub component: &'static str,
    /// How many times it was said, this time included.
    pub count: u32,
}

impl NewEvent {
    /// A Warning about a Node, which is named and not read: as in the kubelet's own Events the
    /// name stands where a uid would, and `kubectl describe node` shows both. The same words on
    /// the same `day` make one Event, whoever says them.
    pub fn of_node(node: &str, reason: &str, message: String, day: &str) -> Self {
        let key = Key::new(node).and(reason).and(&message).and(day).finish();
        Self {
            object: ObjectRef::cluster("Node", node),
            uid: node.into(),
            name: key::name(NODE_EVENTS, key),
            event_type: EventType::Warning,
            reason: reason.to_owned(),
            message: statement::cut(message),
            component: Words::OWN.component,
            count: 1,
        }
    }
}

/// What names of Events about Nodes begin with, whose own names need not be names of objects here.
const NODE_EVENTS: &str = "doorward-pki";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    Normal,
    Warning,
}

impl EventType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Already noted in [`Said`]; what cannot be written is to be taken back there.
    pub events: Vec<NewEvent>,
    /// Warnings that the budget left no room for. They stay due.
    pub waiting: usize,
    /// Words of success that the budget left no room for. They would say nothing later.
    pub dropped: usize,
    /// When the next Warning is to be renewed if all stays as it is; not after `now` where the
    /// budget left no room for one.
    pub renew_at: Option<Duration>,
}

/// What is to be said now; `now` counts from when [`Said`] was made. The first call after [`Said`] was made takes the objects' revisions as
/// told: success is said of changes that come after it.
pub fn events(
    situation: &Situation<'_>,
    said: &mut Said,
    budget: &mut Budget,
    now: Duration,
) -> Due {
    budget.tidy(now);
    said.begin();
    let mut due = Due::default();
    let mut renewals = Renewals::at(now);
    for statement in statements(situation) {
        match said.hear(&statement.uid, statement.key) {
            Hearing::Repeated => {}
            Hearing::Stands(told) => renewals.stands(statement, told),
            Hearing::News { .. } if !budget.take(&statement.uid, now) => due.waiting += 1,
            Hearing::News { count } => {
                let told = said.note(&statement.uid, statement.key, count, now);
                renewals.look_again(&statement, told);
                due.events.push(statement.event(count));
            }
        }
    }
    tell_success(situation, said, budget, now, &mut due);
    renewals.tell(said, budget, &mut due);
    said.end();
    due
}

/// One word for each object that nothing fails of, at each of its revisions.
fn tell_success(
    situation: &Situation<'_>,
    said: &mut Said,
    budget: &mut Budget,
    now: Duration,
    due: &mut Due,
) {
    let failing = failing(situation);
    for verdicts in situation.verdicts.chunk_by(|a, b| a.object == b.object) {
        let first = &verdicts[0];
        let (Some(live), Some(words)) =
            (situation.live.objects.get(&first.object), Words::about(first))
        else {
            continue;
        };
        if failing.contains(&first.object) {
            said.fail(&live.uid);
            continue;
        }
        if !said.succeed(&live.uid, live.revision) {
            continue;
        }
        let statement = success(&first.object, live, words);
        if budget.take(&live.uid, now) {
            let count = said.count(&statement.uid, statement.key) + 1;
            said.note(&statement.uid, statement.key, count, now);
            due.events.push(statement.event(count));
        } else {
            due.dropped += 1;
        }
    }
}

fn success<'a>(object: &'a ObjectRef, live: &LiveObject, words: Words) -> Statement<'a> {
    let (reason, text) = words.success;
    Statement::new(object, live, EventType::Normal, reason.into(), words.component, text.into())
}

#[cfg(test)]
mod tests;
