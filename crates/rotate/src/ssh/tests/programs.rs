use std::time::Duration;

use testkit::lab::{Ages, loopback::Loopback};

use super::*;
use crate::facts::Content;

const WITHIN: Duration = Duration::from_secs(20);

fn systemd() -> RunBy {
    RunBy::Systemd { unit: "etcd.service".to_owned() }
}

#[tokio::test]
async fn a_unit_is_stopped_and_started_and_again_without_harm() {
    let Some(bed) = Bed::new().await else { return };
    let process =
        || async { bed.site.process(&bed.host, Program::Etcd, &systemd()).await.unwrap() };
    let before = process().await.expect("it runs");
    for _ in 0..2 {
        bed.site.stop(&bed.host, Program::Etcd, &systemd(), WITHIN, false).await.unwrap();
        assert_eq!(process().await, None);
    }
    bed.site.start(&bed.host, Program::Etcd, &systemd()).await.unwrap();
    bed.site.start(&bed.host, Program::Etcd, &systemd()).await.unwrap();
    let after = testkit::wait_for(testkit::LIMIT, process).await;
    assert_ne!(after.pid, before.pid);
    assert!(after.started > before.started);
    assert_eq!(after.arguments, before.arguments);
    assert_eq!(bed.machine().must("ls /var/lib/pki/steps"), "", "no step leaves its files");
}

#[tokio::test]
async fn what_does_not_stop_is_told_or_killed_as_was_asked() {
    let Some(bed) = Bed::new().await else { return };
    let etcd = bed.site.process(&bed.host, Program::Etcd, &systemd()).await.unwrap().unwrap();
    bed.machine().must(&format!("kill -STOP {}", etcd.pid));
    let within = Duration::from_secs(1);
    let error =
        bed.site.stop(&bed.host, Program::Etcd, &systemd(), within, false).await.unwrap_err();
    let expected =
        format!("master-1: etcd (pid {}) still runs 1 s after it was told to stop", etcd.pid);
    assert_eq!(error.to_string(), expected);
    let ended = bed.site.stop(&bed.host, Program::Etcd, &systemd(), within, true).await.unwrap();
    assert_eq!(ended, Ended::Killed);
    let now = bed.site.process(&bed.host, Program::Etcd, &systemd()).await.unwrap();
    assert_eq!(now, None);
}

#[tokio::test]
async fn a_program_that_died_leaves_its_last_words() {
    let Some(bed) = Bed::new().await else { return };
    bed.site.stop(&bed.host, Program::Etcd, &systemd(), WITHIN, false).await.unwrap();
    bed.machine().must("rm /var/lib/etcd/cert/etcd-server-key.pem");
    bed.site.start(&bed.host, Program::Etcd, &systemd()).await.unwrap();
    testkit::wait_until(testkit::LIMIT, || async {
        let words = bed.site.last_words(&bed.host, Program::Etcd, &systemd()).await.unwrap();
        words.iter().any(|line| line.contains("etcd-server-key.pem: no such file"))
    })
    .await;
}

#[tokio::test]
async fn the_operators_commands_stand_in_for_a_unit() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must("systemctl stop etcd");
    let by = RunBy::Commands {
        stop: "kill $(cat /run/it.pid)".to_owned(),
        start: "cp /bin/sleep /run/etcd; echo starting; /run/etcd 1000 & echo $! >/run/it.pid"
            .to_owned(),
        is_running: "test -d /proc/$(cat /run/it.pid) && cat /run/it.pid".to_owned(),
    };
    let process = || async { bed.site.process(&bed.host, Program::Etcd, &by).await.unwrap() };
    assert_eq!(process().await, None);
    bed.site.start(&bed.host, Program::Etcd, &by).await.unwrap();
    assert_eq!(process().await.unwrap().arguments, ["/run/etcd", "1000"]);
    let words = bed.site.last_words(&bed.host, Program::Etcd, &by).await.unwrap();
    assert_eq!(words, ["starting"]);
    bed.site.stop(&bed.host, Program::Etcd, &by, WITHIN, false).await.unwrap();
    assert_eq!(process().await, None);

    let failing = RunBy::Commands {
        stop: "true".to_owned(),
        start: "echo no binary >&2; exit 3".to_owned(),
        is_running: "false".to_owned(),
    };
    let error = bed.site.start(&bed.host, Program::Etcd, &failing).await.unwrap_err();
    assert!(error.to_string().ends_with("failed: no binary"), "{error}");
}

/// What it runs is called by its own name, and is not the unit's process. The machine has another
/// of that name.
#[tokio::test]
async fn a_unit_of_a_containers_client_is_known_by_what_that_has_run() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must(
        "cat >/usr/local/bin/docker <<'END'\n\
         #!/bin/sh\n\
         while [ \"${1##*/}\" != etcd ]; do shift; done\n\
         \"$@\" & trap \"kill $!\" TERM\n\
         wait $!\n\
         END\n\
         chmod 755 /usr/local/bin/docker\n\
         cat >/etc/systemd/system/boxed.service <<'END'\n\
         [Service]\n\
         ExecStart=/usr/local/bin/docker run --rm --net=host -v /run/boxed:/run/boxed \
         quay.io/coreos/etcd:v3.4 /usr/local/bin/etcd --data-dir=/run/boxed \
         --listen-client-urls=http://127.0.0.1:12379 --listen-peer-urls=http://127.0.0.1:12380 \
         --advertise-client-urls=http://127.0.0.1:12379\n\
         END\n\
         systemctl start boxed",
    );
    let by = RunBy::Systemd { unit: "boxed.service".to_owned() };
    let process = || async { bed.site.process(&bed.host, Program::Etcd, &by).await.unwrap() };
    let found = testkit::wait_for(testkit::LIMIT, process).await;
    assert_eq!(found.arguments[1], "--data-dir=/run/boxed");
    bed.site.stop(&bed.host, Program::Etcd, &by, WITHIN, false).await.unwrap();
    assert_eq!(process().await, None);
    let other = bed.site.process(&bed.host, Program::Etcd, &systemd()).await.unwrap();
    assert!(other.is_some_and(|other| other.pid != found.pid), "the other one runs on");
}

#[tokio::test]
async fn a_manifest_waits_aside_while_its_pod_is_down() {
    let Some(bed) = Bed::new().await else { return };
    let manifest = "/etc/kubernetes/manifests/etcd.yaml";
    bed.machine().must(&format!("mkdir -p /etc/kubernetes/manifests; echo pod >{manifest}"));
    let by = RunBy::StaticPod { manifest: manifest.into(), container: "etcd".to_owned() };
    let stop = async |within, kill| {
        bed.site.stop(&bed.host, Program::Etcd, &by, Duration::from_secs(within), kill).await
    };
    let names = || bed.machine().must("ls -A /etc/kubernetes/manifests");
    let error = stop(1, true).await.unwrap_err();
    assert!(error.to_string().contains("kubelet does not run"), "{error}");
    assert_eq!(names(), "etcd.yaml\n", "nothing was touched");

    // One that looks at no manifest, so that somebody else has to end the process.
    bed.machine().must("cp /bin/sleep /run/kubelet; /run/kubelet 1000 >/dev/null 2>&1 &");
    let (stopped, ()) = tokio::join!(stop(20, false), async {
        testkit::wait_until(testkit::LIMIT, async || names() != "etcd.yaml\n").await;
        bed.machine().must("systemctl stop etcd");
    });
    stopped.unwrap();
    assert_eq!(names(), ".etcd.yaml.stopped\n");
    let read = bed.site.read(&bed.host, &[manifest.into()]).await.unwrap();
    assert_eq!(read[0].content.as_ref().map(Content::bytes), Some(&b"pod\n"[..]), "as if in place");
    let survey = bed.site.survey(&bed.host).await.unwrap();
    assert_eq!(survey.manifests, [(manifest.into(), "pod\n".to_owned())]);
    for _ in 0..2 {
        bed.site.start(&bed.host, Program::Etcd, &by).await.unwrap();
        assert_eq!(bed.machine().must(&format!("cat {manifest}")), "pod\n");
        assert_eq!(names(), "etcd.yaml\n");
    }
}

#[tokio::test]
async fn a_stop_that_was_begun_goes_on_while_the_connection_is_cut_and_is_read_later() {
    let Some(bed) = Bed::new().await else { return };
    let etcd = bed.site.process(&bed.host, Program::Etcd, &systemd()).await.unwrap().unwrap();
    bed.machine().must(&format!("kill -STOP {}", etcd.pid));
    let by = systemd();
    let stop = || bed.site.stop(&bed.host, Program::Etcd, &by, WITHIN, false);
    let cut = async {
        bed.machine().is_waited_at().await;
        bed.machine().cut();
    };
    let (stopped, ()) = tokio::join!(stop(), cut);
    let error = stopped.unwrap_err();
    assert!(matches!(error, SiteError::Unreachable { .. }), "{error}");
    let cured = async { bed.machine().must(&format!("kill -CONT {}", etcd.pid)) };
    let (stopped, _) = tokio::join!(stop(), cured);
    stopped.unwrap();
    assert_eq!(bed.machine().must("ls /var/lib/pki/steps"), "", "it was one step, and is read");
}

#[tokio::test]
async fn members_that_share_a_machine_are_told_apart_by_their_commands() {
    let Some(lab) = Loopback::start(Ages::default()).await else { return };
    let file = lab.inventory();
    let text = std::fs::read_to_string(&file).unwrap();
    let inventory = Inventory::parse(&text, &Base { file, home: None }).unwrap();
    let site = Ssh::new(&inventory).unwrap();
    let mut pids = Vec::new();
    for host in &inventory.hosts {
        // Whoever is logged in, the members are its own.
        site.survey(&host.name).await.unwrap();
        let etcd = &host.overrides[&Program::Etcd];
        let [stop, start, is_running] =
            [&etcd.stop, &etcd.start, &etcd.is_running].map(|words| words.clone().unwrap());
        let by = RunBy::Commands { stop, start, is_running };
        let process = || async { site.process(&host.name, Program::Etcd, &by).await.unwrap() };
        let before = process().await.unwrap();
        site.stop(&host.name, Program::Etcd, &by, WITHIN, false).await.unwrap();
        assert_eq!(process().await, None);
        site.start(&host.name, Program::Etcd, &by).await.unwrap();
        let after = testkit::wait_for(testkit::LIMIT, process).await;
        assert_ne!(after.pid, before.pid);
        assert_eq!(after.arguments, before.arguments);
        pids.push(after.pid);
    }
    pids.dedup();
    assert_eq!(pids.len(), 3);
}
