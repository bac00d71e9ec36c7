use super::*;

const PAUSE: Duration = Duration::from_secs(2);
const SECOND: Duration = Duration::from_secs(1);

fn candidate(now: Instant) -> Candidate {
    Candidate::new("me".into(), Pace::default(), now)
}

fn held_by(holder: &str) -> Lease {
    let spec = LeaseSpec {
        holder_identity: Some(holder.into()),
        lease_duration_seconds: Some(15),
        renew_time: Some(MicroTime("2026-11-21T12:00:00Z".parse().expect("a time"))),
        lease_transitions: Some(3),
        ..LeaseSpec::default()
    };
    Lease { spec: Some(spec), ..Lease::default() }
}

/// The record after its holder has renewed it once more.
fn renewed(lease: &Lease) -> Lease {
    let mut lease = lease.clone();
    let spec = lease.spec.as_mut().expect("a spec");
    let time = spec.renew_time.as_mut().expect("a time");
    time.0 += SECOND;
    lease
}

fn written(candidate: &Candidate) -> Lease {
    candidate.record("2026-11-21T12:00:00Z".parse().expect("a time"))
}

#[test]
fn a_lease_that_nobody_holds_is_taken_at_once() {
    let now = Instant::now();
    let nobody = Lease { spec: Some(LeaseSpec::default()), ..Lease::default() };
    let cases = [
        ("no object", None, Step::Create),
        ("no spec", Some(Lease::default()), Step::Replace),
        ("released", Some(nobody), Step::Replace),
        ("an empty holder", Some(held_by("")), Step::Replace),
        ("our own, after an answer was lost", Some(held_by("me")), Step::Replace),
    ];
    for (case, lease, expected) in cases {
        let mut candidate = candidate(now);
        assert_eq!(candidate.step(now), Step::Look, "{case}");
        candidate.saw(lease, now, PAUSE);
        assert_eq!(candidate.step(now), expected, "{case}");
    }
}

#[test]
fn a_lease_is_taken_over_when_it_was_watched_unchanged_for_its_whole_duration() {
    let start = Instant::now();
    let mut candidate = candidate(start);
    let lease = held_by("other");
    candidate.saw(Some(lease.clone()), start, PAUSE);
    assert_eq!(candidate.step(start), Step::Wait(start + PAUSE));

    candidate.saw(Some(renewed(&lease)), start + 14 * SECOND, PAUSE);
    candidate.saw(Some(renewed(&lease)), start + 28 * SECOND, Duration::ZERO);
    assert_eq!(candidate.step(start + 28 * SECOND), Step::Look, "14 s after it last changed");
    assert_eq!(candidate.step(start + 29 * SECOND), Step::Replace, "15 s after it last changed");
}

#[test]
fn the_times_in_the_record_do_not_matter() {
    let start = Instant::now();
    for time in ["0001-01-01T00:00:00Z", "9998-12-31T00:00:00Z"] {
        let mut lease = held_by("other");
        lease.spec.as_mut().expect("a spec").renew_time =
            Some(MicroTime(time.parse().expect("a time")));
        let mut candidate = candidate(start);
        candidate.saw(Some(lease), start, Duration::ZERO);
        assert_eq!(candidate.step(start + 14 * SECOND), Step::Look, "{time}");
        assert_eq!(candidate.step(start + 15 * SECOND), Step::Replace, "{time}");
    }
}

#[test]
fn edits_of_labels_do_not_keep_a_dead_leader_alive() {
    let start = Instant::now();
    let mut candidate = candidate(start);
    let mut lease = held_by("other");
    candidate.saw(Some(lease.clone()), start, PAUSE);
    lease.metadata.resource_version = Some("99".into());
    candidate.saw(Some(lease), start + 10 * SECOND, Duration::ZERO);
    assert_eq!(candidate.step(start + 15 * SECOND), Step::Replace);
    let version = written(&candidate).metadata.resource_version;
    assert_eq!(version.as_deref(), Some("99"), "what was seen last is what is replaced");
}

#[test]
fn a_duration_that_is_nonsense_neither_hurries_nor_blocks_anybody() {
    let start = Instant::now();
    let cases = [
        (None, 15),
        (Some(0), 15),
        (Some(-5), 15),
        (Some(1), 15),
        (Some(40), 40),
        (Some(i32::MAX), 60),
    ];
    for (seconds, expected) in cases {
        let mut lease = held_by("other");
        lease.spec.as_mut().expect("a spec").lease_duration_seconds = seconds;
        let mut candidate = candidate(start);
        candidate.saw(Some(lease), start, Duration::ZERO);
        let expires = start + expected * SECOND;
        assert_eq!(candidate.step(expires - SECOND), Step::Look, "{seconds:?}");
        assert_eq!(candidate.step(expires), Step::Replace, "{seconds:?}");
    }
}

#[test]
fn the_leader_renews_and_its_time_counts_from_when_the_renewal_was_sent() {
    let start = Instant::now();
    let mut candidate = candidate(start);
    candidate.saw(None, start, PAUSE);
    let certain_until = candidate.wrote(written(&candidate), start, PAUSE);
    assert_eq!(certain_until, start + 10 * SECOND);
    assert_eq!(candidate.step(start), Step::Wait(start + PAUSE));
    assert_eq!(candidate.step(start + PAUSE), Step::Replace);

    // The answer took three seconds.
    let certain_until = candidate.wrote(written(&candidate), start + PAUSE, PAUSE);
    assert_eq!(certain_until, start + 12 * SECOND);
    assert_eq!(candidate.step(start + 5 * SECOND), Step::Replace);
}

#[test]
fn a_leader_whose_renewals_fail_tries_on_and_steps_down_at_its_deadline() {
    let start = Instant::now();
    let mut candidate = candidate(start);
    candidate.saw(None, start, PAUSE);
    candidate.wrote(written(&candidate), start, PAUSE);
    candidate.failed(start + 7 * SECOND, PAUSE);
    assert_eq!(candidate.step(start + 8 * SECOND), Step::Wait(start + 9 * SECOND));
    assert_eq!(candidate.patience(start + 9 * SECOND), SECOND, "no longer than the term");
    candidate.failed(start + 9 * SECOND, PAUSE);
    assert_eq!(
        candidate.step(start + 9 * SECOND),
        Step::Wait(start + 10 * SECOND),
        "the deadline comes before the next try"
    );
    assert_eq!(candidate.step(start + 10 * SECOND), Step::Resign);

    candidate.stepped_down();
    assert_eq!(candidate.step(start + 11 * SECOND), Step::Replace, "it may win again");
}

#[test]
fn a_conflict_is_looked_into_before_anything_is_written() {
    let start = Instant::now();
    let mut candidate = candidate(start);
    candidate.saw(None, start, PAUSE);
    candidate.wrote(written(&candidate), start, PAUSE);
    let at = start + PAUSE;
    candidate.conflicted(at);
    let again = at + SECOND;
    assert_eq!(candidate.step(again), Step::Look);

    // Somebody has only put a label on it: the term goes on.
    let mut lease = written(&candidate);
    lease.metadata.resource_version = Some("99".into());
    candidate.saw(Some(lease), again, PAUSE);
    assert_eq!(candidate.step(again), Step::Replace);

    candidate.conflicted(again);
    candidate.saw(Some(held_by("other")), again, PAUSE);
    assert_eq!(candidate.step(again), Step::Resign, "the lease is another's");
}

#[test]
fn a_lease_that_was_deleted_ends_the_term() {
    let start = Instant::now();
    let mut candidate = candidate(start);
    candidate.saw(None, start, PAUSE);
    candidate.wrote(written(&candidate), start, PAUSE);
    candidate.conflicted(start);
    candidate.saw(None, start + SECOND, PAUSE);
    assert_eq!(candidate.step(start + SECOND), Step::Resign);
}

#[test]
fn the_record_counts_changes_of_the_holder_and_says_since_when_it_leads() {
    let start = Instant::now();
    let mut candidate = candidate(start);
    candidate.saw(Some(held_by("")), start, PAUSE);
    let first = written(&candidate);
    let spec = first.spec.clone().expect("a spec");
    assert_eq!(spec.holder_identity.as_deref(), Some("me"));
    assert_eq!(spec.lease_duration_seconds, Some(15));
    assert_eq!(spec.lease_transitions, Some(4));
    let labels = first.metadata.labels.clone().unwrap_or_default();
    assert_eq!(labels["app.kubernetes.io/managed-by"], "doorward");

    candidate.wrote(first, start, PAUSE);
    let later = candidate.record("2026-11-21T12:00:02Z".parse().expect("a time"));
    let later = later.spec.expect("a spec");
    assert_eq!(later.lease_transitions, Some(4));
    assert_eq!(later.acquire_time, spec.acquire_time);
    assert_ne!(later.renew_time, spec.renew_time);
}

#[test]
fn only_our_own_lease_is_released() {
    let start = Instant::now();
    let now = Timestamp::UNIX_EPOCH;
    let mut candidate = candidate(start);
    assert_eq!(candidate.release(now), None, "nothing was seen");
    candidate.saw(Some(held_by("other")), start, PAUSE);
    assert_eq!(candidate.release(now), None);
    candidate.saw(Some(held_by("me")), start, PAUSE);
    let released = candidate.release(now).expect("ours").spec.expect("a spec");
    assert_eq!(released.holder_identity, None);
    assert_eq!(released.lease_transitions, Some(3));
}
