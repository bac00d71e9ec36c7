use std::time::Duration;

use tokio::time::Instant;

use super::{PAUSE, Refusals, Right};

const INGRESSES: Right = Right::Status { group: "networking.k8s.io", plural: "ingresses" };

#[test]
fn a_rule_names_the_status_and_nothing_wider() {
    assert_eq!(
        INGRESSES.rule(),
        r#"{apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["patch"]}"#
    );
    assert_eq!(
        Right::Events.rule(),
        r#"{apiGroups: [""], resources: ["events"], verbs: ["list", "create", "patch"]}"#
    );
}

#[test]
fn a_missing_rule_is_news_once_and_pauses_only_what_it_forbids() {
    let now = Instant::now();
    let mut refusals = Refusals::default();
    assert!(refusals.refused(INGRESSES, now));
    assert!(!refusals.refused(INGRESSES, now + PAUSE), "told already");
    let later = now + PAUSE + Duration::from_secs(1);
    assert!(refusals.is_paused(INGRESSES, later) && !refusals.is_paused(Right::Events, later));
    assert_eq!(refusals.next(later), Some(now + PAUSE * 2));
    assert!(!refusals.is_paused(INGRESSES, now + PAUSE * 2));
    assert_eq!(refusals.next(now + PAUSE * 2), None);
}

#[test]
fn a_rule_that_came_is_news_once_too() {
    let now = Instant::now();
    let mut refusals = Refusals::default();
    assert!(!refusals.granted(Right::Events));
    refusals.refused(Right::Events, now);
    assert!(refusals.granted(Right::Events) && !refusals.granted(Right::Events));
    assert!(!refusals.is_paused(Right::Events, now));
    assert!(refusals.refused(Right::Events, now), "gone again");
}
