use std::{sync::Arc, time::Duration};

use model::{CertificateId, ObjectRef, Reason, Verdict};
use prometheus_client::registry::Registry;
use tokio::{sync::watch, time::timeout};
use translate::{Memory, Settings};

use super::{
    LONGEST_SLEEP, Outlet, Reconciles, SHORTEST_SLEEP, Translating, new_problems, publish, until,
};

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

/// In which `edge-lb:443` has this Default.
fn remembering(id: &str) -> Arc<Memory> {
    let defaults = [("edge-lb:443".parse().unwrap(), CertificateId::store(id))];
    Arc::new(Memory { defaults: defaults.into(), ..Memory::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_over_is_remembered_as_if_it_was_concluded_here() {
    let (_worlds, worlds) = watch::channel(Arc::default());
    let (leader, led) = watch::channel(Arc::default());
    let (models, verdicts) = (watch::Sender::default(), watch::Sender::default());
    let (memories, mut memory) = watch::channel(Arc::<Memory>::default());
    let (translating, next) = Translating::start(
        worlds,
        Settings::default(),
        Memory::clone(&remembering("first")),
        Some(led),
        Outlet { models, verdicts, worlds: watch::Sender::default(), memories },
        Reconciles::new(&mut Registry::default()),
    );
    let defaults = |memory: &Memory| memory.defaults.clone();
    // Or a replica that comes to lead would write for all what it does not remember at all.
    assert_eq!(defaults(&memory.borrow()), remembering("first").defaults);

    let running = tokio::spawn(translating.run(next));
    leader.send_replace(remembering("second"));
    let second = memory.wait_for(|memory| defaults(memory) == remembering("second").defaults);
    timeout(testkit::LIMIT, second).await.expect("in time").expect("it runs");
    running.abort();
}
