//! SSH that goes away while a run is at work: for a moment, and for good.

use testkit::lab::{Lab, Machine};

use super::{before_systemctl, lab, machine};
use crate::pki::{
    Heard, ROTATED, Told, assert_nothing_lost, assert_same, files, pki, restarts, says,
};

/// The stop is held where the machine carries it out, so that the connection breaks within it.
#[tokio::test]
async fn a_connection_lost_during_a_restart_is_made_anew_and_its_result_is_told() {
    let Some(lab) = lab().await else { return };
    let writer = lab.writer().await;
    lab.machines().iter().for_each(hold_stops);
    let mut run = Heard::begin(&lab, "renew", &["--yes"]).await;
    let step = run.until(|line| line.contains("etcd on ") && line.ends_with(", restart")).await;
    let machine = machine(&lab, &step);
    machine.is_waited_at().await;
    machine.cut();
    lab.machines().iter().for_each(|machine| drop(machine.must("touch /run/may-stop")));
    let Told { code, out, err } = run.end().await;
    assert_eq!(code, Some(0), "{out}\n{err}");
    assert_eq!(out.lines().last(), Some(ROTATED), "{out}");
    says(&out, &format!("Lost {} during the stop of etcd: ", machine.name));
    says(&out, &format!("Reached {} again after ", machine.name));
    says(&out, "; the stop of etcd is done.");
    assert_eq!(machine.must("ls /var/lib/pki/steps"), "", "the step's result was read");
    assert_nothing_lost("cut during a restart", restarts(&out), &writer.report().await);
    pki(&lab, "verify", &[]).await;
}

/// etcd is not stopped on the machine before somebody allows it.
fn hold_stops(machine: &Machine) {
    let wait = "while [ ! -e /run/may-stop ]; do sleep 0.05; done";
    before_systemctl(machine, "stop*etcd.service", wait);
}

#[tokio::test]
async fn a_master_lost_for_good_stops_the_run_in_overlap_whence_both_ways_lead_out() {
    let Some(lab) = lab().await else { return };
    let before = files(&lab);
    let writer = lab.writer().await;

    let out = stopped_without_the_third(&lab).await;
    says(&out, "Continue: doorward pki resume R1. Undo: doorward pki rollback R1.");
    let told = pki(&lab, "rollback", &["--yes"]).await;
    assert!(told.ends_with("etcd CA and certs are as they were before R1.\n"), "{told}");
    assert_same(&before, &lab);

    let out = stopped_without_the_third(&lab).await;
    says(&out, "Continue: doorward pki resume R2. Undo: doorward pki rollback R2.");
    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("without the third", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;
}

/// It ends with exit code 3, and SSH is back after that.
async fn stopped_without_the_third(lab: &Lab) -> String {
    let three = &lab.machines()[2];
    let mut run = Heard::begin(lab, "renew", &["--yes"]).await;
    run.until(|line| line.contains("etcd on master-2: ")).await;
    three.shut();
    let Told { code, out, err } = run.end().await;
    assert_eq!(code, Some(3), "{out}\n{err}");
    says(&out, "Lost master-3 during a ");
    says(&out, "Stopped in overlap (old and new CA both accepted).");
    says(&out, "The cluster is healthy: 3/3.");
    three.open();
    out
}
