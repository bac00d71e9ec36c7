//! What a load balancer says of its members' problems: the first few in full, and how many more
//! there are.

use std::collections::HashMap;

use model::{LoadBalancer, ObjectRef, Verdict};

use super::{EventType, Key, Statement, Weight, Words, text};
use crate::{LiveObject, Situation};

/// How many members with a problem are named.
const NAMED: usize = 3;

type Failures<'a> = HashMap<&'a ObjectRef, &'a Verdict, foldhash::fast::RandomState>;

/// Said on objects that declare a load balancer without being a member of it, as an AlbConfig.
pub fn statements<'a>(situation: &Situation<'a>) -> Vec<Statement<'a>> {
    let mut failures = Failures::default();
    for verdict in situation.verdicts.iter().filter(|v| Weight::of(v) == Weight::Failure) {
        // The gravest comes first.
        failures.entry(&verdict.object).or_insert(verdict);
    }
    if failures.is_empty() {
        return Vec::new();
    }
    let balancers = situation.model.load_balancers.iter();
    let speaking = balancers.filter_map(|balancer| {
        let declaring = &balancer.declared_by;
        let live = situation.live.objects.get(declaring)?;
        // A member that happens to be the first of several has nothing to do with the others.
        let is_member = balancer.members.binary_search(declaring).is_ok();
        (!is_member).then(|| of_balancer(balancer, live, &failures))
    });
    speaking.flatten().collect()
}

fn of_balancer<'a>(
    balancer: &'a LoadBalancer,
    live: &LiveObject,
    failures: &Failures<'a>,
) -> Vec<Statement<'a>> {
    let words = Words::of(balancer.dialect);
    let object = &balancer.declared_by;
    let failing: Vec<_> =
        balancer.members.iter().filter_map(|member| failures.get(member)).collect();
    let say = |reason, message| {
        let reason = words.build_failed(reason);
        Statement::new(object, live, EventType::Warning, reason, words.component, message)
    };
    let named = failing.iter().take(NAMED);
    let mut all: Vec<_> = named
        .map(|verdict| {
            let message = words.failure(&format!("{}: {}", verdict.object, text(verdict)));
            say(verdict.reason, message)
        })
        .collect();
    let more = failing.len().saturating_sub(NAMED);
    if more > 0 {
        let next = failing[NAMED];
        let kind = &next.object.kind;
        let text =
            format!("and {more} more of kind {kind}: `doorward get verdicts` shows them all");
        // Said anew when the number has another order of magnitude, not at each change of it.
        let key = Key::new(&live.uid).and("more").and(&more.ilog10().to_string()).finish();
        all.push(Statement { key, ..say(next.reason, words.failure(&text)) });
    }
    all
}
