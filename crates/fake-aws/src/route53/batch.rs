//! A batch of changes: all of them, or none.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Set, Zone};

#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) action: String,
    /// Without the final dot.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) ttl: u32,
    pub(super) values: Vec<String>,
}

/// Gives the zone's records after the changes, or what is wrong with each that does not fit, in
/// Route 53's words.
pub(super) fn carry_out(
    zone: &mut Zone,
    changes: &[Change],
    served_from: Timestamp,
) -> Result<(), Vec<String>> {
    let mut records = zone.records.clone();
    let mut wrong = Vec::new();
    for change in changes {
        let key = (change.name.clone(), change.kind.clone());
        let there = records.get(&key);
        let what = format!("[name='{}.', type='{}']", change.name, change.kind);
        let is_inside = change.name == zone.name
            || change.name.strip_suffix(&zone.name).is_some_and(|rest| rest.ends_with('.'));
        let is_same = |set: &Set| {
            let (mut a, mut b) = (set.values.clone(), change.values.clone());
            a.sort();
            b.sort();
            a == b && set.ttl == change.ttl
        };
        let set = Set { ttl: change.ttl, values: change.values.clone(), served_from };
        let write = || {
            name_is_taken(zone, &records, change).then(|| format!(
                "RRSet of type {} with DNS name {}. is not permitted because a conflicting RRSet with the same DNS name already exists in zone {}.",
                change.kind, change.name, zone.name
            ))
        };
        let problem = match (change.action.as_str(), there) {
            _ if !is_inside => Some(format!(
                "RRSet with DNS name {}. is not permitted in zone {}.",
                change.name, zone.name
            )),
            ("CREATE", Some(_)) => {
                Some(format!("Tried to create resource record set {what} but it already exists"))
            }
            ("CREATE" | "UPSERT", _) => write(),
            ("DELETE", None) => {
                Some(format!("Tried to delete resource record set {what} but it was not found"))
            }
            ("DELETE", Some(there)) if !is_same(there) => Some(format!(
                "Tried to delete resource record set {what} but the values provided do not match the current values"
            )),
            _ => None,
        };
        match problem {
            Some(problem) => wrong.push(problem),
            None if change.action == "DELETE" => drop(records.remove(&key)),
            None => drop(records.insert(key, set)),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    zone.records = records;
    zone.batches += 1;
    Ok(())
}

/// A CNAME stands alone at its name, and never at the zone's own (RFC 1034 section 3.6.2).
fn name_is_taken(zone: &Zone, records: &BTreeMap<(String, String), Set>, change: &Change) -> bool {
    let mut others = records
        .keys()
        .filter(|(name, kind)| *name == change.name && *kind != change.kind)
        .map(|(_, kind)| kind.as_str());
    match change.kind.as_str() {
        "CNAME" => change.name == zone.name || others.count() > 0,
        _ => others.any(|kind| kind == "CNAME"),
    }
}
