//! Others at work on the same machines: a second operator, and whoever changes files by hand.

use super::*;
use crate::{
    HostName,
    example::{TestCa, host},
    simulated::{Fault, File, text},
};

fn lock_of_another(trial: &Trial, on: &HostName) {
    lock_of(trial, on, "R12", "root@ops2 pid 4242");
}

fn lock_of(trial: &Trial, on: &HostName, run: &str, who: &str) {
    let owner = crate::journal::LockOwner {
        run: run.to_owned(),
        folder: format!("/home/another/.doorward/pki/{run}").into(),
        who: who.to_owned(),
        since: trial.sim.state().now,
    };
    trial.sim.state().machines.get_mut(on).expect("a host").lock = Some(owner);
}

/// Changes a file of a host as somebody else would.
fn meddle(trial: &Trial, on: &HostName, path: &str, put: &str) {
    let mut state = trial.sim.state();
    let machine = state.machines.get_mut(on).expect("a host");
    let File { attributes, .. } = machine.files[std::path::Path::new(path)].clone();
    machine.put(path.as_ref(), text(put), attributes);
}

#[tokio::test]
async fn two_operators_the_second_is_told_who_has_the_lock_and_changes_nothing() {
    let trial = crossed();
    lock_of_another(&trial, &host(2));
    let halt = trial.renew().await.expect_err("a lock");
    assert!(halt.why.contains("R12 by root@ops2 pid 4242"), "{halt}");
    assert!(halt.why.contains("--break-lock R12"), "{halt}");
    assert!(halt.is_unchanged && halt.standing == "Nothing was changed.", "{halt}");
    assert_eq!(trial.sim.files(), trial.before);
    let locked = trial.sim.state().machines.values().filter(|m| m.lock.is_some()).count();
    assert_eq!(locked, 1, "only the other's lock is left");
}

#[tokio::test]
async fn a_lock_that_nobody_holds_any_more_is_taken_when_its_run_is_named() {
    let trial = crossed().breaking("R12");
    lock_of_another(&trial, &host(2));
    trial.renew().await.expect("a success");
    trial.assert_renewed();
}

#[tokio::test]
async fn breaking_the_lock_of_one_run_does_not_take_another_runs() {
    let trial = crossed().breaking("R11");
    lock_of_another(&trial, &host(2));
    let halt = trial.renew().await.expect_err("a lock");
    assert!(halt.why.contains("R12 by root@ops2 pid 4242"), "{halt}");
    assert_eq!(trial.sim.files(), trial.before);
}

#[tokio::test]
async fn a_run_of_the_same_number_in_another_folder_is_another_run() {
    let trial = crossed();
    lock_of(&trial, &host(2), "R1", "root@ops1 pid 4242");
    let halt = trial.renew().await.expect_err("a lock");
    assert!(halt.why.contains("(/home/another/.doorward/pki/R1)"), "{halt}");
    assert_eq!(trial.sim.files(), trial.before);
}

#[tokio::test]
async fn a_file_that_others_change_during_the_run_is_not_written_over() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Kill { call: 330, after: true });
    assert!(trial.renew_or_die().await.is_none());
    let theirs = TestCa::new("Theirs", &Ack::default());
    for (name, put, lines) in [
        (
            "peer-ca.pem",
            &theirs.pem,
            ["\n  - certificate CN=Peer-CA, serial ", "\n  + certificate CN=Theirs, serial "],
        ),
        (
            "etcd-server-key.pem",
            &theirs.key_pem,
            ["\n  - the private key of public key ", "\n  + the private key of public key "],
        ),
    ] {
        let path = format!("/var/lib/etcd/cert/{name}");
        let kept = trial.sim.files()[&(host(3), path.clone().into())].content.clone();
        meddle(&trial, &host(3), &path, put);
        for halt in [trial.renew().await, trial.roll_back().await] {
            let halt = halt.expect_err("a stop");
            assert!(halt.why.contains(&format!("master-3:{path}")), "{halt}");
            assert!(halt.why.contains("somebody else"), "{halt}");
            assert!(lines.iter().all(|line| halt.why.contains(line)), "{halt}");
            let secrets = put.lines().filter(|line| !line.contains("-----"));
            assert!(!secrets.into_iter().any(|line| halt.why.contains(line)), "{halt}");
        }
        meddle(&trial, &host(3), &path, std::str::from_utf8(kept.bytes()).expect("PEM"));
    }
    trial.renew().await.expect("the rest");
    trial.assert_renewed();
}

#[tokio::test]
async fn rights_that_somebody_takes_away_during_the_run_are_given_back() {
    for goes_back in [false, true] {
        let trial = crossed();
        trial.sim.faults().plan(Fault::Kill { call: 330, after: true });
        assert!(trial.renew_or_die().await.is_none());
        for machine in trial.sim.state().machines.values_mut() {
            let etcds = machine.files.iter_mut();
            let etcds = etcds.filter(|(path, _)| path.starts_with(crate::example::DIRECTORY));
            for (_, file) in etcds {
                (file.attributes.uid, file.attributes.mode) = (0, 0o600);
            }
        }
        match goes_back {
            true => trial.roll_back().await.expect("the way back"),
            false => trial.renew().await.expect("the rest"),
        }
        match goes_back {
            true => trial.assert_as_before(),
            false => trial.assert_renewed(),
        }
    }
}
