//! What there is to say of each object besides success, whether it was said before or not.

mod group;
mod listener;

use std::{collections::HashSet, sync::Arc};

use model::{ObjectRef, Verdict};

use super::{
    EventType, NewEvent,
    key::{self, Key},
    words::{Weight, Words},
};
use crate::{LiveObject, Situation};

/// How many problems are spelled out on one object.
const MOST: usize = 5;
/// What the API server takes (events.k8s.io/v1, `note`).
const MOST_BYTES: usize = 1024;

pub struct Statement<'a> {
    object: &'a ObjectRef,
    pub uid: Arc<str>,
    pub key: u64,
    pub event_type: EventType,
    reason: String,
    component: &'static str,
    message: String,
}

/// In the order in which they are to be said when not all can be: load balancers first, as they
/// sum up what is wrong with the rest.
pub fn statements<'a>(situation: &Situation<'a>) -> Vec<Statement<'a>> {
    let mut all = group::statements(situation);
    all.extend(listener::statements(situation));
    for verdicts in situation.verdicts.chunk_by(|a, b| a.object == b.object) {
        all.extend(of_object(situation, verdicts));
    }
    all
}

/// The objects of which a part does not work.
pub fn failing<'a>(
    situation: &Situation<'a>,
) -> HashSet<&'a ObjectRef, foldhash::fast::RandomState> {
    let mut failing: HashSet<_, _> =
        listener::concerned(situation).map(|(object, ..)| object).collect();
    let verdicts = situation.verdicts.iter();
    let failures = verdicts.filter(|verdict| Weight::of(verdict) == Weight::Failure);
    failing.extend(failures.map(|verdict| &verdict.object));
    failing
}

fn of_object<'a>(situation: &Situation<'a>, verdicts: &'a [Verdict]) -> Vec<Statement<'a>> {
    let object = &verdicts[0].object;
    let Some(live) = situation.live.objects.get(object) else { return Vec::new() };
    let worth_saying = verdicts.iter().filter(|verdict| Weight::of(verdict) != Weight::Fine);
    let mut all: Vec<_> =
        worth_saying.filter_map(|verdict| of_verdict(verdict, object, live)).collect();
    let more = all.len().saturating_sub(MOST);
    if more > 1 {
        all.truncate(MOST);
        if let Some(last) = all.last() {
            let (event_type, reason) = (last.event_type, last.reason.clone());
            let text = format!("and {more} more: `doorward get verdicts` shows them all");
            all.push(Statement::new(object, live, event_type, reason, last.component, text));
        }
    }
    all
}

fn of_verdict<'a>(
    verdict: &Verdict,
    object: &'a ObjectRef,
    live: &LiveObject,
) -> Option<Statement<'a>> {
    let words = Words::about(verdict)?;
    let (event_type, reason, message) = match Weight::of(verdict) {
        Weight::Fine => return None,
        Weight::Failure => {
            (EventType::Warning, words.build_failed(verdict.reason), words.failure(&text(verdict)))
        }
        Weight::Notice => (EventType::Warning, verdict.reason.to_string(), text(verdict)),
        Weight::Remark => (EventType::Normal, verdict.reason.to_string(), text(verdict)),
    };
    Some(Statement::new(object, live, event_type, reason, words.component, message))
}

/// The verdict's message, and the field unless the message names it.
fn text(verdict: &Verdict) -> String {
    match &verdict.field {
        Some(field) if !verdict.message.contains(field) => format!("{} ({field})", verdict.message),
        _ => verdict.message.clone(),
    }
}

impl<'a> Statement<'a> {
    /// Two are the same when object, reason and message are.
    pub fn new(
        object: &'a ObjectRef,
        live: &LiveObject,
        event_type: EventType,
        reason: String,
        component: &'static str,
        message: String,
    ) -> Self {
        let key = Key::new(&live.uid).and(&reason).and(&message).finish();
        let uid = live.uid.clone();
        Self { object, uid, key, event_type, reason, component, message: cut(message) }
    }

    pub fn event(self, count: u32) -> NewEvent {
        NewEvent {
            name: key::name(&self.object.name, self.key),
            object: self.object.clone(),
            uid: self.uid,
            event_type: self.event_type,
            reason: self.reason,
            message: self.message,
            component: self.component,
            count,
        }
    }
}

/// To the bytes that an Event may hold, between two characters.
pub fn cut(mut text: String) -> String {
    const MARK: char = '…';
    if text.len() > MOST_BYTES {
        text.truncate(text.floor_char_boundary(MOST_BYTES - MARK.len_utf8()));
        text.push(MARK);
    }
    text
}
