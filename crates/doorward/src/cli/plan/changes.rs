//! What listeners would hold, beside what they were seen to hold last.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::view::{BindingView, ListenerView};

/// One listener that would be another.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerChange {
    pub listener: String,
    pub change: Change,
    /// As `HTTP`, where it is not what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_before: Option<String>,
    pub protocol: String,
    pub certificates: Vec<CertificateChange>,
}

/// One certificate of it. A certificate that stays what it is has no entry.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateChange {
    pub id: String,
    pub change: Change,
    pub names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Held>,
    /// `after` is replaced once its order is done.
    pub on_order: bool,
}

/// What is bound.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    pub default: bool,
    /// Nothing while there is no certificate in hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Change {
    Comes,
    Goes,
    Changes,
}

/// Only what differs, in order of the listeners. `ordered`: certificates for which a new one will
/// come.
pub fn between(
    before: &[ListenerView],
    after: &[ListenerView],
    ordered: &BTreeSet<&str>,
) -> Vec<ListenerChange> {
    let by_key = |views: &'_ [ListenerView]| -> BTreeMap<String, usize> {
        views.iter().enumerate().map(|(index, view)| (view.key(), index)).collect()
    };
    let (old, new) = (by_key(before), by_key(after));
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |key: &String| {
        let old = old.get(key).map(|&index| &before[index]);
        let new = new.get(key).map(|&index| &after[index]);
        listener(key, old, new, ordered)
    };
    keys.into_iter().filter_map(change).collect()
}

fn listener(
    key: &str,
    old: Option<&ListenerView>,
    new: Option<&ListenerView>,
    ordered: &BTreeSet<&str>,
) -> Option<ListenerChange> {
    let certificates = certificates(bindings(old), bindings(new), ordered);
    let protocol_before = old.filter(|old| new.is_some_and(|new| old.protocol != new.protocol));
    let change = match (old, new) {
        (None, _) => Change::Comes,
        (_, None) => Change::Goes,
        (Some(_), Some(_)) if certificates.is_empty() && protocol_before.is_none() => return None,
        (Some(_), Some(_)) => Change::Changes,
    };
    Some(ListenerChange {
        listener: key.to_owned(),
        change,
        protocol_before: protocol_before.map(|old| old.protocol.clone()),
        protocol: new.or(old)?.protocol.clone(),
        certificates,
    })
}

fn bindings(listener: Option<&ListenerView>) -> &[BindingView] {
    listener.map_or(&[], |listener| &listener.certificates)
}

/// Those that come or change in order of their ids, and then those that go.
fn certificates(
    old: &[BindingView],
    new: &[BindingView],
    ordered: &BTreeSet<&str>,
) -> Vec<CertificateChange> {
    let find =
        |among: &'_ [BindingView], id: &str| among.iter().position(|binding| binding.id == id);
    let mut changes = Vec::new();
    for binding in new {
        let (before, after) = (find(old, &binding.id).map(|at| held(&old[at])), held(binding));
        let on_order = ordered.contains(&*binding.id);
        let change = match &before {
            None => Change::Comes,
            Some(before) if *before != after || on_order => Change::Changes,
            Some(_) => continue,
        };
        let (id, names) = (binding.id.clone(), binding.names.clone());
        changes.push(CertificateChange { id, change, names, before, after: Some(after), on_order });
    }
    for binding in old.iter().filter(|binding| find(new, &binding.id).is_none()) {
        changes.push(CertificateChange {
            id: binding.id.clone(),
            change: Change::Goes,
            names: binding.names.clone(),
            before: Some(held(binding)),
            after: None,
            on_order: false,
        });
    }
    changes
}

fn held(binding: &BindingView) -> Held {
    Held {
        default: binding.is_default,
        fingerprint: binding.fingerprint.clone(),
        not_after: binding.not_after,
    }
}
