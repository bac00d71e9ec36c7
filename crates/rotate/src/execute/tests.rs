//! Plans carried out on the simulated cluster.

mod api_servers;
mod faults;
mod kills;
mod lab;
mod operators;
mod rotation;
mod shapes;
mod trial;
mod verify;
mod waits;

use std::time::Duration;

use trial::Trial;

use crate::{Mode, example::Ack, plan::Wish};

fn crossed() -> Trial {
    Trial::new(&Ack::default(), &Wish::default())
}

/// Only leaves are due.
fn leaves() -> Trial {
    Trial::new(&Ack { ca_days: 4 * 365, leaf_days: 20, ..Ack::default() }, &Wish::default())
}

/// Without the old authority's key nobody can vouch for the new one.
fn bundled() -> Trial {
    Trial::new(&Ack { has_ca_keys: false, ..Ack::default() }, &Wish::default())
}

fn same_key() -> Trial {
    Trial::new(&Ack::default(), &Wish { mode: Some(Mode::SameKey), ..Wish::default() })
}

/// All at once, though everything is valid.
fn swept() -> Trial {
    let wish = Wish { mode: Some(Mode::Sweep), accepts_absence: true, ..Wish::default() };
    Trial::new(&Ack::default(), &wish)
}

/// E3: nothing is valid any more.
fn expired() -> Trial {
    Trial::new(&Ack { ca_days: -3, ..Ack::default() }, &Wish::default())
}

fn assert_writer_never_waited(trial: &Trial) {
    assert_eq!(trial.sim.state().writer.longest_gap, Duration::ZERO);
}

#[tokio::test]
async fn a_new_authority_is_crossed_in_with_one_restart_each_and_the_writer_never_waits() {
    let trial = crossed();
    assert_eq!(trial.plan.mode, Mode::Cross);
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
    // Three members and three API servers, and one of these once more, first of all.
    assert_eq!(trial.sim.state().writer.restarts, 7);
}

#[tokio::test]
async fn leaves_are_renewed_without_any_restart() {
    let trial = leaves();
    assert_eq!(trial.plan.mode, Mode::Leaf);
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
    assert_eq!(trial.sim.state().writer.restarts, 0);
}

#[tokio::test]
async fn a_bundle_takes_two_restarts_each_and_the_writer_never_waits() {
    let trial = bundled();
    assert_eq!(trial.plan.mode, Mode::Bundle);
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
    assert_eq!(trial.sim.state().writer.restarts, 13);
}

#[tokio::test]
async fn the_same_key_gets_a_longer_life() {
    let trial = same_key();
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
    trial.roll_back().await.expect("the way back");
    trial.assert_as_before();
}

#[tokio::test]
async fn leaves_that_expired_heal_without_a_restart() {
    let trial =
        Trial::new(&Ack { ca_days: 4 * 365, leaf_days: -3, ..Ack::default() }, &Wish::default());
    assert!(!trial.sim.state().can_write());
    trial.renew().await.expect("a success");
    assert!(trial.sim.state().can_write());
    assert_eq!(trial.sim.state().writer.restarts, 0);
}

#[tokio::test]
async fn an_expired_authority_is_replaced_in_one_sweep() {
    let trial = expired();
    assert_eq!(trial.plan.mode, Mode::Sweep);
    assert!(!trial.sim.state().can_write());
    trial.renew().await.expect("a success");
    trial.assert_renewed();
}

#[tokio::test]
async fn a_finished_run_can_still_be_walked_back() {
    for trial in [crossed(), leaves(), bundled()] {
        trial.renew().await.expect("a success");
        trial.roll_back().await.expect("the way back");
        trial.assert_as_before();
        assert_writer_never_waited(&trial);
    }
}

#[tokio::test]
async fn a_run_that_is_done_is_done_again_without_touching_anything() {
    let trial = crossed();
    trial.renew().await.expect("a success");
    let (files, restarts) = (trial.sim.files(), trial.sim.state().writer.restarts);
    trial.renew().await.expect("nothing to do");
    assert_eq!(trial.sim.files(), files);
    assert_eq!(trial.sim.state().writer.restarts, restarts);
}
