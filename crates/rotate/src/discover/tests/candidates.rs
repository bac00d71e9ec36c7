//! Several of a program on one host, of which one is the cluster's.

use super::*;

const MANIFESTS: &str = "/etc/kubernetes/manifests";

fn pod(name: &str, flags: &str) -> String {
    let words: Vec<_> = flags.split_whitespace().collect();
    format!(
        "metadata: {{name: {name}}}\nspec:\n  containers:\n  - name: {name}\n    command: [etcd, '{}']\n",
        words.join("', '")
    )
}

fn contained(pid: u32, flags: &str) -> Process {
    let mut process = etcd_process(&format!("etcd {flags}"));
    (process.pid, process.is_contained) = (pid, true);
    process.group = format!("/kubepods/burstable/pod{pid}/ab");
    process
}

const OURS: &str = "--data-dir=/var/lib/etcd --listen-client-urls=https://10.0.0.1:2379 \
    --listen-peer-urls=https://10.0.0.1:2380 --cert-file=/our.crt --key-file=/our.key";
const CALICOS: &str = "--data-dir=/var/etcd/calico --listen-client-urls=http://0.0.0.0:6666";
const AN_APPLICATIONS: &str = "--data-dir=/bitnami/etcd/data";

fn etcd(machine: &Machine) -> (Component, Vec<String>, Vec<String>) {
    let found = programs(&machine.look());
    let etcd = found.components.into_iter().find(|found| found.program == Program::Etcd);
    let no_sign = |note: &String| !note.starts_with("no sign of");
    (etcd.expect("etcd"), found.notes.into_iter().filter(no_sign).collect(), found.doubts)
}

#[test]
fn the_pod_that_is_called_after_the_program_is_the_clusters_with_the_process_it_tells_of() {
    let machine = Machine::new()
        .manifest(&format!("{MANIFESTS}/calico-etcd.yaml"), &pod("calico-etcd", CALICOS))
        .manifest(&format!("{MANIFESTS}/etcd.yaml"), &pod("etcd", OURS))
        .runs(Program::Etcd, contained(30, AN_APPLICATIONS))
        .runs(Program::Etcd, contained(31, CALICOS))
        .runs(Program::Etcd, contained(32, OURS));
    let (found, notes, doubts) = etcd(&machine);
    assert_eq!(doubts, [""; 0]);
    assert_eq!(found.process.expect("it runs").pid, 32);
    assert_eq!(found.run_by.manifest(), Some(Path::new("/etc/kubernetes/manifests/etcd.yaml")));
    assert_eq!(pair_of(&machine), "/our.crt");
    assert_eq!(
        notes,
        [
            "another etcd runs here, which is let alone: pid 30 --data-dir=/bitnami/etcd/data in \
             /kubepods/burstable/pod30/ab",
            "another etcd runs here, which is let alone: pid 31 --data-dir=/var/etcd/calico \
             --listen-client-urls=http://0.0.0.0:6666 in /kubepods/burstable/pod31/ab",
            "another etcd is started here, which is let alone: by the static pod \
             /etc/kubernetes/manifests/calico-etcd.yaml",
        ]
    );
}

fn pair_of(machine: &Machine) -> String {
    let etcd = machine.component(Program::Etcd);
    pair(&etcd, Purpose::EtcdServer).0.display().to_string()
}

#[test]
fn while_the_clusters_own_is_down_no_other_stands_in_for_it() {
    let machine = Machine::new()
        .manifest(&format!("{MANIFESTS}/etcd.yaml"), &pod("etcd", OURS))
        .runs(Program::Etcd, contained(30, AN_APPLICATIONS));
    let (found, notes, doubts) = etcd(&machine);
    assert_eq!((found.process, doubts), (None, Vec::new()));
    assert_eq!(pair_of(&machine), "/our.crt", "the manifest tells of it");
    assert!(
        notes[0].starts_with("another etcd runs here, which is let alone: pid 30"),
        "{notes:?}"
    );

    let unit = [("ExecStart", "argv[]=/usr/bin/etcd --cert-file=/our.crt ;"), ("MainPID", "0")];
    let machine = Machine::new()
        .unit("etcd.service", &unit)
        .runs(Program::Etcd, contained(30, AN_APPLICATIONS));
    let (found, _, doubts) = etcd(&machine);
    assert_eq!((found.process, doubts), (None, Vec::new()));
}

#[test]
fn a_units_process_is_known_by_its_id_or_its_group() {
    let script = ("ExecStart", "argv[]=/opt/start-etcd.sh ;");
    let mut own = etcd_process(&format!("etcd {OURS}"));
    (own.pid, own.group) = (40, "/system.slice/etcd.service".into());
    for main in ["40", "39"] {
        let machine = Machine::new()
            .unit("etcd.service", &[script, ("MainPID", main)])
            .runs(Program::Etcd, contained(30, AN_APPLICATIONS))
            .runs(Program::Etcd, own.clone());
        let (found, _, doubts) = etcd(&machine);
        let pid = found.process.map(|process| process.pid);
        assert_eq!((pid, doubts), (Some(40), vec![]), "{main}");
    }
}

#[test]
fn a_unit_that_was_left_over_is_not_what_runs() {
    let unit = [("ExecStart", "argv[]=/usr/bin/etcd --cert-file=/old.crt ;"), ("MainPID", "0")];
    let idle = Machine::new()
        .unit("etcd.service", &unit)
        .manifest(&format!("{MANIFESTS}/etcd.yaml"), &pod("etcd", OURS));
    let (found, _, doubts) = etcd(&idle);
    assert!(found.run_by.manifest().is_some() && doubts.is_empty(), "{doubts:?}");
    let machine = idle.runs(Program::Etcd, contained(32, OURS));
    let (found, notes, doubts) = etcd(&machine);
    assert_eq!(
        (found.found_in.as_str(), doubts),
        ("the static pod /etc/kubernetes/manifests/etcd.yaml", vec![])
    );
    assert!(notes[0].ends_with("is let alone: by the unit etcd.service"), "{notes:?}");
}

#[test]
fn what_cannot_be_told_apart_is_refused_with_all_of_them_listed() {
    // Nothing is known that starts them.
    let machine = Machine::new()
        .runs(Program::Etcd, contained(31, CALICOS))
        .runs(Program::Etcd, contained(32, OURS));
    let (_, _, doubts) = etcd(&machine);
    let [doubt] = &doubts[..] else { panic!("{doubts:?}") };
    assert!(
        doubt.starts_with("2 processes may each be the cluster's etcd:\n  pid 31 --data"),
        "{doubt}"
    );
    assert!(doubt.contains("\n  pid 32 --data-dir=/var/lib/etcd "), "{doubt}");
    assert!(
        doubt.ends_with("Say which with stop, start and isRunning under components.etcd"),
        "{doubt}"
    );

    // Two pods, of which neither is called after the program.
    let machine = Machine::new()
        .manifest(&format!("{MANIFESTS}/a.yaml"), &pod("etcd-main", OURS))
        .manifest(&format!("{MANIFESTS}/b.yaml"), &pod("etcd-events", CALICOS));
    let (_, _, doubts) = etcd(&machine);
    let [doubt] = &doubts[..] else { panic!("{doubts:?}") };
    assert!(doubt.contains("\n  the static pod /etc/kubernetes/manifests/a.yaml\n"), "{doubt}");

    let said = Override {
        stop: Some("stop".into()),
        start: Some("start".into()),
        is_running: Some("is".into()),
        ..Override::default()
    };
    let (_, notes, doubts) = etcd(&machine.says(Program::Etcd, said));
    assert_eq!((notes.len(), doubts.len()), (0, 0), "the operator tells them apart");
}

#[test]
fn a_doubt_keeps_everything_from_being_changed_and_is_a_problem_of_the_status() {
    let mut facts = Ack::default().facts();
    let health = example::healthy(&facts);
    let doubted = facts.hosts.get_mut(&example::host(2)).unwrap();
    doubted.doubts.push("which one?".into());
    let refused = crate::plan::decide(&facts, &health, &crate::plan::Wish::default());
    let refused: Vec<_> = refused.unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(refused, ["master-2: which one?"]);
    let status = crate::status::Status::of(&facts, jiff::SignedDuration::ZERO);
    assert!(status.problems.iter().any(|problem| problem.text == "which one?"));
    assert_eq!(status.exit_code(), 3);
}
