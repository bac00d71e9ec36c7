//! What takes its time or does not end: waited for, with a limit, and told meanwhile.

use super::*;
use crate::{HostName, Program, example::host, simulated::Fault};

const MINUTE: Duration = Duration::from_secs(60);

fn slow(replays: Duration) -> Fault {
    Fault::Slow { host: host(1), silent: Duration::from_secs(20), replays }
}

fn stops_of_etcd(trial: &Trial) -> usize {
    trial.sim.state().calls.iter().filter(|call| call.contains(" stop etcd")).count()
}

fn assert_in_overlap(trial: &Trial, standing: &str) {
    assert!(
        standing.starts_with("Stopped in overlap (old and new CA both accepted)."),
        "{standing}"
    );
    assert!(standing.contains("Continue: doorward pki resume R1."), "{standing}");
    trial.assert_sound();
    assert_writer_never_waited(trial);
}

#[tokio::test]
async fn a_member_that_replays_its_log_for_90_seconds_is_waited_for_and_shown() {
    let trial = crossed();
    trial.sim.faults().plan(slow(Duration::from_secs(70)));
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
    let screen = trial.screen.text();
    assert!(screen.contains("etcd on master-1: connection refused (5 s)"), "{screen}");
    let shown = screen.matches("etcd on master-1 is still replaying (applied ").count();
    assert!(shown >= 10, "{screen}");
    assert!(!screen.contains("killed"), "{screen}");
    assert_eq!(stops_of_etcd(&trial), 3);
}

#[tokio::test]
async fn a_member_that_replays_longer_than_may_be_ends_the_restarts_and_the_run_goes_on_later() {
    let trial = crossed();
    trial.sim.faults().plan(slow(MINUTE * 10));
    let halt = trial.renew().await.expect_err("it is too slow");
    assert!(halt.why.contains("etcd on master-1 is still replaying (applied "), "{halt}");
    assert!(halt.why.ends_with("(waited 120 s)"), "{halt}");
    assert!(halt.standing.contains("etcd has a quorum: 2/3 answer."), "{halt}");
    assert_in_overlap(&trial, &halt.standing);
    assert_eq!(stops_of_etcd(&trial), 1, "it was not killed, and nobody else was touched");
    trial.sim.state().advance(MINUTE * 10);
    trial.sim.faults().clear();
    trial.renew().await.expect("the rest");
    trial.assert_renewed();
    assert_eq!(stops_of_etcd(&trial), 3, "it was not started again");
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn elections_that_come_to_an_end_are_waited_for() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Unrest { host: host(1), lasts: Duration::from_secs(40) });
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    let screen = trial.screen.text();
    assert!(screen.contains("leadership moved from term "), "{screen}");
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn elections_without_end_stop_the_run_in_overlap_and_both_terms_are_told() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Unrest { host: host(1), lasts: MINUTE * 10 });
    let halt = trial.renew().await.expect_err("no leader stays");
    assert!(halt.why.contains("; meanwhile etcd went from term "), "{halt}");
    assert_in_overlap(&trial, &halt.standing);
    assert_eq!(stops_of_etcd(&trial), 1, "no other member was touched");
    trial.sim.state().advance(MINUTE * 10);
    trial.sim.faults().clear();
    trial.renew().await.expect("the rest");
    trial.assert_renewed();
}

#[tokio::test]
async fn a_member_that_says_nothing_is_not_asked_again_in_another_name() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Mute { host: host(3) });
    let halt = trial.renew().await.expect_err("nobody answers there");
    let told =
        "etcd on master-3 does not answer: an answer from 10.0.0.3:2379 took longer than 15 s";
    assert!(halt.why.contains(told), "{halt}");
    let state = trial.sim.state();
    let asked = |number: usize| {
        let asks = format!("{} etcd ", host(number));
        let of_itself = |call: &&String| call.contains(&asks) && call.contains("Status");
        state.calls.iter().filter(of_itself).count()
    };
    assert_eq!(asked(3), asked(2));
}

#[tokio::test]
async fn an_api_server_that_does_not_end_is_killed_after_its_time_and_that_is_said() {
    let trial = crossed();
    let hangs = Fault::Hangs { host: host(2), program: Program::KubeApiserver };
    trial.sim.faults().plan(hangs);
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    let told =
        "kube-apiserver on master-2 did not end within 30 s of being told to, and was killed.";
    assert!(trial.screen.text().contains(told), "{}", trial.screen.text());
}

#[tokio::test]
async fn a_member_that_does_not_end_is_not_killed() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Hangs { host: host(1), program: Program::Etcd });
    let halt = trial.renew().await.expect_err("it hangs");
    assert!(halt.why.contains("etcd still runs after it was told to stop"), "{halt}");
    assert_in_overlap(&trial, &halt.standing);
    let runs =
        |host: &HostName| trial.sim.state().machines[host].running.contains_key(&Program::Etcd);
    assert!(runs(&host(1)));
}

#[tokio::test]
async fn an_api_server_that_only_says_it_is_ready_does_not_open_the_gate() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Hollow { host: host(1) });
    let halt = trial.renew().await.expect_err("a hollow API server");
    assert!(
        halt.why.contains("kube-apiserver answers GET /api/v1/namespaces/kube-system with 500")
    );
    assert_in_overlap(&trial, &halt.standing);
    assert_eq!(stops_of_etcd(&trial), 0, "the canary ended the run before any member restarted");
}
