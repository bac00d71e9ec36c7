//! What has ended, with a master out of reach and a run that is killed on top of it.

use jiff::SignedDuration;
use testkit::lab::{Ages, Lab, Shape, Timing};

use crate::pki::{Heard, ROTATED, assert_nothing_lost, pki, restarts, says};

/// Long enough for a lab to come up, short enough to wait for its end.
const SHORT: SignedDuration = SignedDuration::from_secs(45);

#[tokio::test]
async fn two_of_three_come_back_from_an_expired_authority_and_the_third_follows_later() {
    let ages = Ages { authority: SHORT, leaf: SHORT };
    let Some(lab) = Lab::start(Shape { ages, timing: Timing::Default, ..Shape::default() }).await
    else {
        return;
    };
    tokio::time::sleep(SHORT.unsigned_abs()).await;
    let three = &lab.machines()[2];
    three.shut();

    let mut run = Heard::begin(&lab, "renew", &["--yes"]).await;
    run.until(|line| line.contains("stop etcd on 2 hosts")).await;
    let one = &lab.machines()[0];
    testkit::wait_until(testkit::LIMIT, || async { one.run("pgrep -x etcd").is_err() }).await;
    run.kill().await;
    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    // Begins only when a write is acknowledged.
    let writer = lab.writer().await;

    three.open();
    let told = pki(&lab, "renew", &["--yes"]).await;
    says(&told, "master-3 was left behind");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("the third follows", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;
}
