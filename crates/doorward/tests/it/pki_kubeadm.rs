//! `doorward pki` on three masters of kubeadm's layout: everything a static pod, one authority of
//! etcd for clients and peers, kubeconfigs, kubelets. Over a real ssh, with a real etcd, while
//! somebody writes. Skipped where no such machines can be made.
//!
//! The stand-ins for the programs of Kubernetes come with the other stories of this binary.

use std::{fs, process::Stdio, time::Instant};

use jiff::SignedDuration;
use serde_json::Value;
use testkit::{
    LIMIT,
    lab::{
        Ages, Authority, Lab, Layout, Machine, Shape, Subject, Timing, etcd,
        kubeadm::{KUBELET_CLIENT, kubelet_client},
        kubeconfig,
    },
    tls::TlsClient,
    wait_until,
};

use crate::pki::{
    DAY, ROTATED, Told, assert_nothing_lost, assert_same, command, files, pki, restarts, run,
};

/// Long enough for a lab to come up, short enough to wait for its end.
const SHORT: SignedDuration = SignedDuration::from_secs(45);
const PKI: &str = "/etc/kubernetes/pki";
const ADMIN: &str = "/etc/kubernetes/admin.conf";

async fn lab(ages: Ages) -> Option<Lab> {
    let shape =
        Shape { layout: Layout::Kubeadm, timing: Timing::Default, ages, ..Shape::default() };
    Lab::start(shape).await
}

/// Every static pod's manifest is in its folder, and nothing else is.
fn assert_manifests_in_place(lab: &Lab) {
    for machine in lab.machines() {
        let names = machine.must("ls -A /etc/kubernetes/manifests");
        assert_eq!(
            names,
            "etcd.yaml\nkube-apiserver.yaml\nkube-controller-manager.yaml\nkube-scheduler.yaml\n",
            "{}",
            machine.name
        );
    }
}

/// Programs of the status' rows about one host.
fn components(status: &Value, host: usize) -> Vec<&str> {
    let found = status["hosts"][host]["found"].as_array().unwrap();
    found.iter().map(|line| line.as_str().unwrap()).collect()
}

/// The rows of one file on all hosts.
fn rows<'a>(status: &'a Value, file: &str) -> Vec<&'a Value> {
    let all = status["certificates"].as_array().unwrap().iter();
    all.filter(|row| row["file"] == file).collect()
}

#[tokio::test]
async fn etcds_authority_is_crossed_in_under_a_writer_and_walked_back() {
    let Some(lab) = lab(Ages { authority: DAY * 54, leaf: DAY * 40 }).await else { return };
    let told = run(command(&lab, "status", &["-o", "json"])).await;
    assert!(told.err.is_empty(), "{}", told.err);
    assert_eq!(told.code, Some(1), "{}", told.out);
    let status: Value = serde_json::from_str(&told.out).unwrap();
    for host in 0..3 {
        assert_eq!(status["hosts"][host]["layout"], "kubeadm");
        let at =
            |name: &str| format!("{name}: the static pod /etc/kubernetes/manifests/{name}.yaml");
        assert_eq!(
            components(&status, host),
            [
                at("etcd"),
                at("kube-apiserver"),
                at("kube-controller-manager"),
                at("kube-scheduler"),
                "kubelet: the unit kubelet.service".to_owned(),
            ]
        );
    }
    for (name, served) in [
        ("etcd/server.crt", "same"),
        ("etcd/peer.crt", "same"),
        ("apiserver.crt", "same"),
        ("etcd/healthcheck-client.crt", "notAsked"),
        ("apiserver-etcd-client.crt", "notAsked"),
        ("apiserver-kubelet-client.crt", "notAsked"),
        ("front-proxy-client.crt", "notAsked"),
    ] {
        let rows = rows(&status, &format!("{PKI}/{name}"));
        assert_eq!(rows.len(), 3, "{name}: {status:#}");
        assert!(rows.iter().all(|row| row["served"] == served), "{name}: {rows:#?}");
    }
    for name in ["admin", "super-admin", "controller-manager", "scheduler"] {
        assert_eq!(rows(&status, &format!("/etc/kubernetes/{name}.conf")).len(), 3, "{name}");
    }
    let kubelets = rows(&status, "/var/lib/kubelet/pki/kubelet-client-current.pem");
    assert_eq!(kubelets.len(), 3, "{status:#}");
    assert_eq!(status["problems"].as_array().map(Vec::len), Some(0), "{status:#}");

    let plan = pki(&lab, "plan", &[]).await;
    assert!(plan.contains("Mode cross"), "{plan}");

    let before = files(&lab);
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert!(told.contains("Mode cross"), "{told}");
    assert_nothing_lost("kubeadm, cross", restarts(&told), &writer.report().await);
    assert_manifests_in_place(&lab);
    pki(&lab, "verify", &[]).await;

    let writer = lab.writer().await;
    let told = pki(&lab, "rollback", &["--yes"]).await;
    assert!(told.ends_with("etcd CA and certs are as they were before R1.\n"), "{told}");
    assert_nothing_lost("kubeadm, walked back", restarts(&told), &writer.report().await);
    assert_same(&before, &lab);
}

/// Begins it, and kills it once a static pod's manifest of `program` waits aside: its remote part
/// goes on to its end. The machine whose pod is down then.
async fn killed_while_aside<'l>(lab: &'l Lab, verb: &str, program: &str) -> &'l Machine {
    let mut child = command(lab, verb, &["--yes"]).stdout(Stdio::null()).spawn().unwrap();
    let aside = format!("/etc/kubernetes/manifests/.{program}.yaml.stopped");
    let is_aside = |machine: &&Machine| fs::exists(machine.path(&aside)).unwrap();
    let found = || lab.machines().iter().find(is_aside);
    wait_until(LIMIT * 9, || async { found().is_some() }).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let machine = found().unwrap();
    let pod = format!("pgrep -x {program}");
    wait_until(LIMIT, || async { machine.run(&pod).is_err() }).await;
    machine
}

#[tokio::test]
async fn killed_while_a_manifest_is_aside_the_member_comes_back_either_way() {
    let Some(lab) = lab(Ages { authority: DAY * 54, leaf: DAY * 40 }).await else { return };
    let before = files(&lab);
    let writer = lab.writer().await;
    let machine = killed_while_aside(&lab, "renew", "etcd").await;
    let status = run(command(&lab, "status", &[])).await.out;
    assert!(status.contains(&format!("{}: etcd does not run", machine.name)), "{status}");
    let told = pki(&lab, "rollback", &["--yes"]).await;
    assert_same(&before, &lab);

    killed_while_aside(&lab, "renew", "etcd").await;
    let all = told + &pki(&lab, "resume", &[]).await;
    assert_eq!(all.lines().last(), Some(ROTATED), "{all}");
    assert_nothing_lost("kubeadm, killed twice", restarts(&all), &writer.report().await);
    assert_manifests_in_place(&lab);
    pki(&lab, "verify", &[]).await;
}

/// A client of the API servers, by a kubeconfig as it is now.
fn by_kubeconfig(machine: &Machine, path: &str) -> TlsClient {
    let text = machine.must(&format!("cat {path}"));
    let named = |path: &str| machine.run(&format!("cat {path}"));
    TlsClient::new(kubeconfig::read(&text, named).unwrap())
}

/// What each API server says to a client, or why there is no answer.
async fn answers(lab: &Lab, client: &TlsClient) -> Vec<String> {
    let mut answers = Vec::new();
    for machine in lab.machines() {
        let name = machine.address.to_string();
        let path = "/api/v1/namespaces/kube-system";
        let answer = client.get((machine.address, 6443).into(), &name, path).await;
        let told = answer.map(|answer| answer.status.as_u16().to_string());
        answers.push(told.unwrap_or_else(|error| error.to_string()));
    }
    answers
}

/// Every program that lives by a kubeconfig is answered.
async fn assert_all_followers_answered(lab: &Lab) {
    for machine in lab.machines() {
        for log in [
            "/var/log/pods/*_kube-controller-manager-*/kube-controller-manager/*.log",
            "/var/log/pods/*_kube-scheduler-*/kube-scheduler/*.log",
            "/run/units/kubelet.service.log",
        ] {
            let newest =
                format!("grep 'API server answers' $(ls -t {log} | head -n 1) | tail -n 1");
            let is_well = || machine.must(&newest).contains("200 OK");
            wait_until(LIMIT, || async { is_well() }).await;
        }
    }
}

#[tokio::test]
async fn kubernetes_own_authority_overlaps_until_no_kubelet_holds_an_old_leaf() {
    let Some(lab) = lab(Ages { authority: DAY * 54, leaf: DAY * 40 }).await else { return };
    let first = &lab.machines()[0];
    let old = by_kubeconfig(first, ADMIN);
    let all_well = ["200"; 3];
    assert_eq!(answers(&lab, &old).await, all_well);

    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes", "--kubernetes"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("kubeadm, all crossed", restarts(&told), &writer.report().await);
    assert_manifests_in_place(&lab);
    pki(&lab, "verify", &[]).await;

    // Who knows only the old authority, and who knows only the new one.
    assert_eq!(answers(&lab, &old).await, all_well);
    let [ca, key] = ["ca.crt", "ca.key"].map(|name| first.must(&format!("cat {PKI}/{name}")));
    assert_eq!(ca.matches("BEGIN").count(), 1, "it signs, so it is one certificate: {ca}");
    let new = by_kubeconfig(first, ADMIN);
    assert_eq!(answers(&lab, &new).await, all_well);
    let authority = Authority::of(&ca, &key);
    let fresh = authority.issue(&Subject::client("anybody"), DAY);
    let fresh = etcd::credentials(ca.as_bytes(), &fresh.certificate, &fresh.key).unwrap();
    assert_eq!(answers(&lab, &TlsClient::new(fresh)).await, all_well);
    assert_all_followers_answered(&lab).await;

    let drop_old = ["--yes", "--kubernetes", "--drop-old"];
    let before = files(&lab);
    let Told { code, err: told, .. } = run(command(&lab, "renew", &drop_old)).await;
    assert_eq!(code, Some(1), "{told}");
    for machine in lab.machines() {
        assert!(told.contains(&format!("{}: {KUBELET_CLIENT}", machine.name)), "{told}");
    }
    assert_same(&before, &lab);

    // Each kubelet has its certificate renewed, as it does by itself in time.
    for machine in lab.machines() {
        let pair = kubelet_client(&machine.name, &authority, DAY * 365);
        let pki = "/var/lib/kubelet/pki";
        machine.must(&format!(
            "cat >{pki}/kubelet-client-new.pem <<'END'\n{pair}END\n\
             ln -sfn kubelet-client-new.pem {KUBELET_CLIENT}"
        ));
    }
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &drop_old).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("kubeadm, old dropped", restarts(&told), &writer.report().await);
    assert_eq!(answers(&lab, &old).await, ["401"; 3]);
    assert_eq!(answers(&lab, &new).await, all_well);
    assert_all_followers_answered(&lab).await;
    assert_manifests_in_place(&lab);
    pki(&lab, "verify", &[]).await;
}

#[tokio::test]
async fn leaves_are_renewed_and_a_kubelet_that_is_down_is_told_of_before() {
    let Some(lab) = lab(Ages { authority: DAY * 365 * 4, leaf: DAY * 20 }).await else { return };
    let before = files(&lab);
    let [_, two, _] = lab.machines() else { panic!("three masters") };
    two.must("systemctl stop kubelet");
    let renew = command(&lab, "renew", &["--yes", "--kubernetes"]);
    let Told { code, err: told, .. } = run(renew).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("master-2: kubelet does not run"), "{told}");
    assert!(told.contains("systemctl start kubelet"), "{told}");
    assert_same(&before, &lab);
    two.must("systemctl start kubelet");

    let etcds = || lab.machines().iter().map(|one| one.must("pgrep -x etcd")).collect::<Vec<_>>();
    let running = etcds();
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes", "--kubernetes"]).await;
    assert!(told.contains("Mode leaf"), "{told}");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("kubeadm, leaf", restarts(&told), &writer.report().await);
    assert_eq!(etcds(), running, "no member was started anew");
    assert_all_followers_answered(&lab).await;
    assert_eq!(answers(&lab, &by_kubeconfig(two, ADMIN)).await, ["200"; 3]);
    assert_manifests_in_place(&lab);
    pki(&lab, "verify", &[]).await;
}

#[tokio::test]
async fn all_that_expired_is_replaced_in_one_sweep() {
    let Some(lab) = lab(Ages { authority: SHORT, leaf: SHORT }).await else { return };
    tokio::time::sleep(SHORT.unsigned_abs()).await;
    for machine in lab.machines() {
        // It does not come again: etcd lets it in no more.
        machine.must("kill -9 $(pgrep -x kube-apiserver)");
    }
    let begun = Instant::now();
    let told = pki(&lab, "renew", &["--yes", "--kubernetes"]).await;
    assert!(told.contains("Mode sweep"), "{told}");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    eprintln!("kubeadm, all expired (E4): healed in {:.1} s", begun.elapsed().as_secs_f64());
    lab.writer().await;
    assert_eq!(answers(&lab, &by_kubeconfig(&lab.machines()[1], ADMIN)).await, ["200"; 3]);
    assert_all_followers_answered(&lab).await;
    assert_manifests_in_place(&lab);
}
