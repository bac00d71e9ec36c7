//! Listeners that the gateway cannot serve: told on the object that declares them and on every
//! object that routes through them.

use std::{collections::BTreeSet, iter};

use model::{Listener, ObjectRef};

use super::{EventType, Statement, Words};
use crate::{Situation, Trouble};

pub fn statements<'a>(situation: &Situation<'a>) -> Vec<Statement<'a>> {
    let concerned = concerned(situation).filter_map(|(object, words, listener, trouble)| {
        let live = situation.live.objects.get(object)?;
        let message = words.listener_failure(listener.key.port, &trouble.message);
        let (event_type, reason) = (EventType::Warning, words.apply_failed.to_owned());
        Some(Statement::new(object, live, event_type, reason, words.component, message))
    });
    concerned.collect()
}

/// Each object once for each listener in trouble.
pub fn concerned<'a>(
    situation: &Situation<'a>,
) -> impl Iterator<Item = (&'a ObjectRef, Words, &'a Listener, &'a Trouble)> {
    let listeners = situation.model.load_balancers.iter().flat_map(|balancer| {
        let words = Words::of(balancer.dialect);
        balancer.listeners.iter().map(move |listener| (balancer, words, &**listener))
    });
    listeners.flat_map(move |(balancer, words, listener)| {
        let objects = situation.trouble(listener).map(|trouble| {
            let servers = listener.servers.iter().map(|server| &*server.listener);
            let parts = || iter::once(listener).chain(servers.clone());
            let declaring = parts().map(|part| &part.declared_by);
            let routing = parts().flat_map(|part| part.routes.rules()).map(|rule| &rule.origin);
            let objects: BTreeSet<_> =
                iter::once(&balancer.declared_by).chain(declaring).chain(routing).collect();
            objects.into_iter().map(move |object| (object, words, listener, trouble))
        });
        objects.into_iter().flatten()
    })
}
