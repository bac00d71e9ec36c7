//! `doorward pki status` and `verify` on three masters with a real etcd, over a real ssh.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;
use testkit::lab::{Authority, Lab, Machine, Shape};

use crate::{
    BINARY,
    pki::{DAY, Told, command, pki, run},
};

const SERVICE: &str = include_str!("../../../../deploy/pki/doorward-pki-status.service");
const TIMER: &str = include_str!("../../../../deploy/pki/doorward-pki-status.timer");
const CERT: &str = "/var/lib/etcd/cert";

pub async fn status(lab: &Lab) -> (i32, Value) {
    let Told { code, out, err } = run(command(lab, "status", &["-o", "json"])).await;
    assert!(err.is_empty(), "{err}");
    (code.unwrap(), serde_json::from_str(&out).unwrap())
}

/// A runbook's loop over the certificates of a machine, and what `verify` says of the same files.
async fn assert_says_what_openssl_says(lab: &Lab, machine: &Machine) {
    const LOOP: &str = "for folder in /var/lib/etcd/cert /etc/kubernetes/pki/etcd /etc/kubernetes/pki\n\
                        do cd $folder; for i in `ls | grep -e pem -e crt | grep -v key`\n\
                        do echo $folder/$i `openssl x509 -noout -enddate -in $i`; done; done";
    if testkit::peers::need("openssl").is_none() {
        return;
    }
    let verified = run(command(lab, "verify", &["-o", "json"])).await;
    let verified: Value = serde_json::from_str(&verified.out).unwrap();
    let ends = |path: &str| -> Vec<&str> {
        let files = list(&verified, "files").iter();
        let of = files.filter(|file| file["host"] == *machine.name && file["path"] == path);
        of.map(|file| file["notAfter"].as_str().unwrap()).collect()
    };
    let mut seen = 0;
    for line in machine.must(LOOP).lines() {
        let (path, end) = line.split_once(" notAfter=").unwrap();
        let end = jiff::civil::DateTime::strptime("%b %d %H:%M:%S %Y GMT", end).unwrap();
        let end = end.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        assert_eq!(ends(path), [end.to_string()], "{path}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
}

/// What the shipped service starts, with this binary and this inventory.
async fn as_systemd_would(lab: &Lab) -> Told {
    let section = SERVICE.split("[Service]\n").nth(1).unwrap();
    let command = section.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    // Neither quotes, variables nor a prefix that systemd would read otherwise.
    let is_plain =
        |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.-".contains(&b));
    let words: Vec<&str> = command.split(' ').collect();
    assert!(words[0].starts_with('/') && words.iter().all(|word| is_plain(word)), "{command}");
    let inventory = lab.inventory();
    let mut service = Command::new(BINARY);
    for word in &words[1..] {
        match *word {
            "/etc/doorward/inventory.yaml" => service.arg(&inventory),
            word => service.arg(word),
        };
    }
    // As a service has it: no home, no terminal.
    service.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    run(service).await
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

/// Rows of files that are called so, on all hosts.
fn rows<'a>(status: &'a Value, file: &str) -> Vec<&'a Value> {
    let all = list(status, "certificates").iter();
    all.filter(|row| row["file"].as_str().is_some_and(|path| path.ends_with(file))).collect()
}

/// What API servers show only to themselves.
pub fn loopback_rows(status: &Value) -> Vec<&Value> {
    let all = list(status, "certificates").iter();
    all.filter(|row| row["kind"] == "loopback").collect()
}

fn write(machine: &Machine, path: &str, text: &str) {
    machine.must(&format!("cat > {path} <<'END'\n{text}END\n"));
}

#[tokio::test]
async fn a_cluster_is_told_as_it_is() {
    let shape = Shape { has_api_servers: true, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let (code, seen) = status(&lab).await;
    assert_eq!(code, 1, "the authorities end in 54 days: {seen:#}");
    for host in list(&seen, "hosts") {
        assert_eq!(host["layout"], "ack");
        assert_eq!(host["found"][0], "etcd: the unit etcd.service");
    }

    let servers = rows(&seen, &format!("{CERT}/etcd-server.pem"));
    assert_eq!(servers.len(), 3);
    for row in servers {
        assert_eq!((&row["served"], &row["state"]), (&"same".into(), &"Warn".into()));
        assert_eq!(row["authority"], "CA");
        assert!(row["effective"].as_str() < row["expires"].as_str(), "{row}");
    }
    let peers: Vec<_> = list(&seen, "certificates")
        .iter()
        .filter(|row| row["kind"]["program"] == "etcdPeer")
        .collect();
    assert_eq!(peers.len(), 3);
    assert!(peers.iter().all(|row| row["served"] == "same"), "{peers:#?}");

    let loopback = loopback_rows(&seen);
    assert_eq!(loopback.len(), 3, "each API server has one in its memory");
    let in_a_year = jiff::Timestamp::now() + DAY * 364;
    for row in loopback {
        assert_eq!((&row["state"], &row["file"]), (&"Ok".into(), &Value::Null));
        let end: jiff::Timestamp = row["effective"].as_str().unwrap().parse().unwrap();
        assert!(end > in_a_year && end < in_a_year + DAY * 2, "{row}");
    }
    let told = run(command(&lab, "status", &["--expiring-within", "370d"])).await.out;
    let reminder =
        "master-1:memory of kube-apiserver: only a restart of kube-apiserver makes another";
    assert!(told.lines().any(|line| line == reminder), "{told}");

    let authority = |name: &str| {
        let all = list(&seen, "authorities");
        all.iter().find(|row| row["name"] == name && row["isTrusted"] == true).unwrap()
    };
    for name in ["CA", "Peer-CA"] {
        assert_eq!(list(authority(name), "keyOn").len(), 3, "{name}");
        assert_eq!(list(authority(name), "trustedBy").len(), 3, "{name}");
    }

    let text = pki(&lab, "verify", &[]).await;
    assert!(text.lines().any(|line| line == "no problems"), "{text}");
    assert!(text.contains(&format!("{CERT}/peer-ca.pem")), "{text}");

    for machine in lab.machines() {
        assert_says_what_openssl_says(&lab, machine).await;
    }

    let Told { code, out: journal, .. } = as_systemd_would(&lab).await;
    assert_eq!(code, Some(1), "a unit that fails tells of what ends soon");
    assert!(journal.contains("CA ends before"), "{journal}");

    let metrics = run(command(&lab, "status", &["-o", "prometheus"])).await.out;
    assert!(metrics.lines().any(|line| line == "doorward_pki_status 1"), "{metrics}");
}

#[tokio::test]
async fn what_does_not_go_together_is_told() {
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    let [one, two, three] = lab.machines() else { panic!("three masters") };

    // A trust file that etcd has not read, since it reads it at its start alone.
    let new = Authority::new("CA@1", DAY * 365);
    write(one, &format!("{CERT}/ca.pem"), &format!("{}{}", lab.authority().pem, new.pem));
    // A certificate whose key lies elsewhere.
    let stranger = lab.authority().leaf("etcd-server", None, &[two.address], &[], DAY * 365);
    write(two, &format!("{CERT}/etcd-server.pem"), &stranger.certificate);
    let (code, seen) = status(&lab).await;
    assert_eq!(code, 3, "{seen:#}");
    let problems: Vec<_> = list(&seen, "problems").iter().map(Value::to_string).collect();
    let says = |part: &str| problems.iter().any(|problem| problem.contains(part));
    assert!(says("does not accept CA@1 yet"), "{problems:#?}");
    let servers = rows(&seen, &format!("{CERT}/etcd-server.pem"));
    let row = servers.iter().find(|row| row["host"] == "master-2").unwrap();
    assert_eq!(row["state"], "Differs");

    let Told { code, out: text, .. } = run(command(&lab, "verify", &[])).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("etcd-server-key.pem is not its key"), "{text}");

    three.must("systemctl stop sshd");
    let (code, seen) = status(&lab).await;
    assert_eq!(code, 4);
    let unreached = list(&seen, "hosts").iter().filter(|host| host["unreached"].is_string());
    assert_eq!(unreached.count(), 1);
}

#[tokio::test]
async fn an_inventory_that_cannot_be_read_is_no_all_clear() {
    let output = Command::new(BINARY)
        .args(["pki", "status", "--inventory", "/nowhere/prod.yaml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(says.contains("/nowhere/prod.yaml: cannot read the inventory"), "{says}");
}

/// Keys by section, as systemd reads them (systemd.syntax(7)).
fn settings(unit: &str) -> BTreeMap<(&str, &str), &str> {
    let mut section = "";
    let mut all = BTreeMap::new();
    for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']').unwrap();
        } else {
            let (key, value) = line.split_once('=').unwrap();
            assert!(all.insert((section, key), value).is_none(), "{key} stands twice");
        }
    }
    all
}

/// systemd warns of a key in another section, and leaves it out.
#[test]
fn the_shipped_units_hold_what_systemd_knows_where_it_looks_for_it() {
    let known = |section: &str, key: &str| match section {
        "Unit" => ["Description", "Wants", "After"].contains(&key),
        "Service" => ["Type", "User", "ExecStart", "TimeoutStartSec"].contains(&key),
        "Timer" => ["OnCalendar", "RandomizedDelaySec", "Persistent"].contains(&key),
        "Install" => key == "WantedBy",
        _ => false,
    };
    let (service, timer) = (settings(SERVICE), settings(TIMER));
    for (section, key) in service.keys().chain(timer.keys()) {
        assert!(known(section, key), "[{section}] {key}");
    }
    // Another type would be told to have started before the look has ended.
    assert_eq!(service[&("Service", "Type")], "oneshot");
    // A timer starts the service of its name; a machine that was off makes up for it.
    assert_eq!(timer[&("Timer", "Persistent")], "true");
    assert_eq!(timer[&("Install", "WantedBy")], "timers.target");
    assert!(!service.keys().any(|(section, _)| *section == "Install"), "the timer is enabled");
}
