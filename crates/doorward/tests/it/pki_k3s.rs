//! `doorward pki` on three servers of k3s, which renews its certificates itself: over a real ssh,
//! with a real etcd, while somebody writes. Skipped where no such machines can be made.
//!
//! k3s itself is in no registry, so a stand-in of the lab's plays it: it has k3s' folders, its
//! authorities and its `certificate rotate`, around the real etcd and a stand-in for the API
//! server. What only the real k3s would show is not shown here.

use serde_json::Value;
use testkit::lab::{
    Ages, Lab, Layout, Machine, Shape, Timing,
    k3s::{DATA, OTHER_DATA},
};

use crate::pki::{
    DAY, Heard, ROTATED, Told, assert_nothing_lost, command, pki, restarts, run, says,
};

async fn lab(masters: u8, ages: Ages) -> Option<Lab> {
    let shape =
        Shape { masters, layout: Layout::K3s, timing: Timing::Default, ages, ..Shape::default() };
    Lab::start(shape).await
}

/// Leaves that end soon, under authorities that do not.
const WORN: Ages =
    Ages { authority: DAY.checked_mul(9 * 365).unwrap(), leaf: DAY.checked_mul(40).unwrap() };

/// Where a server keeps its certificates.
fn tls(lab: &Lab, machine: &Machine) -> String {
    let is_last = lab.machines().last().is_some_and(|last| last.name == machine.name);
    format!("{}/server/tls", if is_last { OTHER_DATA } else { DATA })
}

/// Digests of what stays: authorities and the keys of service accounts.
fn lasting(lab: &Lab) -> Vec<String> {
    let look = |machine: &Machine| {
        let tls = tls(lab, machine);
        machine.must(&format!("cd {tls} && sha256sum *-ca.* etcd/*-ca.* service*.key"))
    };
    lab.machines().iter().map(look).collect()
}

/// Digests of what is renewed.
fn leaves(lab: &Lab) -> Vec<String> {
    let look = |machine: &Machine| {
        let tls = tls(lab, machine);
        let all =
            format!("cd {tls} && sha256sum client-admin.* serving-* etcd/client.* etcd/*-client.*");
        machine.must(&all)
    };
    lab.machines().iter().map(look).collect()
}

async fn status(lab: &Lab) -> (Option<i32>, Value) {
    let Told { code, out, err } = run(command(lab, "status", &["-o", "json"])).await;
    assert!(err.is_empty(), "{err}");
    (code, serde_json::from_str(&out).unwrap())
}

/// How many copies of its old certificates each server has put by.
fn put_by(lab: &Lab) -> Vec<usize> {
    let count = |machine: &Machine| {
        machine.must(&format!("ls -d {}-* 2>/dev/null || true", tls(lab, machine))).lines().count()
    };
    lab.machines().iter().map(count).collect()
}

#[tokio::test]
async fn each_server_renews_its_own_leaves_under_a_writer() {
    let Some(lab) = lab(3, WORN).await else { return };
    let (code, seen) = status(&lab).await;
    assert_eq!(code, Some(1), "{seen:#}");
    assert_eq!(seen["hosts"][2]["layout"], "k3s");
    assert_eq!(seen["problems"], serde_json::json!([]));
    let rows = seen["certificates"].as_array().unwrap();
    for (file, served) in [
        ("etcd/server-client.crt", "same"),
        ("etcd/peer-server-client.crt", "same"),
        ("serving-kube-apiserver.crt", "same"),
        ("etcd/client.crt", "notAsked"),
    ] {
        for folder in [DATA, OTHER_DATA] {
            let path = format!("{folder}/server/tls/{file}");
            let row = rows.iter().find(|row| row["file"] == *path);
            assert_eq!(row.map(|row| &row["served"]), Some(&served.into()), "{path}: {rows:#?}");
        }
    }

    let plan = pki(&lab, "plan", &[]).await;
    says(&plan, "Mode leaf");
    says(&plan, "      systemctl stop k3s\n      /usr/local/bin/k3s certificate rotate\n");
    says(&plan, &format!("k3s certificate rotate --data-dir {OTHER_DATA}\n"));

    let (kept, old) = (lasting(&lab), leaves(&lab));
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_eq!(restarts(&told), 3, "{told}");
    assert_nothing_lost("k3s, leaves", 3, &writer.report().await);
    assert_eq!(lasting(&lab), kept, "authorities and the keys of service accounts stay");
    for (old, new) in old.iter().zip(leaves(&lab)) {
        let is_kept = |line: &str| new.contains(line);
        assert!(!old.lines().any(is_kept), "{old}\n{new}");
    }
    assert_eq!(put_by(&lab), [1, 1, 1]);
    says(&pki(&lab, "verify", &[]).await, "no problems");
    let (code, seen) = status(&lab).await;
    assert_eq!(code, Some(0), "{seen:#}");

    // There is no way back, and nobody looks for one.
    let new = leaves(&lab);
    let Told { code, err, .. } = run(command(&lab, "rollback", &["--yes"])).await;
    assert_eq!(code, Some(1));
    says(&err, "k3s made its own certificates anew on master-1, master-2, master-3");
    says(&err, "nothing has to be walked back");
    assert_eq!((leaves(&lab), put_by(&lab)), (new, vec![1, 1, 1]));

    // Done again, it is done again.
    pki(&lab, "renew", &["--yes", "--mode", "leaf"]).await;
    assert_eq!(put_by(&lab), [2, 2, 2]);
}

/// Begins to renew, and is killed as soon as this is true of some machine.
async fn killed_when(lab: &Lab, verb: &str, is_so: &str) {
    let heard = Heard::begin(lab, verb, if verb == "renew" { &["--yes"] } else { &[] }).await;
    let found = || lab.machines().iter().any(|machine| machine.run(is_so).is_ok());
    testkit::wait_until(testkit::LIMIT * 9, || async { found() }).await;
    heard.kill().await;
}

#[tokio::test]
async fn killed_with_a_server_down_the_run_is_resumed_by_looking() {
    let Some(lab) = lab(3, WORN).await else { return };
    let kept = lasting(&lab);
    let writer = lab.writer().await;
    // The first is stopped, and not rotated yet or just so.
    killed_when(&lab, "renew", "! systemctl is-active k3s").await;
    // Another one has put its old ones by.
    let begun = put_by(&lab).iter().position(|count| *count > 0);
    let first = &lab.machines()[begun.unwrap_or_default()].name;
    let other = format!(
        "[ $(hostname) != {first} ] && ls -d {DATA}/server/tls-* {OTHER_DATA}/server/tls-* | grep tls-"
    );
    killed_when(&lab, "resume", &other).await;
    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    says(&told, "was interrupted at step");
    assert_nothing_lost("k3s, killed twice", restarts(&told), &writer.report().await);
    assert_eq!(lasting(&lab), kept);
    says(&pki(&lab, "verify", &[]).await, "no problems");
    assert_eq!(status(&lab).await.0, Some(0));
}

#[tokio::test]
async fn a_server_that_does_not_come_back_stops_the_run_with_its_last_words() {
    let Some(lab) = lab(3, WORN).await else { return };
    let unit = "/etc/systemd/system/k3s.service";
    let words = "node password rejected, duplicate hostname";
    let writer = lab.writer().await;
    // It runs, and will not do so again.
    let heard = Heard::begin(&lab, "renew", &["--yes"]).await;
    for machine in lab.machines() {
        machine.must(&format!(
            "sed -i.whole 's|^ExecStart=.*|ExecStart=/bin/sh -c \"echo {words} >\\&2; exit 1\"|' {unit}"
        ));
    }
    let Told { code, out, err } = heard.end().await;
    assert_eq!(code, Some(3), "{out}\n{err}");
    says(&out, &format!("k3s said last: \"{words}\""));
    says(&out, "etcd has a quorum: 2/3 answer. Continue: doorward pki resume R1.");
    says(&out, "There is no way back, and no need of one");

    for machine in lab.machines() {
        machine.must(&format!("mv {unit}.whole {unit}"));
    }
    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("k3s, one that did not come back", 3, &writer.report().await);
    says(&pki(&lab, "verify", &[]).await, "no problems");
}

#[tokio::test]
async fn authorities_are_left_to_the_products_own_command() {
    let ages = Ages { authority: DAY * 200, leaf: DAY * 40 };
    let Some(lab) = lab(1, ages).await else { return };
    let before = (lasting(&lab), leaves(&lab));
    for mode in ["auto", "same-key", "cross", "bundle", "sweep"] {
        let Told { code, err, .. } = run(command(&lab, "renew", &["--yes", "--mode", mode])).await;
        assert_eq!(code, Some(1), "{mode}: {err}");
        says(&err, "they change by `k3s certificate rotate-ca` alone");
        says(&err, "Nothing was changed.");
    }
    let Told { code, err, .. } =
        run(command(&lab, "plan", &["--mode", "leaf", "--validity", "2y"])).await;
    assert_eq!(code, Some(1));
    says(&err, "k3s decides how long its certificates last");
    assert_eq!((lasting(&lab), leaves(&lab), put_by(&lab)), (before.0, before.1, vec![0]));

    // One server alone, under an authority that others would exchange by now.
    let plan = pki(&lab, "plan", &["--mode", "leaf"]).await;
    says(
        &plan,
        "There is one member only: while it is restarted, etcd and the API server are away",
    );
    pki(&lab, "renew", &["--yes", "--mode", "leaf"]).await;
    assert_eq!(put_by(&lab), [1]);
}
