//! The operator's process ends at a call that it makes, before the call takes effect or after it
//! did; the journal's lines are among them. Then the run is resumed, walked back, or given up for
//! a fresh set. Whatever way is taken is cut off once more, and taken again.

use super::*;
use crate::simulated::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Resume,
    RollBack,
    Reissue,
    /// The run is through; the way back is what is killed, and then walked to its end.
    RollBackAgain,
    /// The way back is killed too, and the run goes on after all.
    ResumeAfterAll,
}

/// A kind of run, and what may become of it.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    start: fn() -> Trial,
    /// etcd is stopped as a whole, so whoever writes waits.
    has_downtime: bool,
}

const CROSS: Kind = Kind { name: "cross", start: crossed, has_downtime: false };
const BUNDLE: Kind = Kind { name: "bundle", start: bundled, has_downtime: false };
const LEAF: Kind = Kind { name: "leaf", start: leaves, has_downtime: false };
const SAME_KEY: Kind = Kind { name: "same-key", start: same_key, has_downtime: false };
const SWEEP: Kind = Kind { name: "sweep", start: swept, has_downtime: true };
const EXPIRED: Kind = Kind { name: "sweep of what expired", start: expired, has_downtime: true };

/// Calls that a run makes which nothing disturbs; none of them depends on keys.
async fn calls(kind: Kind, then: Then) -> usize {
    let trial = (kind.start)();
    trial.renew().await.expect("a success");
    if matches!(then, Then::RollBackAgain | Then::ResumeAfterAll) {
        trial.sim.faults().count_anew();
        trial.roll_back().await.expect("the way back");
    }
    trial.sim.faults().calls()
}

async fn killed_at(kind: Kind, then: Then, call: usize, after: bool) {
    let mut trial = (kind.start)();
    let is_way_back = matches!(then, Then::RollBackAgain | Then::ResumeAfterAll);
    if is_way_back {
        trial.renew().await.expect("a success");
        trial.sim.faults().count_anew();
    }
    trial.sim.faults().plan(Fault::Kill { call, after });
    let ended = match is_way_back {
        true => trial.roll_back_or_die().await,
        false => trial.renew_or_die().await,
    };
    assert!(ended.is_none(), "call {call} of {} was never made", kind.name);
    let last = trial.sim.state().calls.last().cloned();
    let at = format!("{} killed at call {call} ({last:?}, after: {after}), {then:?}", kind.name);
    trial.assert_sound();
    match then {
        Then::Resume | Then::ResumeAfterAll => trial.renew().await,
        Then::RollBack | Then::RollBackAgain => trial.roll_back().await,
        Then::Reissue => trial.reissue().await,
    }
    .unwrap_or_else(|halt| panic!("{at}: {halt}"));
    match then {
        Then::RollBack | Then::RollBackAgain => trial.assert_as_before(),
        Then::Reissue => trial.assert_one_set(),
        _ => trial.assert_renewed(),
    }
    if !kind.has_downtime && trial.plan.mode != Mode::Sweep {
        assert_eq!(trial.sim.state().writer.longest_gap, Duration::ZERO, "{at}");
    }
}

/// Every `stride`-th call, in turn before it takes effect and after; from `first` on, so that
/// different stories see different calls.
async fn killed_along_the_way(kind: Kind, then: Then, first: usize, stride: usize) {
    for (turn, call) in (first..calls(kind, then).await).step_by(stride).enumerate() {
        killed_at(kind, then, call, turn % 2 == 0).await;
    }
}

/// Prime, so that all kinds of calls have their turn.
const STRIDE: usize = 83;

#[tokio::test]
async fn a_cross_killed_at_any_call_is_resumed() {
    killed_along_the_way(CROSS, Then::Resume, 0, STRIDE).await;
}

#[tokio::test]
async fn a_cross_killed_at_any_call_is_walked_back() {
    killed_along_the_way(CROSS, Then::RollBack, 7, STRIDE).await;
}

#[tokio::test]
async fn a_cross_killed_at_any_call_gives_way_to_a_fresh_set() {
    killed_along_the_way(CROSS, Then::Reissue, 13, STRIDE).await;
}

#[tokio::test]
async fn a_way_back_killed_at_any_call_is_walked_to_its_end() {
    killed_along_the_way(CROSS, Then::RollBackAgain, 17, STRIDE).await;
}

#[tokio::test]
async fn a_way_back_killed_at_any_call_may_be_turned_round() {
    killed_along_the_way(CROSS, Then::ResumeAfterAll, 23, STRIDE).await;
}

#[tokio::test]
async fn a_bundle_killed_at_any_call_is_resumed() {
    killed_along_the_way(BUNDLE, Then::Resume, 3, STRIDE).await;
}

#[tokio::test]
async fn a_bundle_killed_at_any_call_is_walked_back() {
    killed_along_the_way(BUNDLE, Then::RollBack, 11, STRIDE).await;
}

#[tokio::test]
async fn a_bundle_killed_at_any_call_gives_way_to_a_fresh_set() {
    killed_along_the_way(BUNDLE, Then::Reissue, 19, STRIDE).await;
}

#[tokio::test]
async fn leaves_killed_at_any_call_are_resumed() {
    killed_along_the_way(LEAF, Then::Resume, 5, STRIDE).await;
}

#[tokio::test]
async fn leaves_killed_at_any_call_are_walked_back() {
    killed_along_the_way(LEAF, Then::RollBack, 9, STRIDE).await;
}

#[tokio::test]
async fn the_same_key_killed_at_any_call_is_resumed_or_walked_back() {
    killed_along_the_way(SAME_KEY, Then::Resume, 2, STRIDE).await;
    killed_along_the_way(SAME_KEY, Then::RollBack, 29, STRIDE).await;
}

#[tokio::test]
async fn a_sweep_killed_at_any_call_is_resumed_or_walked_back() {
    killed_along_the_way(SWEEP, Then::Resume, 4, STRIDE).await;
    killed_along_the_way(SWEEP, Then::RollBack, 31, STRIDE).await;
}

/// There is no way back: what was there is dead.
#[tokio::test]
async fn a_sweep_of_what_expired_killed_at_any_call_is_resumed_or_gives_way_to_a_fresh_set() {
    killed_along_the_way(EXPIRED, Then::Resume, 6, STRIDE).await;
    killed_along_the_way(EXPIRED, Then::Reissue, 37, STRIDE).await;
}

#[tokio::test]
#[ignore = "takes minutes: every call, before and after; the suite takes every n-th"]
async fn at_every_call_of_every_kind() {
    use Then::{Reissue, Resume, ResumeAfterAll, RollBack, RollBackAgain};
    let alive = [CROSS, BUNDLE, LEAF, SAME_KEY, SWEEP]
        .map(|kind| (kind, &[Resume, RollBack, Reissue, RollBackAgain, ResumeAfterAll][..]));
    for (kind, ends) in alive.into_iter().chain([(EXPIRED, &[Resume, Reissue][..])]) {
        for then in ends {
            let (begun, calls) = (std::time::Instant::now(), calls(kind, *then).await);
            for call in 0..calls {
                killed_at(kind, *then, call, false).await;
                killed_at(kind, *then, call, true).await;
            }
            eprintln!("{}, {then:?}: {} kills, {:?}", kind.name, 2 * calls, begun.elapsed());
        }
    }
}
