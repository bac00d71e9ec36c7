//! The verdicts of one translation, completed and put in order.

use std::{cmp::Reverse, collections::HashMap};

use model::{Dialect, ObjectRef, Origin, Verdict};

/// Adds what each verdict lacks of its object's facts, accepts the objects about which nothing
/// was said, and sorts: by object, the gravest first; nothing is said twice.
pub fn complete(
    mut verdicts: Vec<Verdict>,
    objects: &[(ObjectRef, Option<Origin>, Dialect)],
) -> Vec<Verdict> {
    let mut known: HashMap<
        &ObjectRef,
        (&Option<Origin>, Dialect, bool),
        foldhash::fast::RandomState,
    > = objects
        .iter()
        .map(|(object, origin, dialect)| (object, (origin, *dialect, false)))
        .collect();
    for verdict in &mut verdicts {
        let Some((origin, dialect, is_judged)) = known.get_mut(&verdict.object) else { continue };
        verdict.dialect = verdict.dialect.or(Some(*dialect));
        if verdict.origin.is_none() {
            verdict.origin.clone_from(origin);
        }
        *is_judged = true;
    }
    for (object, (origin, dialect, is_judged)) in known {
        if !is_judged {
            let accepted = Verdict::accepted(object.clone()).in_dialect(dialect);
            verdicts.push(accepted.from_origin(origin.clone()));
        }
    }
    verdicts.sort_by(|a, b| order(a).cmp(&order(b)));
    verdicts.dedup();
    verdicts
}

fn order(verdict: &Verdict) -> impl Ord + '_ {
    let grave = Reverse(verdict.state);
    (&verdict.object, grave, verdict.reason, &verdict.field, &verdict.message, verdict.dialect)
}
