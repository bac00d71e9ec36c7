use super::*;

fn record(kind: RecordKind, value: &str) -> Record {
    Record { name: "_x.shop.test".into(), kind, value: value.into(), ttl: 60 }
}

fn set(kind: RecordKind, values: &[&str]) -> Set {
    let values = values.iter().map(|&value| value.into()).collect();
    Set { name: "_x.shop.test".into(), kind, ttl: 60, values }
}

#[test]
fn a_first_record_is_created_and_a_further_text_joins_what_is_there() {
    let (a, b) = (record(RecordKind::Txt, "a"), record(RecordKind::Txt, "b"));
    let (change, _) = plan(None, &[(Wish::Add, &a)]);
    assert_eq!(change, Some(Change::Create(set(RecordKind::Txt, &["a"]))));
    let (change, _) = plan(Some(&set(RecordKind::Txt, &["a"])), &[(Wish::Add, &b)]);
    assert_eq!(change, Some(Change::Upsert(set(RecordKind::Txt, &["a", "b"]))));
}

#[test]
fn what_is_there_already_is_left_alone() {
    let cname = record(RecordKind::Cname, "_y.acm.test");
    let there = Set { ttl: 300, ..set(RecordKind::Cname, &["_Y.acm.test."]) };
    assert_eq!(plan(Some(&there), &[(Wish::Add, &cname)]), (None, vec![Ok(())]));
}

#[test]
fn a_cname_of_another_value_is_a_conflict_and_stays() {
    let cname = record(RecordKind::Cname, "_y.acm.test");
    let there = set(RecordKind::Cname, &["somewhere.else.test"]);
    let (change, outcomes) = plan(Some(&there), &[(Wish::Add, &cname)]);
    assert_eq!(change, None);
    let message = outcomes[0].clone().unwrap_err().to_string();
    assert!(
        message.contains("_x.shop.test") && message.contains("somewhere.else.test"),
        "{message}"
    );
}

#[test]
fn only_the_named_value_is_removed_and_the_set_goes_with_the_last() {
    let a = record(RecordKind::Txt, "a");
    let both = set(RecordKind::Txt, &["a", "b"]);
    let (change, _) = plan(Some(&both), &[(Wish::Remove, &a)]);
    assert_eq!(change, Some(Change::Upsert(set(RecordKind::Txt, &["b"]))));
    let alone = Set { ttl: 5, ..set(RecordKind::Txt, &["a"]) };
    let (change, _) = plan(Some(&alone), &[(Wish::Remove, &a)]);
    assert_eq!(change, Some(Change::Delete(alone)), "exactly what is there, with its own TTL");
    assert_eq!(plan(None, &[(Wish::Remove, &a)]), (None, vec![Ok(())]));
}

#[test]
fn wishes_that_undo_each_other_change_nothing() {
    let a = record(RecordKind::Txt, "a");
    let (change, _) = plan(None, &[(Wish::Add, &a), (Wish::Remove, &a)]);
    assert_eq!(change, None);
}

#[test]
fn a_refresh_writes_again_what_is_there_and_makes_nothing_new() {
    let a = record(RecordKind::Txt, "a");
    let there = set(RecordKind::Txt, &["a"]);
    assert_eq!(plan(Some(&there), &[(Wish::Refresh, &a)]).0, Some(Change::Upsert(there)));
    assert_eq!(plan(None, &[(Wish::Refresh, &a)]).0, None);
}
