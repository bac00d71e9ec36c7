use super::*;

fn key(name: &str) -> Key {
    Key::new("shop", name)
}

/// An account in which these Secrets are named, and none is watched.
fn naming(names: &[&str]) -> Fetch {
    let mut fetch = Fetch::default();
    fetch.name(names.iter().map(|name| key(name)).collect(), Unknown::AskedFor, |_| false);
    fetch
}

fn found(version: &str) -> Outcome {
    Outcome::Found { version: version.into() }
}

#[test]
fn each_named_secret_is_asked_for_once() {
    let mut fetch = naming(&["a", "b"]);
    assert_eq!([fetch.next(), fetch.next(), fetch.next()], [Some(key("a")), Some(key("b")), None]);
    assert!(!fetch.is_idle());
    assert!(fetch.done(&key("a"), found("1")));
    assert!(fetch.done(&key("b"), Outcome::Missing));
    fetch.name([key("a"), key("b")].into(), Unknown::AskedFor, |_| false);
    assert!(fetch.is_idle(), "what is in hand or missing is settled");
}

#[test]
fn secrets_that_a_watch_brings_are_not_asked_for() {
    let mut fetch = Fetch::default();
    fetch.name([key("a")].into(), Unknown::AskedFor, |_| true);
    assert_eq!(fetch.next(), None);
}

#[test]
fn another_version_is_asked_for_again_and_the_same_is_not() {
    let mut fetch = naming(&["a"]);
    fetch.next();
    fetch.done(&key("a"), found("1"));
    fetch.seen(&key("a"), "1");
    assert_eq!(fetch.next(), None);
    fetch.seen(&key("a"), "2");
    fetch.seen(&key("a"), "3");
    assert_eq!([fetch.next(), fetch.next()], [Some(key("a")), None]);
    // It changed once more while it was asked for.
    fetch.seen(&key("a"), "4");
    fetch.done(&key("a"), found("3"));
    assert_eq!(fetch.next(), Some(key("a")));
}

#[test]
fn the_name_of_a_missing_secret_brings_it() {
    let mut fetch = naming(&["a"]);
    fetch.next();
    fetch.done(&key("a"), Outcome::Missing);
    fetch.seen(&key("unnamed"), "1");
    fetch.seen(&key("a"), "1");
    assert_eq!([fetch.next(), fetch.next()], [Some(key("a")), None]);
}

#[test]
fn what_is_no_longer_named_is_dropped_and_its_answer_ignored() {
    let mut fetch = naming(&["a", "b"]);
    fetch.next();
    fetch.done(&key("a"), found("1"));
    fetch.next();
    assert_eq!(fetch.name(BTreeSet::new(), Unknown::AskedFor, |_| false), [key("a")]);
    assert!(!fetch.done(&key("b"), found("1")));
    assert!(fetch.is_idle());
}

#[test]
fn what_failed_is_asked_for_again_in_time() {
    let mut fetch = naming(&["a"]);
    fetch.next();
    fetch.done(&key("a"), Outcome::Failed);
    assert!(fetch.is_idle() && fetch.has_failed() && !fetch.is_settled());
    fetch.retry();
    assert_eq!(fetch.next(), Some(key("a")));
}

#[test]
fn before_a_list_of_names_only_those_on_it_are_asked_for() {
    let mut fetch = Fetch::default();
    fetch.name([key("a"), key("b")].into(), Unknown::Missing, |_| false);
    assert_eq!(fetch.next(), None);
    fetch.seen(&key("b"), "1");
    assert_eq!([fetch.next(), fetch.next()], [Some(key("b")), None]);
}
