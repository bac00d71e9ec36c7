use std::{sync::Arc, time::Duration};

use model::{ObjectRef, Reason, Verdict};
use tokio::sync::watch;

use super::{LONGEST_SLEEP, SHORTEST_SLEEP, new_problems, publish, until};

#[test]
fn sleep_ends_when_time_changes_the_answer_but_never_spins() {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    for (next, wait) in [
        (Some("2027-01-01T00:00:10Z"), Duration::from_secs(10)),
        (Some("2027-01-01T00:00:00Z"), SHORTEST_SLEEP),
        (Some("2020-01-01T00:00:00Z"), SHORTEST_SLEEP),
        (Some("2099-01-01T00:00:00Z"), LONGEST_SLEEP),
        (None, LONGEST_SLEEP),
    ] {
        let next_change = next.map(|text| text.parse().unwrap());
        assert_eq!(until(next_change, now), wait, "{next:?}");
    }
}

#[test]
fn an_equal_value_wakes_nobody() {
    let (sender, mut receiver) = watch::channel(Arc::new(1));
    publish(&sender, 1);
    assert!(!receiver.has_changed().unwrap());
    publish(&sender, 2);
    assert!(receiver.has_changed().unwrap());
    assert_eq!(**receiver.borrow_and_update(), 2);
}

#[test]
fn a_problem_is_told_once() {
    let object = |name| ObjectRef::namespaced("Ingress", "shop", name);
    let missing = |name| Verdict::rejected(object(name), Reason::SecretNotFound, "it is missing");
    let fine = Verdict::accepted(object("c"));
    let before = [missing("a"), fine.clone()];
    let after = [missing("a"), missing("b"), fine];
    assert_eq!(new_problems(&before, &after), [&missing("b")]);
    assert_eq!(new_problems(&after, &after), [] as [&Verdict; 0]);
    let reworded = [Verdict { message: "it is gone".into(), ..missing("a") }];
    assert_eq!(new_problems(&before, &reworded), [&reworded[0]]);
}
