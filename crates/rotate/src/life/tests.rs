use serde_json::json;

use super::*;

fn life(nodes: &[&str], ready: &[&str], held: &[&str]) -> Life {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Life { nodes: set(nodes), ready: set(ready), held: set(held) }
}

#[test]
fn what_was_well_has_to_be_again() {
    let before = life(&["a", "b", "c"], &["a", "b"], &["kube-scheduler"]);
    assert_eq!(before.lacks(&before), None);
    let joined = life(&["a", "b", "c", "d"], &["a", "b"], &["kube-scheduler"]);
    assert_eq!(joined.lacks(&before), None, "what was not ready before need not be");
    let left = life(&["b"], &["b"], &["kube-scheduler"]);
    assert_eq!(left.lacks(&before), None, "a node that is no more");

    let ill = life(&["a", "b"], &["a"], &["kube-scheduler"]);
    assert!(ill.lacks(&before).is_some_and(|told| told.starts_with("node b was ready before")));
    let headless = life(&["a", "b"], &["a", "b"], &[]);
    assert!(headless.lacks(&before).is_some_and(|told| told.contains("lease kube-scheduler")));
}

#[test]
fn nodes_are_read_from_a_table_by_its_columns() {
    let table = json!({
        "kind": "Table",
        "columnDefinitions": [{"name": "Age"}, {"name": "Name"}, {"name": "Status"}],
        "rows": [
            {"cells": ["5d", "a", "Ready"]},
            {"cells": ["5d", "b", "NotReady"]},
            {"cells": ["5d", "c", "Ready,SchedulingDisabled"]},
            {"cells": ["5d"]},
        ],
    });
    let expected = [("a", true), ("b", false), ("c", true)];
    assert_eq!(nodes(&table), expected.map(|(name, is_ready)| (name.to_owned(), is_ready)));
    assert!(nodes(&json!({"kind": "NodeList", "items": []})).is_empty());
}

#[test]
fn a_lease_is_held_while_it_is_renewed() {
    let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    let lease = |time: &str| json!({"spec": {"renewTime": time}});
    assert!(is_fresh(&lease("2026-11-22T07:59:31.000000Z"), now));
    assert!(is_fresh(&lease("2026-11-22T08:00:04.000000Z"), now), "its clock is ahead");
    assert!(!is_fresh(&lease("2026-11-22T07:59:30.000000Z"), now));
    assert!(!is_fresh(&json!({"spec": {}}), now));
}
