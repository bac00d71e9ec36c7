//! The operator's process ends at a call that it makes, before the call takes effect or after it
//! did; the journal's lines are among them. Then the run is resumed, or walked back.

use super::*;
use crate::simulated::Fault;

/// From one call that is the last to the next; prime, so that all kinds of calls have their turn.
const STRIDE: usize = 41;

enum Then {
    Resume,
    RollBack,
}

async fn killed_along_the_way(start: fn() -> Trial, then: Then) {
    let calls = {
        let trial = start();
        trial.renew().await.expect("a success");
        trial.sim.faults().calls()
    };
    for call in (0..calls).step_by(STRIDE) {
        let after = call % 2 == 0;
        let trial = start();
        trial.sim.faults().plan(Fault::Kill { call, after });
        if trial.renew_or_die().await.is_some() {
            continue;
        }
        let last = trial.sim.state().calls.last().cloned();
        let at = format!("killed at call {call} of {calls} ({last:?}, after: {after})");
        match then {
            Then::Resume => {
                trial.renew().await.unwrap_or_else(|halt| panic!("{at}: {halt}"));
                trial.assert_renewed();
            }
            Then::RollBack => {
                trial.roll_back().await.unwrap_or_else(|halt| panic!("{at}: {halt}"));
                trial.assert_as_before();
            }
        }
        assert_writer_never_waited(&trial);
    }
}

#[tokio::test]
async fn a_cross_killed_at_any_call_is_resumed() {
    killed_along_the_way(crossed, Then::Resume).await;
}

#[tokio::test]
async fn a_cross_killed_at_any_call_is_walked_back() {
    killed_along_the_way(crossed, Then::RollBack).await;
}

#[tokio::test]
async fn leaves_killed_at_any_call_are_resumed() {
    killed_along_the_way(leaves, Then::Resume).await;
}

#[tokio::test]
async fn leaves_killed_at_any_call_are_walked_back() {
    killed_along_the_way(leaves, Then::RollBack).await;
}

#[tokio::test]
async fn a_bundle_killed_at_any_call_is_resumed() {
    killed_along_the_way(bundled, Then::Resume).await;
}

#[tokio::test]
async fn a_bundle_killed_at_any_call_is_walked_back() {
    killed_along_the_way(bundled, Then::RollBack).await;
}
