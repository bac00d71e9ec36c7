//! `doorward pki renew` killed by `kill -9`, then resumed or walked back, on the masters of
//! [`pki_renew`](super::pki_renew) and while somebody writes. The suite kills at one step of each
//! kind; the two tests that kill at every step are run by hand, as they take long:
//! `cargo test -p doorward --test it -- --ignored killed_at_every_step --nocapture`.

use std::time::{Duration, Instant};

use crate::{
    pki::{Heard, ROTATED, Told, assert_nothing_lost, assert_same, files, pki, restarts},
    pki_renew::quick_lab,
};

/// Words of steps as they are told: one of each kind.
const STEPS: [&str; 7] = [
    "make and check",
    "stage on master-2",
    "back up master-3",
    "etcd on master-2: ",
    "kube-apiserver on master-1: ",
    "etcd on master-1: ",
    "verify files",
];

#[tokio::test]
async fn killed_at_a_step_it_is_walked_back_to_the_very_same_files() {
    let Some(lab) = quick_lab().await else { return };
    let before = files(&lab);
    let writer = lab.writer().await;
    let mut all = String::new();
    for step in STEPS {
        let begun = Instant::now();
        let mut run = Heard::begin(&lab, "renew", &["--yes"]).await;
        run.until(|line| line.contains(step)).await;
        run.kill().await;
        all += &pki(&lab, "rollback", &["--yes"]).await;
        eprintln!("killed at \"{step}\", walked back: {:.1} s", begun.elapsed().as_secs_f64());
        assert_same(&before, &lab);
    }
    assert_nothing_lost("killed and walked back", restarts(&all), &writer.report().await);
}

#[tokio::test]
async fn killed_at_a_step_it_is_resumed() {
    let Some(lab) = quick_lab().await else { return };
    let writer = lab.writer().await;
    let mut run = Heard::begin(&lab, "renew", &["--yes"]).await;
    run.until(|line| line.contains("etcd on master-2: ")).await;
    run.kill().await;
    // Again while it goes on, when a member is on its way down or up.
    for step in ["restart", "etcd on master-3: ", "verify files"] {
        let mut run = Heard::begin(&lab, "resume", &[]).await;
        run.until(|line| line.contains(step)).await;
        run.kill().await;
    }
    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost(
        "killed and resumed, the last time",
        restarts(&told),
        &writer.report().await,
    );
    pki(&lab, "verify", &[]).await;
}

#[tokio::test]
#[ignore = "some minutes: it kills the run at every step"]
async fn killed_at_every_step_it_is_resumed() {
    let Some(lab) = quick_lab().await else { return };
    let writer = lab.writer().await;
    let mut run = Heard::begin(&lab, "renew", &["--yes"]).await;
    let mut killed_at = 0;
    // Each time a step further.
    while let Some(line) = run.next_line(|line| step(line) > Some(killed_at)).await {
        killed_at = step(&line).unwrap();
        somewhere_in(killed_at).await;
        run.kill().await;
        run = Heard::begin(&lab, "resume", &[]).await;
    }
    let Told { code, out, err } = run.end().await;
    assert_eq!(code, Some(0), "{out}\n{err}");
    assert_eq!(out.lines().last(), Some(ROTATED), "{out}");
    let what = format!("killed at each of {killed_at} steps and resumed");
    assert_nothing_lost(&what, restarts(&out), &writer.report().await);
    pki(&lab, "verify", &[]).await;
}

#[tokio::test]
#[ignore = "half an hour: it kills a run at every step"]
async fn killed_at_every_step_it_is_walked_back_to_the_very_same_files() {
    let Some(lab) = quick_lab().await else { return };
    let before = files(&lab);
    let writer = lab.writer().await;
    let mut all = String::new();
    // The first one that is not killed is the end.
    for killed_at in 1.. {
        let begun = Instant::now();
        let mut run = Heard::begin(&lab, "renew", &["--yes"]).await;
        let is_killed = run.next_line(|line| step(line) == Some(killed_at)).await.is_some();
        if is_killed {
            somewhere_in(killed_at).await;
        }
        run.kill().await;
        all += &pki(&lab, "rollback", &["--yes"]).await;
        let took = begun.elapsed().as_secs_f64();
        eprintln!("killed at step {killed_at}: {is_killed}; walked back: {took:.1} s");
        assert_same(&before, &lab);
        if !is_killed {
            break;
        }
    }
    let what = "killed at each step, each walked back";
    assert_nothing_lost(what, restarts(&all), &writer.report().await);
}

/// The number of the step that a line tells of.
fn step(line: &str) -> Option<u64> {
    line.split_whitespace().next()?.parse().ok()
}

/// Not at its very beginning only, where nothing is done yet.
async fn somewhere_in(step: u64) {
    tokio::time::sleep(Duration::from_millis(step * 137 % 700)).await;
}
