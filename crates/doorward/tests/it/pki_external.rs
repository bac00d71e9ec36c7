//! `doorward pki` where etcd's three members are on machines of their own and the API server is on
//! one more, as kubeadm sets that up. Over a real ssh, with a real etcd, while somebody writes.
//! Skipped where no such machines can be made.
//!
//! On one of the members an application runs an etcd of its own.

use serde_json::Value;
use testkit::lab::{Ages, Lab, Layout, Machine, Shape, Timing};

use crate::pki::{
    DAY, ROTATED, assert_nothing_lost, assert_same, command, files, pki, restarts, run, says,
};

/// Another etcd on the machine, with nothing to say to the cluster's; its process id.
fn another_etcd(machine: &Machine) -> String {
    let [client, peer] = [12379, 12380].map(|port| format!("http://127.0.0.1:{port}"));
    machine.must(&format!(
        "setsid /usr/local/bin/etcd --data-dir=/run/other --listen-client-urls={client} \
         --advertise-client-urls={client} --listen-peer-urls={peer} \
         --initial-advertise-peer-urls={peer} --initial-cluster=default={peer} \
         >/run/other.log 2>&1 </dev/null & echo $!"
    ))
}

/// Files whose rows begin with a path, by host.
fn rows(status: &Value, file: &str) -> Vec<String> {
    let all = status["certificates"].as_array().unwrap().iter();
    let found = all.filter(|row| row["file"] == file);
    let mut hosts: Vec<_> = found.map(|row| row["host"].as_str().unwrap().to_owned()).collect();
    hosts.sort();
    hosts
}

#[tokio::test]
async fn members_and_the_api_server_elsewhere_change_under_a_writer_and_are_walked_back() {
    let shape = Shape {
        layout: Layout::KubeadmExternal,
        timing: Timing::Default,
        ages: Ages { authority: DAY * 54, leaf: DAY * 40 },
        ..Shape::default()
    };
    let Some(lab) = Lab::start(shape).await else { return };
    let [_, second, _, api_server] = lab.machines() else { panic!("four machines") };
    let other = another_etcd(second);

    let told = run(command(&lab, "status", &["-o", "json"])).await;
    assert_eq!(told.code, Some(1), "{}\n{}", told.out, told.err);
    let status: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(status["problems"].as_array().map(Vec::len), Some(0), "{status:#}");
    let notes = &status["hosts"][1]["notes"];
    let stranger = format!(
        "another etcd runs here, which is let alone: pid {} --data-dir=/run/other",
        other.trim()
    );
    assert!(notes[0].as_str().is_some_and(|note| note.starts_with(&stranger)), "{notes}");
    let members = ["master-1", "master-2", "master-3"];
    let pki_folder = "/etc/kubernetes/pki";
    assert_eq!(rows(&status, &format!("{pki_folder}/etcd/server.crt")), members);
    assert_eq!(rows(&status, &format!("{pki_folder}/apiserver.crt")), ["master-4"]);
    let copies = rows(&status, &format!("{pki_folder}/apiserver-etcd-client.crt"));
    assert_eq!(copies, ["master-1", "master-4"], "the first member's was handed out");

    let before = files(&lab);
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    says(&told, "Mode cross");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("external etcd, cross", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;
    let read = |machine: &Machine| {
        machine.must(&format!("cat {pki_folder}/etcd/ca.crt {pki_folder}/apiserver-etcd-client.*"))
    };
    assert_eq!(read(&lab.machines()[0]), read(api_server));
    second.must(&format!("kill -0 {other}"));

    let writer = lab.writer().await;
    let told = pki(&lab, "rollback", &["--yes"]).await;
    assert_nothing_lost("external etcd, walked back", restarts(&told), &writer.report().await);
    assert_same(&before, &lab);
    second.must(&format!("kill -0 {other}"));
}
