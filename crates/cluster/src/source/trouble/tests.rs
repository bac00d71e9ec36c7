use super::*;

fn status(code: u16, message: &str) -> Error {
    Error::Api(Status::failure(message, "Reason").with_code(code).boxed())
}

#[test]
fn what_an_answer_means() {
    use watcher::Error::{InitialListFailed, WatchStartFailed};
    let denied = Trouble::Denied { verb: "list", says: "no rule".into() };
    for (error, expected, is_list_needed) in [
        (InitialListFailed(status(404, "no kind")), Trouble::Absent, false),
        (InitialListFailed(status(403, "no\n rule")), denied, false),
        (WatchStartFailed(status(404, "no kind")), Trouble::Absent, true),
        (
            WatchStartFailed(status(403, "no rule")),
            Trouble::Denied { verb: "watch", says: "no rule".into() },
            false,
        ),
        (WatchStartFailed(status(410, "too old")), Trouble::Cut, true),
        (WatchStartFailed(status(504, "Too large resource version: 9")), Trouble::Cut, true),
        (
            WatchStartFailed(status(504, "etcd")),
            Trouble::Away("it answers 504: etcd".into()),
            false,
        ),
    ] {
        assert_eq!(Trouble::of(&error), expected, "{error}");
        assert_eq!(needs_new_list(&error), is_list_needed, "{error}");
    }
}

#[test]
fn an_answer_that_is_no_json_is_not_quoted() {
    let error = serde_json::from_str::<u8>("\"c2VjcmV0\"").unwrap_err();
    let trouble = Trouble::of_call(&Error::SerdeError(error), "list");
    assert_eq!(trouble, Trouble::Away("its answer is not JSON".into()));
}

#[test]
fn waits_double_up_to_a_limit_and_differ_among_replicas() {
    let (pace, away) = (Pace::default(), Trouble::Away("gone".into()));
    let delay = |failures, chance| away.delay(&pace, failures, chance).as_millis();
    assert_eq!([delay(0, 0), delay(1, 0), delay(2, 0)], [250, 500, 1_000]);
    assert_eq!([delay(10, 0), delay(u32::MAX, 0)], [5_000, 5_000]);
    assert_eq!(delay(0, 512), 375);
    assert!(delay(10, 1_023) < 10_000);
    assert_eq!(Trouble::Absent.delay(&pace, 9, 7), pace.again);
}
