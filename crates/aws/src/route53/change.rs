//! What to change in a zone so that a wish comes true: a pure function of what is there.

use issue::{Record, RecordKind};

/// What somebody wants of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Add,
    Remove,
    /// Write it again if it is there, to learn when it has spread.
    Refresh,
}

/// All records of one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    /// As [`Record::name`].
    pub(super) name: String,
    pub(super) kind: RecordKind,
    pub(super) ttl: u32,
    /// As [`Record::value`].
    pub(super) values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Refused by Route 53 when something is there already.
    Create(Set),
    Upsert(Set),
    /// Refused by Route 53 unless it is exactly what is there.
    Delete(Set),
}

/// Why a wish cannot come true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} already is a CNAME of {found:?}, and {:?} is wanted; remove that record if nobody needs it any more",
    .wanted.name, .wanted.value
)]
pub(super) struct Conflict {
    wanted: Record,
    found: String,
}

/// Changes that `wishes`, all of one name and type, ask for; and what became of each of them.
pub(super) fn plan(
    before: Option<&Set>,
    wishes: &[(Wish, &Record)],
) -> (Option<Change>, Vec<Result<(), Conflict>>) {
    let mut after = before.cloned();
    let mut refresh = false;
    let mut outcomes = Vec::new();
    for (wish, record) in wishes {
        outcomes.push(match wish {
            Wish::Add => add(&mut after, record),
            Wish::Remove => {
                remove(&mut after, record);
                Ok(())
            }
            Wish::Refresh => {
                refresh |= after.as_ref().is_some_and(|set| set.position(record).is_some());
                Ok(())
            }
        });
    }
    let change = match (before, after) {
        (None, Some(after)) => Some(Change::Create(after)),
        (Some(before), Some(after)) if *before != after || refresh => Some(Change::Upsert(after)),
        (Some(before), None) => Some(Change::Delete(before.clone())),
        (Some(_), Some(_)) | (None, None) => None,
    };
    (change, outcomes)
}

/// A name has one CNAME at most (RFC 2181 section 10.1), and any number of TXT.
fn add(set: &mut Option<Set>, record: &Record) -> Result<(), Conflict> {
    let Some(set) = set else {
        *set = Some(Set::of(record));
        return Ok(());
    };
    if set.position(record).is_some() {
        return Ok(());
    }
    if let (RecordKind::Cname, Some(found)) = (set.kind, set.values.first()) {
        return Err(Conflict { wanted: record.clone(), found: found.clone() });
    }
    set.values.push(record.value.clone());
    Ok(())
}

fn remove(set: &mut Option<Set>, record: &Record) {
    let Some(values) = set.as_mut().map(|set| &mut set.values) else { return };
    values.retain(|value| !same(record.kind, value, &record.value));
    if values.is_empty() {
        *set = None;
    }
}

impl Set {
    fn of(record: &Record) -> Self {
        let Record { name, kind, value, ttl } = record.clone();
        Self { name, kind, ttl, values: vec![value] }
    }

    fn position(&self, record: &Record) -> Option<usize> {
        self.values.iter().position(|value| same(self.kind, value, &record.value))
    }
}

/// Host names are the same with or without a final dot, in upper or lower case.
fn same(kind: RecordKind, one: &str, other: &str) -> bool {
    match kind {
        RecordKind::Txt => one == other,
        RecordKind::Cname => {
            one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
        }
    }
}

#[cfg(test)]
mod tests;
