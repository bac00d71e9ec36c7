//! Two ends stepped by hand: the session, and what an Envoy says to it. No sockets, no clock.

mod any_order;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{
    Answer, Flavour, IN_FLIGHT, Now, PATIENCE, Push, REPEAT, Session, Standing, TooMuch, What,
};
use crate::{
    catalogue::Catalogue,
    fixture::{Secrets, leaf, reach},
    wire::{DeltaDiscoveryRequest, DiscoveryRequest, Status},
};

const A: &str = "kubernetes://a";
const B: &str = "kubernetes://b";

struct Pair {
    session: Session,
    secrets: Secrets,
    catalogue: Catalogue,
    now: Now,
}

impl Pair {
    fn new(flavour: Flavour) -> Self {
        Self {
            session: Session::new(flavour, reach(), 1_000, 7),
            secrets: Secrets::default(),
            catalogue: Catalogue::default(),
            now: Now { instant: Instant::now(), time: Timestamp::UNIX_EPOCH },
        }
    }

    fn delta() -> Self {
        Self::new(Flavour::Delta)
    }

    fn sotw() -> Self {
        Self::new(Flavour::StateOfTheWorld)
    }

    /// The World becomes what `change` makes of it.
    fn change(&mut self, change: impl FnOnce(&mut Secrets)) {
        change(&mut self.secrets);
        self.catalogue = self.secrets.after(&self.catalogue);
        self.session.catalogue_changed();
    }

    fn put(&mut self, name: &str) {
        self.change(|secrets| {
            secrets.put(name, &leaf("a.test"));
        });
    }

    fn next(&mut self) -> Option<Push> {
        self.session.next(&self.catalogue, self.now)
    }

    /// All that can be sent now.
    fn all(&mut self) -> Vec<Push> {
        std::iter::from_fn(|| self.next()).collect()
    }

    fn wait(&mut self, time: Duration) {
        self.now.instant += time;
        self.session.woken(self.now);
    }

    fn standing(&self, name: &str) -> Standing {
        self.session.subscriptions()[name].standing()
    }

    // --- Envoy's words, Delta ---

    fn subscribe(&mut self, names: &[&str]) {
        let request = DeltaDiscoveryRequest {
            resource_names_subscribe: strings(names),
            ..DeltaDiscoveryRequest::default()
        };
        self.session.asked_delta(&request, self.now).unwrap();
    }

    fn unsubscribe(&mut self, names: &[&str]) {
        let request = DeltaDiscoveryRequest {
            resource_names_unsubscribe: strings(names),
            ..DeltaDiscoveryRequest::default()
        };
        self.session.asked_delta(&request, self.now).unwrap();
    }

    fn answer(&mut self, push: &Push, error: Option<&str>) -> Option<Answer> {
        let request = DeltaDiscoveryRequest {
            response_nonce: push.nonce.to_string(),
            error_detail: error.map(status),
            ..DeltaDiscoveryRequest::default()
        };
        self.session.asked_delta(&request, self.now).unwrap()
    }

    fn ack_all(&mut self) {
        for push in self.all() {
            self.answer(&push, None);
        }
    }

    // --- SotW ---

    fn ask(&mut self, names: &[&str], version: &str, nonce: &str) -> Option<Answer> {
        self.ask_or_refuse(names, version, nonce, None)
    }

    fn ask_or_refuse(
        &mut self,
        names: &[&str],
        version: &str,
        nonce: &str,
        error: Option<&str>,
    ) -> Option<Answer> {
        let request = DiscoveryRequest {
            version_info: version.into(),
            resource_names: strings(names),
            response_nonce: nonce.into(),
            error_detail: error.map(status),
            ..DiscoveryRequest::default()
        };
        self.session.asked(&request, self.now).unwrap()
    }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn status(message: &str) -> Status {
    Status { code: 13, message: message.to_owned() }
}

#[track_caller]
fn content(push: Option<Push>) -> Push {
    let push = push.expect("something is sent");
    assert!(matches!(push.what, What::Content(_)), "{push:?}");
    push
}

fn version(push: &Push) -> &str {
    match &push.what {
        What::Content(content) => content.version.as_str(),
        _ => "",
    }
}

// --- both flavours ---

#[test]
fn each_response_holds_one_secret_and_a_nonce_of_its_own() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.put("b");
    pair.subscribe(&[A, B]);
    let sent = pair.all();
    assert_eq!(sent.iter().map(|push| &*push.name).collect::<Vec<_>>(), [A, B]);
    assert_ne!(sent[0].nonce, sent[1].nonce);
}

#[test]
fn nothing_is_sent_twice_and_only_what_changed_is_sent_again() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.put("b");
    pair.subscribe(&[A, B]);
    pair.ack_all();
    pair.change(|_| {});
    assert!(pair.next().is_none());

    pair.put("b");
    let push = content(pair.next());
    assert_eq!(&*push.name, B);
    assert_eq!(pair.standing(B), Standing::Sent);
    assert!(matches!(pair.answer(&push, None), Some(Answer::Acked(_))));
    assert_eq!(pair.standing(B), Standing::Acked);
    assert!(pair.next().is_none());
}

#[test]
fn what_was_refused_is_held_until_its_content_changes() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.subscribe(&[A]);
    let good = content(pair.next());
    pair.answer(&good, None);

    pair.put("a");
    let bad = content(pair.next());
    assert_eq!(pair.answer(&bad, Some("KEY_VALUES\nMISMATCH")), Some(Answer::Rejected));
    assert_eq!(pair.standing(A), Standing::Rejected);
    for _ in 0..3 {
        pair.change(|_| {});
        pair.subscribe(&[A]);
        pair.wait(REPEAT);
        assert!(pair.next().is_none(), "a refused secret is not sent again");
    }
    let subscription = &pair.session.subscriptions()[A];
    let held = subscription.acked_content().expect("the good one is still held");
    assert_eq!(held.content.version.as_str(), version(&good));
    assert_eq!(subscription.refusal().unwrap().error, "KEY_VALUES MISMATCH");

    pair.put("a");
    let next = content(pair.next());
    pair.answer(&next, None);
    assert_eq!(pair.standing(A), Standing::Acked);
    assert!(pair.session.subscriptions()[A].refusal().is_none());
}

#[test]
fn a_bad_secret_takes_no_other_with_it() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.put("b");
    pair.subscribe(&[A, B]);
    let [first, second] = pair.all().try_into().unwrap();
    pair.answer(&first, Some("no"));
    pair.answer(&second, None);
    assert_eq!((pair.standing(A), pair.standing(B)), (Standing::Rejected, Standing::Acked));
}

#[test]
fn a_bad_update_of_the_secret_is_never_sent() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.subscribe(&[A]);
    pair.ack_all();
    pair.change(|secrets| {
        secrets.break_pair("a");
    });
    assert!(pair.next().is_none());
    assert_eq!(pair.standing(A), Standing::Acked);
    let problem = pair.session.subscriptions()[A].problem().expect("it is told of");
    assert!(problem.contains("not PEM"), "{problem}");
}

#[test]
fn an_unchanged_secret_is_repeated_slowly_and_in_turn() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.put("b");
    pair.subscribe(&[A, B]);
    pair.ack_all();
    let mut names = Vec::new();
    for _ in 0..4 {
        let before = pair.now.instant;
        let at = pair.session.wake_at().expect("a repeat is planned");
        assert!(at > before && at <= before + REPEAT / 2);
        pair.wait(at - before);
        let push = content(pair.next());
        assert!(pair.next().is_none(), "one at a time");
        pair.answer(&push, None);
        names.push(push.name.to_string());
    }
    assert_eq!(names, [A, B, A, B]);
}

#[test]
fn a_client_that_never_answers_holds_up_nobody_for_ever_and_fills_no_memory() {
    let mut pair = Pair::sotw();
    pair.put("a");
    pair.put("b");
    pair.ask(&[A, B], "", "");
    let first = content(pair.next());
    assert!(pair.next().is_none(), "SotW waits for the answer");
    pair.wait(PATIENCE);
    let second = content(pair.next());
    assert_ne!(first.name, second.name);
    for _ in 0..10 * IN_FLIGHT {
        pair.put("a");
        pair.put("b");
        pair.wait(PATIENCE);
        pair.all();
    }
    assert!(pair.session.in_flight.len() <= 2 * IN_FLIGHT);
}

#[test]
fn a_client_that_changes_its_mind_without_end_fills_no_memory() {
    let mut pair = Pair::delta();
    for _ in 0..10 * IN_FLIGHT {
        pair.subscribe(&[A, B]);
        pair.unsubscribe(&[A, B]);
    }
    assert!(pair.session.due.len() <= 2 * IN_FLIGHT);
}

#[test]
fn too_many_names_and_too_long_ones_end_the_stream() {
    let mut pair = Pair::delta();
    let names: Vec<String> = (0..1_001).map(|number| format!("kubernetes://{number}")).collect();
    let request = |names: Vec<String>| DeltaDiscoveryRequest {
        resource_names_subscribe: names,
        ..DeltaDiscoveryRequest::default()
    };
    let refused = pair.session.asked_delta(&request(names.clone()), pair.now);
    assert_eq!(refused, Err(TooMuch::Subscriptions(1_000)));
    // Also name by name.
    let mut pair = Pair::delta();
    let last =
        names.iter().map(|name| pair.session.asked_delta(&request(vec![name.clone()]), pair.now));
    assert_eq!(last.last(), Some(Err(TooMuch::Subscriptions(1_000))));
    let mut pair = Pair::delta();
    let long = pair.session.asked_delta(&request(vec!["x".repeat(600)]), pair.now);
    assert_eq!(long, Err(TooMuch::Name(600)));
}

// --- Delta ---

#[test]
fn what_does_not_exist_is_removed_at_once_and_sent_when_it_appears() {
    let mut pair = Pair::delta();
    pair.subscribe(&[A]);
    let removed = pair.next().expect("an answer at once");
    assert!(matches!(removed.what, What::Removed));
    assert_eq!(pair.standing(A), Standing::Missing);
    // Old Envoys refuse that; it means nothing.
    assert_eq!(pair.answer(&removed, Some("Missing SDS resources")), None);
    pair.change(|_| {});
    assert!(pair.next().is_none(), "it is said once");

    pair.put("a");
    content(pair.next());
}

#[test]
fn a_deleted_secret_is_removed() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.subscribe(&[A]);
    pair.ack_all();
    pair.change(|secrets| {
        secrets.remove("a");
    });
    assert!(matches!(pair.next().expect("it is told").what, What::Removed));
}

#[test]
fn after_a_reconnect_everything_is_sent_whatever_the_client_claims_to_hold() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.subscribe(&[A]);
    pair.ack_all();
    // A new stream; `initial_resource_versions` is not even read.
    pair.session = Session::new(Flavour::Delta, reach(), 1_000, 8);
    pair.subscribe(&[A]);
    content(pair.next());
}

#[test]
fn who_subscribes_again_is_answered_again_and_who_unsubscribes_hears_no_more() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.subscribe(&[A]);
    pair.ack_all();
    pair.subscribe(&[A]);
    let again = content(pair.next());
    pair.answer(&again, None);

    pair.unsubscribe(&[A]);
    assert!(pair.next().is_none());
    pair.put("a");
    assert!(pair.next().is_none());
    pair.subscribe(&[A]);
    content(pair.next());
}

#[test]
fn an_answer_may_come_late_out_of_order_or_for_nothing() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.put("b");
    pair.subscribe(&[A, B]);
    let [first, second] = pair.all().try_into().unwrap();
    pair.answer(&second, None);
    pair.wait(PATIENCE * 2);
    pair.answer(&first, None);
    assert_eq!((pair.standing(A), pair.standing(B)), (Standing::Acked, Standing::Acked));
    assert_eq!(pair.answer(&first, Some("twice")), None);
    assert_eq!(pair.standing(A), Standing::Acked);
}

#[test]
fn a_newer_version_overtakes_one_that_is_not_answered_yet() {
    let mut pair = Pair::delta();
    pair.put("a");
    pair.subscribe(&[A]);
    let old = content(pair.next());
    pair.put("a");
    let new = content(pair.next());
    assert_ne!(version(&old), version(&new));
    pair.answer(&old, None);
    assert_eq!(pair.standing(A), Standing::Sent, "what is acknowledged is not the newest");
    pair.answer(&new, None);
    assert_eq!(pair.standing(A), Standing::Acked);
}

#[test]
fn no_more_are_in_flight_than_the_window_takes() {
    let mut pair = Pair::delta();
    let names: Vec<String> = (0..200).map(|number| format!("kubernetes://n{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    pair.subscribe(&names);
    let sent = pair.all();
    assert_eq!(sent.len(), IN_FLIGHT);
    pair.answer(&sent[0], None);
    assert_eq!(pair.all().len(), 1);
}

// --- SotW ---

#[test]
fn sotw_sends_one_and_waits_for_its_answer() {
    let mut pair = Pair::sotw();
    pair.put("a");
    pair.put("b");
    pair.ask(&[A, B], "", "");
    let first = content(pair.next());
    assert!(pair.next().is_none());
    pair.ask(&[A, B], version(&first), &first.nonce);
    let second = content(pair.next());
    assert_ne!(first.name, second.name);
}

#[test]
fn a_list_that_grows_name_by_name_is_answered_whole() {
    let mut pair = Pair::sotw();
    pair.put("a");
    pair.put("b");
    pair.ask(&[A], "", "");
    pair.ask(&[A, B], "", "");
    let first = content(pair.next());
    pair.ask(&[A, B], version(&first), &first.nonce);
    let second = content(pair.next());
    pair.ask(&[A, B], version(&second), &second.nonce);
    assert!(pair.next().is_none());
    assert_eq!((pair.standing(A), pair.standing(B)), (Standing::Acked, Standing::Acked));
}

#[test]
fn a_stale_nonce_is_no_answer() {
    let mut pair = Pair::sotw();
    pair.put("a");
    pair.ask(&[A], "", "");
    let first = content(pair.next());
    pair.ask(&[A], version(&first), &first.nonce);
    pair.put("a");
    let second = content(pair.next());
    // Written before the second response was read.
    assert_eq!(pair.ask(&[A], version(&first), &first.nonce), None);
    assert_eq!(pair.standing(A), Standing::Sent);
    pair.ask(&[A], version(&second), &second.nonce);
    assert_eq!(pair.standing(A), Standing::Acked);
}

#[test]
fn in_sotw_a_name_left_out_is_unsubscribed_and_sent_again_when_it_is_back() {
    let mut pair = Pair::sotw();
    pair.put("a");
    pair.ask(&[A], "", "");
    let first = content(pair.next());
    pair.ask(&[], version(&first), &first.nonce);
    pair.put("a");
    assert!(pair.next().is_none());
    pair.ask(&[A], version(&first), &first.nonce);
    content(pair.next());
}

#[test]
fn an_empty_list_is_no_wildcard() {
    let mut pair = Pair::sotw();
    pair.put("a");
    pair.ask(&[], "", "");
    assert!(pair.next().is_none());
}

#[test]
fn in_sotw_a_missing_secret_opens_the_listener_by_a_placeholder_that_is_to_be_refused() {
    let mut pair = Pair::sotw();
    pair.ask(&[A], "", "");
    let placeholder = pair.next().expect("an answer at once");
    assert!(matches!(placeholder.what, What::Placeholder));
    let answer = pair.ask_or_refuse(&[A], "", &placeholder.nonce, Some("incomplete private key"));
    assert_eq!(answer, None, "it counts for nothing");
    assert_eq!(pair.standing(A), Standing::Missing);
    assert!(pair.session.subscriptions()[A].refusal().is_none());
    pair.put("a");
    content(pair.next());
}

#[test]
fn a_client_that_may_hold_something_gets_no_placeholder() {
    let mut pair = Pair::sotw();
    pair.ask(&[A], "a version of before", "");
    assert!(pair.next().is_none());
    assert_eq!(pair.standing(A), Standing::Missing);

    let mut pair = Pair::sotw();
    pair.put("a");
    pair.ask(&[A], "", "");
    let first = content(pair.next());
    pair.ask(&[A], version(&first), &first.nonce);
    pair.change(|secrets| {
        secrets.remove("a");
    });
    assert!(pair.next().is_none(), "deleting takes nothing away from an Envoy");
}
