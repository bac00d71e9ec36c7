//! What objects wrote before: fields that CCE never lets change, and settings that it keeps in
//! force after their annotation was removed.
//!
//! Here the manifest is the truth. A change of the first is obeyed with a warning, and the second
//! are kept only where the operator asked for it (`elb.retainRemovedSettings`).

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use model::{ObjectRef, Reason};

use super::reader::Reader;
use crate::{
    dialect::Problems,
    memory::ElbApplied,
    route::{ELB_PREFIX, field},
};

/// Which annotations of a kind are looked back at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub immutable: &'static [&'static str],
    pub retained: &'static [&'static str],
}

pub(super) const OF_SERVICE: Rules = Rules {
    immutable: &["class", "id"],
    retained: &[
        "tls-certificate-ids",
        "http2-enable",
        "keepalive_timeout",
        "client_timeout",
        "member_timeout",
        "acl-id",
        "acl-status",
        "acl-type",
    ],
};

pub(super) const OF_INGRESS: Rules = Rules {
    immutable: &["class", "id", "ip", "pool-protocol"],
    retained: &[
        "keepalive_timeout",
        "client_timeout",
        "member_timeout",
        "acl-id",
        "acl-status",
        "acl-type",
    ],
};

/// All objects' past, as the memory has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past<'m> {
    pub applied: &'m BTreeMap<ObjectRef, ElbApplied>,
    /// `elb.retainRemovedSettings`.
    pub retain: bool,
}

impl<'m> Past<'m> {
    pub fn of(&self, object: &ObjectRef) -> Option<&'m ElbApplied> {
        self.applied.get(object)
    }

    /// The values that were removed from the object and stay in force.
    pub(super) fn retained(
        &self,
        object: &ObjectRef,
        rules: Rules,
        written: &ElbApplied,
    ) -> ElbApplied {
        let past = self.of(object).filter(|_| self.retain).into_iter().flatten();
        past.filter(|(name, _)| rules.retained.contains(&&***name) && !written.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// The annotations of an object with those that were removed and stay in force.
pub(super) fn with_retained<'a>(
    written: &'a BTreeMap<String, String>,
    retained: &ElbApplied,
) -> Cow<'a, BTreeMap<String, String>> {
    let mut in_force = Cow::Borrowed(written);
    for (name, value) in retained {
        in_force.to_mut().insert(format!("{ELB_PREFIX}{name}"), value.to_string());
    }
    in_force
}

/// What an object says now of all that is looked back at.
pub(super) fn written(reader: &Reader<'_>, rules: Rules) -> ElbApplied {
    let names = rules.immutable.iter().chain(rules.retained);
    names.filter_map(|name| Some((Arc::from(*name), reader.text(name)?.into()))).collect()
}

/// What to remember: of the immutable fields the first value, of the others the last.
pub(super) fn to_remember(
    rules: Rules,
    written: &ElbApplied,
    past: Option<&ElbApplied>,
) -> ElbApplied {
    let mut remembered = written.clone();
    let first = past.into_iter().flatten();
    let first = first.filter(|(name, _)| rules.immutable.contains(&&***name));
    remembered.extend(first.map(|(name, value)| (name.clone(), value.clone())));
    remembered
}

/// Tells of immutable fields that are not what they were.
pub(super) fn changes(rules: Rules, written: &ElbApplied, past: Option<&ElbApplied>) -> Problems {
    let mut problems = Problems::default();
    for name in rules.immutable {
        let Some(before) = past.and_then(|past| past.get(*name)) else { continue };
        let now = written.get(*name);
        if now == Some(before) {
            continue;
        }
        let now = now.map_or("gone", |now| now);
        let text = format!(
            "{name} was {before} when the object was first seen and is {now}; CCE refuses this change, Doorward follows the manifest: delete the object and create it anew where both must agree"
        );
        problems.warn(Reason::InvalidAnnotation, field(ELB_PREFIX, name), text);
    }
    problems
}

/// Tells of settings that are in force although nothing asks for them any more.
pub(super) fn still_in_force(retained: &ElbApplied) -> Problems {
    let mut problems = Problems::default();
    for (name, value) in retained {
        let text = format!(
            "{name} was removed and {value:?} stays in force, as on CCE (elb.retainRemovedSettings): write the value that you want"
        );
        problems.warn(Reason::NotHonoured, field(ELB_PREFIX, name), text);
    }
    problems
}
