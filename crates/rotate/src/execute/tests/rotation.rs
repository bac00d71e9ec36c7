//! Products that renew their own certificates, carried out on the simulated cluster.

use std::{collections::BTreeMap, path::PathBuf};

use super::*;
use crate::{
    HostName, Program, Reread,
    example::{
        host,
        rancher::{Rancher, SERVICE_KEY},
    },
    simulated::Fault,
};

const PRODUCTS: [Program; 2] = [Program::K3s, Program::Rke2];
/// Prime, so that all kinds of calls have their turn.
const STRIDE: usize = 29;

fn trial(server: Program) -> Trial {
    Trial::of(Rancher { server, ..Rancher::default() }.facts(), &Wish::default())
}

/// Digests of what a product renews, and of what it does not.
fn files(trial: &Trial) -> [BTreeMap<(HostName, PathBuf), String>; 2] {
    let state = trial.sim.state();
    let is_leaf = |host: &HostName, path: &PathBuf| {
        let pairs = state.machines[host].components.iter().flat_map(|one| &one.pairs);
        let mut pairs = pairs.filter(|pair| pair.reread != Reread::Never);
        pairs.any(|pair| pair.certificate == *path || pair.key == *path)
    };
    let all = state.machines.iter().flat_map(|(host, machine)| {
        machine.files.iter().map(|(path, file)| ((host.clone(), path.clone()), file.digest.clone()))
    });
    let (leaves, others) = all.partition(|((host, path), _)| is_leaf(host, path));
    [leaves, others]
}

/// Every leaf is another one, and all else is what it was.
fn assert_rotated(trial: &Trial, before: &[BTreeMap<(HostName, PathBuf), String>; 2]) {
    trial.assert_renewed();
    let [leaves, others] = files(trial);
    assert_eq!(leaves.keys().collect::<Vec<_>>(), before[0].keys().collect::<Vec<_>>());
    for (place, digest) in &before[0] {
        assert_ne!(leaves.get(place), Some(digest), "{place:?}");
    }
    assert_eq!(others, before[1]);
    assert!(others.keys().any(|(_, path)| path.ends_with(SERVICE_KEY)));
}

#[tokio::test]
async fn every_server_is_renewed_once_and_the_writer_never_waits() {
    for server in PRODUCTS {
        let trial = trial(server);
        let before = files(&trial);
        trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
        assert_rotated(&trial, &before);
        assert_writer_never_waited(&trial);
        let calls = trial.sim.state().calls.clone();
        let commands = calls.iter().filter(|call| call.contains(" command "));
        assert_eq!(commands.count(), 3, "{server}");
        assert!(trial.sim.state().api.writes > 0, "API servers were asked to write");

        trial.renew().await.expect("nothing to do");
        let again = trial.sim.state().calls.clone();
        assert_eq!(again.iter().filter(|call| call.contains(" command ")).count(), 3);
    }
}

#[tokio::test]
async fn the_leader_hands_over_before_it_is_stopped() {
    let trial = trial(Program::K3s);
    let leader = trial.sim.state().etcd.leader.clone().expect("there is one");
    trial.renew().await.expect("a success");
    let notes = trial.notes();
    let handed = notes.iter().filter(|note| note.starts_with(&format!("{leader} led etcd")));
    assert_eq!(handed.count(), 1, "{notes:?}");
}

#[tokio::test]
async fn killed_at_any_call_it_is_resumed_by_looking() {
    for server in PRODUCTS {
        let whole = trial(server);
        whole.renew().await.expect("a success");
        for (turn, call) in (0..whole.sim.faults().calls()).step_by(STRIDE).enumerate() {
            let trial = trial(server);
            let before = files(&trial);
            trial.sim.faults().plan(Fault::Kill { call, after: turn % 2 == 0 });
            assert!(trial.renew_or_die().await.is_none(), "call {call} was never made");
            let last = trial.sim.state().calls.last().cloned();
            let at = format!("{server} killed at call {call} ({last:?})");
            trial.assert_sound();
            trial.renew().await.unwrap_or_else(|halt| panic!("{at}: {halt}"));
            assert_rotated(&trial, &before);
            assert_writer_never_waited(&trial);
            let calls = trial.sim.state().calls.clone();
            let commands = calls.iter().filter(|call| call.contains(" command ")).count();
            assert!(commands <= 4, "{at}: {commands} commands");
        }
    }
}

#[tokio::test]
async fn a_server_that_was_rotated_by_hand_and_not_restarted_is_restarted() {
    let trial = trial(Program::K3s);
    let before = files(&trial);
    trial.sim.state().machines.get_mut(&host(2)).expect("a host").take_leaves_away();
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    assert_rotated(&trial, &before);
}

#[tokio::test]
async fn one_that_does_not_come_back_stops_the_run_and_nobody_else_is_touched() {
    let trial = trial(Program::K3s);
    let words = "level=fatal msg=\"node password rejected\"";
    trial.sim.faults().plan(Fault::Broken { host: host(1), last_words: words });
    let before = files(&trial);
    let halt = trial.renew().await.expect_err("it does not come back");
    assert!(!halt.is_unchanged);
    assert!(halt.why.contains(&format!("k3s said last: \"{words}\"")), "{halt}");
    assert!(halt.standing.contains("2/3"), "{halt}");
    assert!(!halt.standing.contains("rollback"), "{halt}");
    let others = |files: &[BTreeMap<(HostName, PathBuf), String>; 2]| {
        let mut leaves = files[0].clone();
        leaves.retain(|(on, _), _| *on != host(1));
        leaves
    };
    assert_eq!(others(&files(&trial)), others(&before));
    trial.sim.faults().clear();
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    assert_rotated(&trial, &before);
}

#[tokio::test]
async fn there_is_a_way_back_only_as_long_as_nothing_was_done() {
    for server in PRODUCTS {
        let trial = trial(server);
        trial.roll_back().await.expect("nothing to walk back");
        trial.assert_as_before();

        trial.renew().await.expect("a success");
        let after = files(&trial);
        let halt = trial.roll_back().await.expect_err("it is refused");
        assert!(halt.is_unchanged, "{halt}");
        let sentence =
            format!("{server} made its own certificates anew on master-1, master-2, master-3");
        assert!(halt.why.contains(&sentence), "{halt}");
        assert_eq!(files(&trial), after);
    }
}
