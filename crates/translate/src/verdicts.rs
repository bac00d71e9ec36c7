//! The verdicts of one translation, completed and put in order.

use std::{cmp::Reverse, collections::HashMap};

use model::{Dialect, ObjectRef, Origin, Verdict};

type Facts<'a> = (&'a Option<Origin>, Dialect);

/// Adds what each verdict lacks of its object's facts, accepts the objects about which nothing
/// was said, and sorts: by object, the gravest first; nothing is said twice.
pub fn complete(
    mut verdicts: Vec<Verdict>,
    objects: &[(ObjectRef, Option<Origin>, Dialect)],
) -> Vec<Verdict> {
    let judged = verdicts.iter().map(|verdict| (verdict.object.clone(), None));
    let mut judged: HashMap<ObjectRef, Option<Facts<'_>>, foldhash::fast::RandomState> =
        judged.collect();
    let mut accepted = Vec::with_capacity(objects.len());
    for (object, origin, dialect) in objects {
        match judged.get_mut(object) {
            Some(facts) => *facts = Some((origin, *dialect)),
            None => accepted.push(
                Verdict::accepted(object.clone()).in_dialect(*dialect).from_origin(origin.clone()),
            ),
        }
    }
    for verdict in &mut verdicts {
        let Some(Some((origin, dialect))) = judged.get(&verdict.object) else { continue };
        verdict.dialect = verdict.dialect.or(Some(*dialect));
        if verdict.origin.is_none() {
            verdict.origin.clone_from(origin);
        }
    }
    verdicts.append(&mut accepted);
    verdicts.sort_by(|a, b| order(a).cmp(&order(b)));
    verdicts.dedup();
    verdicts
}

fn order(verdict: &Verdict) -> impl Ord + '_ {
    let grave = Reverse(verdict.state);
    (&verdict.object, grave, verdict.reason, &verdict.field, &verdict.message, verdict.dialect)
}
