//! Members of etcd that do not come back when a run restarts them.

use testkit::lab::{Lab, Machine};

use super::{lab, machine};
use crate::pki::{Heard, ROTATED, Told, assert_nothing_lost, pki, restarts, says};

const UNIT: &str = "/etc/systemd/system/etcd.service";

/// Where the run is about to restart a member.
async fn next_restart<'l>(lab: &'l Lab, run: &mut Heard) -> &'l Machine {
    let step = run.until(|line| line.contains("etcd on ") && line.ends_with(", restart")).await;
    machine(lab, &step)
}

fn pid(machine: &Machine) -> String {
    machine.run("pgrep -x etcd").unwrap_or_default()
}

#[tokio::test]
async fn a_member_that_does_not_come_back_stops_the_run_until_it_is_mended() {
    let Some(lab) = lab().await else { return };
    let writer = lab.writer().await;
    let mut run = Heard::begin(&lab, "renew", &["--yes"]).await;
    let machine = next_restart(&lab, &mut run).await;
    let others: Vec<_> =
        lab.machines().iter().filter(|other| other.name != machine.name).map(pid).collect();
    // An address of nobody's (RFC 5737).
    machine.must(&format!(
        "cp {UNIT} {UNIT}.good; sed -i 's#--listen-client-urls https://[0-9.]*#\
         --listen-client-urls https://192.0.2.1#' {UNIT}"
    ));

    let Told { code, out, err } = run.end().await;
    assert_eq!(code, Some(3), "{out}\n{err}");
    let log = machine.must("tail -n 1 /run/units/etcd.service.log");
    says(&log, "192.0.2.1:2379: bind: cannot assign requested address");
    says(&out, &format!("etcd does not run: \"{}\"", log.trim_end()));
    says(&out, "etcd has a quorum: 2/3 answer.");
    says(&out, "Continue: doorward pki resume R1. Undo: doorward pki rollback R1.");
    let after = lab.machines().iter().filter(|other| other.name != machine.name).map(pid);
    assert_eq!(after.collect::<Vec<_>>(), others, "nobody else was restarted");

    machine.must(&format!("mv {UNIT}.good {UNIT}"));
    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("a broken unit", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;
}
