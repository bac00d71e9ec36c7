use std::time::Duration;

use model::ObjectRef;
use report::StatusChange;
use serde_json::json;
use tokio::time::Instant;

use super::Pace;

const SECOND: Duration = Duration::from_secs(1);

fn change(name: &str, status: &str) -> StatusChange {
    let object = ObjectRef::namespaced("Ingress", "shop", name);
    StatusChange { object, uid: "u".into(), status: json!(status) }
}

/// The seconds at which one change is written when it is due all the time.
fn seconds(until: u32, note: impl Fn(&mut Pace, StatusChange, Instant)) -> Vec<u32> {
    let began = Instant::now();
    let mut pace = Pace::default();
    let mut written = Vec::new();
    for second in 0..until {
        let now = began + SECOND * second;
        for change in pace.admit(vec![change("web", "a")], now).changes {
            written.push(second);
            note(&mut pace, change, now);
        }
    }
    written
}

#[test]
fn what_was_written_is_not_written_again_while_it_comes_back() {
    assert_eq!(seconds(5, Pace::written), [0]);
}

#[test]
fn a_fight_over_a_field_is_fought_ever_more_rarely() {
    assert_eq!(
        seconds(1600, Pace::written),
        [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215, 1515],
        "at last every five minutes"
    );
}

#[test]
fn what_is_refused_is_tried_again_ever_more_rarely() {
    assert_eq!(seconds(600, Pace::failed), [0, 1, 3, 7, 15, 31, 63, 127, 255, 511]);
}

#[test]
fn another_status_and_another_object_do_not_wait() {
    let now = Instant::now();
    let mut pace = Pace::default();
    pace.failed(change("web", "a"), now);
    let of_another = StatusChange { uid: "new".into(), ..change("web", "a") };
    for at_once in [change("web", "b"), change("api", "a"), of_another] {
        assert_eq!(pace.admit(vec![at_once.clone()], now).changes, [at_once]);
    }
    let held = pace.admit(vec![change("web", "a")], now);
    assert_eq!((held.changes, held.next), (vec![], Some(now + SECOND)));
}

#[test]
fn an_object_at_rest_starts_anew() {
    let now = Instant::now();
    let mut pace = Pace::default();
    for _ in 0..5 {
        pace.written(change("web", "a"), now);
    }
    pace.admit(vec![], now + SECOND * (80 + 300));
    assert!(pace.0.is_empty());
}
