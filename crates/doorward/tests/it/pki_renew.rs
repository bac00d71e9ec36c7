//! `doorward pki renew`, `resume` and `rollback` on three masters with a real etcd and API servers
//! that read what real ones read, over a real ssh, while somebody writes. Skipped where no such
//! machines can be made.

use std::time::Instant;

use jiff::SignedDuration;
use testkit::lab::{Ages, Authority, Lab, Shape, Timing, api_server};

use crate::pki::{DAY, ROTATED, assert_nothing_lost, assert_same, files, pki, restarts};

/// Long enough for a lab to come up, short enough to wait for its end.
const SHORT: SignedDuration = SignedDuration::from_secs(45);

/// Not a test: the machines of the lab run it as their kube-apiserver.
#[test]
#[ignore = "the machines of the lab run it"]
fn stand_in_for_kube_apiserver() {
    api_server::run();
}

async fn lab(ages: Ages) -> Option<Lab> {
    Lab::start(Shape { has_api_servers: true, ages, ..Shape::default() }).await
}

/// For what does not depend on how long elections take.
pub async fn quick_lab() -> Option<Lab> {
    let timing = Timing::Default;
    Lab::start(Shape { has_api_servers: true, timing, ..Shape::default() }).await
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

/// Nothing here signs for Kubernetes, so its pair goes with the last program that trusts it. ACK's
/// console has its own authority's certificate behind that of each API server.
#[tokio::test]
async fn kubernetes_own_authority_overlaps_where_the_api_servers_are_alone() {
    let Some(lab) = quick_lab().await else { return };
    let serving = "/etc/kubernetes/pki/apiserver.crt";
    let console = Authority::new("console", DAY * 365).pem;
    for machine in lab.machines() {
        machine.must(&format!("cat >>{serving} <<'END'\n{console}END\n"));
    }
    let before = files(&lab);
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes", "--kubernetes", "--mode", "cross"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    for part in [
        "apiserver-ca.crt ← trust in kubernetes, old and new",
        "pki/ca.crt ← trust in kubernetes, new",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    pki(&lab, "verify", &[]).await;
    for machine in lab.machines() {
        let text = machine.must(&format!("cat {serving}"));
        assert!(text.ends_with(&console), "{text}");
        assert_eq!(
            text.matches("-----BEGIN").count(),
            3,
            "the new one, its cross and the console's"
        );
    }
    pki(&lab, "rollback", &["--yes"]).await;
    assert_nothing_lost("Kubernetes' own, there and back", restarts(&told), &writer.report().await);
    assert_same(&before, &lab);
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
