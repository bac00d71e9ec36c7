//! `doorward pki renew`, `resume` and `rollback` on three masters with a real etcd and API servers
//! that read what real ones read, over a real ssh, while somebody writes. Skipped where no such
//! machines can be made.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use testkit::lab::{Ages, Lab, Report, Shape, api_server};

use crate::BINARY;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Long enough for a lab to come up, short enough to wait for its end.
const SHORT: SignedDuration = SignedDuration::from_secs(45);
pub const ROTATED: &str = "etcd CA and certs have successfully rotated!";
/// What a writer may be kept waiting at most.
const ALLOWED_GAP: Duration = Duration::from_secs(5);

/// Not a test: the machines of the lab run it as their kube-apiserver.
#[test]
#[ignore = "the machines of the lab run it"]
fn stand_in_for_kube_apiserver() {
    api_server::run();
}

async fn lab(ages: Ages) -> Option<Lab> {
    Lab::start(Shape { has_api_servers: true, ages, ..Shape::default() }).await
}

fn command(lab: &Lab, verb: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["pki", verb]).args(arguments);
    command.arg("--inventory").arg(lab.inventory());
    if verb != "verify" {
        command.arg("--state").arg(lab.folder().join("state"));
    }
    command
}

/// Runs it to its end; what it said, if it went well.
pub async fn pki(lab: &Lab, verb: &str, arguments: &[&str]) -> String {
    let mut command = command(lab, verb, arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = output;
    let (told, wrong) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{verb}: {status}\n{told}\n{wrong}");
    told.into_owned()
}

/// What every file of every master is, with its attributes.
pub fn files(lab: &Lab) -> Vec<String> {
    let look = "cd / && find var/lib/etcd/cert etc/kubernetes ! -type d | sort | \
                while read -r file; do stat -c '%n %a %U:%G %Y' \"$file\"; \
                sha256sum < \"$file\"; done";
    lab.machines().iter().map(|machine| machine.must(look)).collect()
}

pub fn assert_same(before: &[String], lab: &Lab) {
    for (was, is) in before.iter().zip(files(lab)) {
        assert_eq!(*was, is);
    }
}

/// Restarts that a run told of; the plan, which `renew` prints before, tells of them too.
pub fn restarts(told: &str) -> usize {
    let run = told.split_once("\nRun ").map_or(told, |(_, run)| run);
    run.lines().filter(|line| line.ends_with(", restart") || line.ends_with(": restart")).count()
}

/// Prints the figures, too.
pub fn assert_nothing_lost(what: &str, restarts: usize, report: &Report) {
    eprintln!(
        "{what}: {} writes acknowledged, {} lost, longest gap {:.2} s, {:.1} s, {restarts} restarts",
        report.acknowledged,
        report.lost,
        report.longest_gap.as_secs_f64(),
        report.time.as_secs_f64()
    );
    assert_eq!(report.lost, 0, "{what}: {report:?}");
    assert!(report.longest_gap < ALLOWED_GAP, "{what}: {report:?}");
}

#[tokio::test]
async fn a_new_authority_is_crossed_in_under_a_writer_and_walked_back() {
    let Some(lab) = lab(Ages::default()).await else { return };
    let before = files(&lab);
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert!(told.contains("Mode cross"), "{told}");
    assert_nothing_lost("cross", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;

    let writer = lab.writer().await;
    let told = pki(&lab, "rollback", &["--yes"]).await;
    assert!(told.ends_with("etcd CA and certs are as they were before R1.\n"), "{told}");
    assert_nothing_lost("cross, walked back", restarts(&told), &writer.report().await);
    assert_same(&before, &lab);
}

#[tokio::test]
async fn a_bundle_loses_nothing_either() {
    let Some(lab) = lab(Ages::default()).await else { return };
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes", "--mode", "bundle"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("bundle", restarts(&told), &writer.report().await);
}

#[tokio::test]
async fn leaves_are_renewed_without_a_restart() {
    let ages = Ages { authority: DAY * 365 * 4, leaf: DAY * 20 };
    let Some(lab) = lab(ages).await else { return };
    let etcds = |lab: &Lab| -> Vec<String> {
        lab.machines().iter().map(|machine| machine.must("pgrep -x etcd")).collect()
    };
    let running = etcds(&lab);
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert!(told.contains("Mode leaf"), "{told}");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("leaf", restarts(&told), &writer.report().await);
    assert_eq!(etcds(&lab), running, "no process was started anew");
}

/// Begins to renew, and kills it when it says that it is at a step which `is_there` knows. What
/// is told before the run begins is the plan.
async fn killed(lab: &Lab, verb: &str, is_there: impl Fn(&str) -> bool + Send + 'static) -> bool {
    let mut command = command(lab, verb, &["--yes"]);
    tokio::task::spawn_blocking(move || {
        let mut child: Child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let run = lines.map_while(Result::ok).skip_while(|line| !line.starts_with("Run "));
        let reached = run.skip(1).any(|line| is_there(&line));
        child.kill().unwrap();
        child.wait().unwrap();
        reached
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn leaves_that_expired_heal_without_a_restart() {
    let ages = Ages { authority: DAY * 365 * 4, leaf: SHORT };
    let Some(lab) = lab(ages).await else { return };
    tokio::time::sleep(SHORT.unsigned_abs()).await;
    let begun = Instant::now();
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert!(told.contains("Mode leaf"), "{told}");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    eprintln!("expired leaves (E1): healed in {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(restarts(&told), 0, "{told}");
    // Begins only when a write is acknowledged.
    lab.writer().await;
}

#[tokio::test]
async fn an_expired_authority_is_replaced_in_one_sweep() {
    let Some(lab) = lab(Ages { authority: SHORT, leaf: SHORT }).await else { return };
    tokio::time::sleep(SHORT.unsigned_abs()).await;
    let begun = Instant::now();
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert!(told.contains("Mode sweep"), "{told}");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    eprintln!("expired authority (E3): healed in {:.1} s", begun.elapsed().as_secs_f64());
    lab.writer().await;
}

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
    let Some(lab) = lab(Ages::default()).await else { return };
    let before = files(&lab);
    let writer = lab.writer().await;
    let mut all = String::new();
    for step in STEPS {
        let begun = Instant::now();
        assert!(killed(&lab, "renew", move |line| line.contains(step)).await, "{step}");
        all += &pki(&lab, "rollback", &["--yes"]).await;
        eprintln!("killed at \"{step}\", walked back: {:.1} s", begun.elapsed().as_secs_f64());
        assert_same(&before, &lab);
    }
    assert_nothing_lost("killed and walked back", restarts(&all), &writer.report().await);
}

#[tokio::test]
async fn killed_at_a_step_it_is_resumed() {
    let Some(lab) = lab(Ages::default()).await else { return };
    let writer = lab.writer().await;
    assert!(killed(&lab, "renew", |line| line.contains("etcd on master-2: ")).await);
    // Again while it goes on, when a member is on its way down or up.
    for step in ["restart", "etcd on master-3: ", "verify files"] {
        let mut resume = command(&lab, "resume", &[]);
        let reached = tokio::task::spawn_blocking(move || {
            let mut child = resume.stdout(Stdio::piped()).spawn().unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let reached = lines.map_while(Result::ok).any(|line| line.contains(step));
            child.kill().unwrap();
            child.wait().unwrap();
            reached
        });
        assert!(reached.await.unwrap(), "{step}");
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
