use super::*;
use crate::tls::TlsClient;

#[tokio::test]
async fn three_masters_come_up_and_leave_nothing_behind() {
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    let names: Vec<_> = lab.machines().iter().map(|machine| machine.must("hostname")).collect();
    assert_eq!(names, ["master-1\n", "master-2\n", "master-3\n"]);
    let owner = lab.machines()[0].must("stat -c %U:%a /var/lib/etcd/cert/ca-key.pem");
    assert_eq!(owner, "etcd:600\n");
    let folder = lab.folder().to_owned();
    drop(lab);
    assert!(!folder.exists());
    assert!(!Path::new("/var/lib/etcd/cert").exists(), "the real machine is as it was");
}

#[tokio::test]
async fn two_labs_stand_side_by_side() {
    let Some(one) = Lab::start(Shape { masters: 1, ..Shape::default() }).await else { return };
    let Some(other) = Lab::start(Shape { masters: 1, ..Shape::default() }).await else { return };
    assert_ne!(one.machines()[0].address, other.machines()[0].address);
}

/// Not a test: the machines of the lab run it as their kube-apiserver.
#[test]
#[ignore = "the machines of the lab run it"]
fn stand_in_for_kube_apiserver() {
    api_server::run();
}

#[tokio::test]
async fn the_api_server_reads_and_writes_in_etcd_and_knows_its_clients() {
    let shape = Shape { masters: 1, has_api_servers: true, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let machine = &lab.machines()[0];
    let address = (machine.address, 6443).into();
    let pki = "/etc/kubernetes/pki";
    let [ca, certificate, key] =
        ["ca.crt", "apiserver-kubelet-client.crt", "apiserver-kubelet-client.key"]
            .map(|name| machine.must(&format!("cat {pki}/{name}")));
    let known = TlsClient::new(etcd::credentials(ca.as_bytes(), &certificate, &key).unwrap());
    let path = "/api/v1/namespaces/kube-system";
    let answer = known.get(address, "kubernetes", path).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let nobody = TlsClient::unchecked().get(address, "kubernetes", path).await.unwrap();
    assert_eq!(nobody.status, 403);
    let Pair { certificate, key } = lab.client();
    let stranger = TlsClient::new(etcd::credentials(ca.as_bytes(), certificate, key).unwrap());
    assert_eq!(stranger.get(address, "kubernetes", "/readyz").await.unwrap().status, 401);
}

#[tokio::test]
async fn a_kubelet_runs_what_its_folder_holds_and_what_dies_comes_again() {
    let shape =
        Shape { masters: 1, layout: Layout::Kubeadm, timing: Timing::Default, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let machine = &lab.machines()[0];
    let etcd = || machine.run("pgrep -x etcd").unwrap_or_default();
    let first = etcd();
    machine.must(&format!("kill -9 {first}"));
    wait_until(LIMIT, || async { !etcd().is_empty() && etcd() != first }).await;
    let contained = machine.must("test -e /proc/$(pgrep -x etcd)/root/etc/passwd || echo no");
    assert_eq!(contained, "no\n", "it sees what its manifest mounts");

    machine.must("cd /etc/kubernetes/manifests && mv etcd.yaml .etcd.yaml");
    wait_until(LIMIT, || async { etcd().is_empty() }).await;
    // What runs goes on when the kubelet starts anew.
    let scheduler = machine.must("pgrep -x kube-scheduler");
    machine.must("cd /etc/kubernetes/manifests && mv .etcd.yaml etcd.yaml");
    machine.must("systemctl restart kubelet");
    lab.healthy(machine).await;
    assert_eq!(machine.must("pgrep -x kube-scheduler"), scheduler);
    let log = "tail -n 1 /var/log/pods/*_kube-scheduler-*/kube-scheduler/*.log";
    wait_until(LIMIT, || async { machine.must(log).contains("200 OK") }).await;
}

#[tokio::test]
async fn a_server_of_k3s_makes_what_its_command_took_away() {
    let shape =
        Shape { masters: 1, layout: Layout::K3s, timing: Timing::Default, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let machine = &lab.machines()[0];
    let tls = format!("{}/server/tls", k3s::OTHER_DATA);
    let all = |endings: &str| machine.must(&format!("cd {tls} && sha256sum {endings}"));
    let leaves = "client-*.crt serving-*.crt etcd/client.crt etcd/*-client.crt | grep -v -e -ca.";
    let (kept, old) = (all("*-ca.* etcd/*-ca.* service*"), all(leaves));
    assert_eq!(
        machine.must("cat /proc/$(systemctl show -p MainPID k3s | cut -d = -f 2)/comm"),
        "k3s-server\n"
    );

    machine.must(&format!(
        "systemctl stop k3s && k3s certificate rotate --data-dir {}",
        k3s::OTHER_DATA
    ));
    assert!(machine.run(&format!("ls {tls}/client-admin.crt")).is_err(), "it is taken away");
    machine.must(&format!("cmp {tls}/etcd/server-ca.crt {tls}-*/etcd/server-ca.crt"));
    assert!(machine.run("pgrep k3s-").is_err(), "all of it has ended");
    machine.must("systemctl start k3s");
    lab.healthy(machine).await;
    assert_eq!(all("*-ca.* etcd/*-ca.* service*"), kept);
    for line in all(leaves).lines() {
        assert!(!old.contains(line), "{line}");
    }
}

#[tokio::test]
async fn a_writer_loses_nothing_while_members_restart() {
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    let writer = lab.writer().await;
    for machine in lab.machines() {
        machine.must("systemctl restart etcd");
        lab.healthy(machine).await;
    }
    writer.report().await.assert_nothing_lost();
}

#[tokio::test]
async fn members_on_one_machine_are_a_lab_too() {
    let Some(lab) = loopback::Loopback::start(Ages::default()).await else { return };
    let writer = lab.writer().await;
    let stop = lab.member(2).join("stop");
    network::run(&mut Command::new(stop)).unwrap();
    let running = |index| network::run(&mut Command::new(lab.member(index).join("running")));
    wait_until(LIMIT, || async { running(2).is_err() }).await;
    writer.report().await.assert_nothing_lost();
    let pid = String::from_utf8(running(0).unwrap().stdout).unwrap();
    drop(lab);
    let program = format!("/proc/{}/exe", pid.trim());
    wait_until(LIMIT, || async { fs::read_link(&program).is_err() }).await;
}
