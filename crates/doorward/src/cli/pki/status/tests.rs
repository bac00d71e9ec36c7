use rotate::{
    HostName, Program,
    inventory::Layout,
    status::{Problem, Truster},
};

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn seen() -> Status {
    let host = HostName("master-1".into());
    let leaf = Certificate {
        host: host.clone(),
        program: Some(Program::Etcd),
        kind: Kind::Program(Purpose::EtcdServer),
        name: "etcd-server".into(),
        file: Some("/var/lib/etcd/cert/etcd-server.pem".into()),
        expires: Some(time("2076-11-08T19:29:00Z")),
        effective: Some(time("2027-01-14T00:00:00Z")),
        authority: Some("CA".into()),
        authority_years: Some(5),
        served: Served::Same,
        state: State::Warn,
        problem: Some("its authority CA ends first".into()),
    };
    let gone = Certificate {
        name: String::new(),
        file: Some("/gone.pem".into()),
        expires: None,
        effective: None,
        authority: None,
        authority_years: None,
        served: Served::NotAsked,
        state: State::Missing,
        problem: Some("no such file".into()),
        ..leaf.clone()
    };
    let authority = Authority {
        name: "CA".into(),
        subject: "CN=CA".into(),
        fingerprint: "ab".into(),
        expires: time("2027-01-14T00:00:00Z"),
        is_trusted: true,
        key_on: vec![host.clone()],
        trusted_by: vec![Truster { program: Program::Etcd, host: host.clone() }],
        state: State::Warn,
    };
    let reached = Host {
        name: host.clone(),
        unreached: None,
        layout: Layout::Ack,
        clock_ahead_seconds: -613,
        found: vec!["etcd: the unit etcd.service".into()],
        notes: Vec::new(),
    };
    let unreached = Host {
        name: HostName("master-2".into()),
        unreached: Some("SSH refused".into()),
        found: Vec::new(),
        ..reached.clone()
    };
    Status {
        at: time("2026-11-21T00:00:00Z"),
        hosts: vec![reached, unreached],
        certificates: vec![gone, leaf],
        authorities: vec![authority],
        problems: vec![Problem { host, text: "kube-apiserver does not run".into() }],
        condition: None,
        is_half_rotated: false,
    }
}

#[test]
fn the_table_tells_what_really_ends_when() {
    let text = text(&seen(), Screen::plain());
    assert!(text.ends_with("\nmaster-1: kube-apiserver does not run\n"), "{text}");
    let lines: Vec<Vec<&str>> =
        text.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
    let line = |part: &str| {
        let found = lines.iter().find(|cells| cells.iter().any(|cell| cell.contains(part)));
        let cells = found.unwrap_or_else(|| panic!("{part}: {text}"));
        cells.iter().filter(|cell| !cell.is_empty()).copied().collect::<Vec<_>>()
    };
    assert_eq!(
        line("etcd-server"),
        [
            "master-1",
            "etcd-server",
            "etcd",
            "2076-11-08",
            "2027-01-14",
            "54d",
            "CA (5y)",
            "same",
            "WARN",
            "/var/lib/etcd/cert/etcd-server.pem",
        ]
    );
    assert!(line("!MISSING!").contains(&"!MISSING!"));
    assert_eq!(
        line("etcd on"),
        ["CA", "2027-01-14", "54d", "master-1", "etcd on master-1", "WARN"]
    );
    assert_eq!(line("/gone.pem: "), ["master-1:/gone.pem: no such file"]);
    assert!(text.contains("\nCA ends before 1 of the certificates that hang on it: "), "{text}");
    assert_eq!(
        line("(ack)"),
        ["master-1 (ack): etcd: the unit etcd.service; its clock is 613 s behind"]
    );
    assert_eq!(line("not looked at"), ["master-2: not looked at: SSH refused"]);
    assert_eq!(line("does not run"), ["master-1: kube-apiserver does not run"]);
}

#[test]
fn a_terminal_of_80_columns_shows_what_ends_when_without_a_wrapped_line() {
    for (width, goes) in [(80, "FILE, EXPIRES, AUTHORITY, FOR"), (120, "FILE")] {
        let text = text(&wide(), Screen::wide(width));
        let longest = text.lines().take_while(|line| !line.contains("hang on it"));
        let longest = longest.map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= usize::from(width), "{longest}: {text}");
        assert!(text.contains(&format!("(no room for {goes};")), "{text}");
        assert_eq!(text.matches("kube-apiserver-kubelet-client").count(), 1, "{text}");
    }
}

/// With names as long as those of real clusters.
fn wide() -> Status {
    let mut status = seen();
    status.hosts.truncate(1);
    status.certificates.remove(0);
    let kubelets = Certificate {
        name: "kube-apiserver-kubelet-client".into(),
        kind: Kind::Program(Purpose::ApiserverKubelet),
        ..status.certificates[0].clone()
    };
    status.certificates.push(kubelets);
    status
}

#[test]
fn keys_and_trust_on_all_hosts_are_told_in_a_word() {
    let mut status = wide();
    let hosts = ["master-1", "master-2", "master-3"].map(|name| HostName(name.into()));
    status.hosts =
        hosts.iter().map(|name| Host { name: name.clone(), ..status.hosts[0].clone() }).collect();
    status.authorities[0].key_on = hosts.to_vec();
    let trusts = |program, host: &HostName| Truster { program, host: host.clone() };
    status.authorities[0].trusted_by =
        hosts.iter().map(|host| trusts(Program::Etcd, host)).collect();
    status.authorities[0].trusted_by.push(trusts(Program::KubeApiserver, &hosts[1]));
    let text = text(&status, Screen::plain());
    assert!(text.contains("all 3   etcd on all 3, kube-apiserver on master-2  WARN"), "{text}");
}

#[test]
fn what_is_to_be_warned_of_may_be_any_time_ahead() {
    let now = time("2026-11-21T00:00:00Z");
    for (asked, days) in
        [("60d", 60), ("8w", 56), ("720h", 30), ("1mo", 30), ("1y", 365), ("0d", 0)]
    {
        let found = within(asked.parse().unwrap(), now).unwrap();
        assert_eq!(found, SignedDuration::from_hours(24 * days), "{asked}");
    }
    let error = within("-5d".parse().unwrap(), now).unwrap_err();
    assert!(error.to_string().contains("write a time like 60d"), "{error}");
}

/// ACK's leaves outlive their authority all, and more than that may be wrong.
#[test]
fn why_a_file_does_not_fit_is_told_whenever_it_ends() {
    let mut status = wide();
    status.certificates[0].state = State::Differs;
    status.certificates[0].problem = Some("a-key.pem is not its key".into());
    let text = text(&status, Screen::wide(80));
    let line = "\nmaster-1:/var/lib/etcd/cert/etcd-server.pem: a-key.pem is not its key\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn what_is_left_is_told_in_the_unit_that_fits() {
    let now = time("2026-11-21T00:00:00Z");
    for (end, says) in [
        ("2026-11-20T00:00:00Z", "<invalid>"),
        ("2026-11-21T05:00:00Z", "5h"),
        ("2027-01-14T00:00:00Z", "54d"),
        ("2076-11-08T00:00:00Z", "50y"),
    ] {
        assert_eq!(left(time(end), now), says);
    }
}

#[test]
fn prometheus_reads_ends_states_and_hosts() {
    let text = prometheus(&seen()).unwrap();
    for line in [
        "doorward_pki_certificate_effective_expiry_timestamp_seconds{host=\"master-1\",program=\"etcd\",name=\"etcd-server\",file=\"/var/lib/etcd/cert/etcd-server.pem\"} 1799884800",
        "doorward_pki_certificates{state=\"missing\"} 1",
        "doorward_pki_host_reached{host=\"master-2\"} 0",
        "doorward_pki_authority_expiry_timestamp_seconds{authority=\"CA\",fingerprint=\"ab\",trusted=\"yes\"} 1799884800",
        "doorward_pki_status 4",
        "doorward_pki_problems 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[test]
fn what_is_in_memory_alone_is_told_with_the_reminder_and_without_a_file() {
    let mut status = seen();
    let row = Certificate {
        program: Some(Program::KubeApiserver),
        kind: Kind::Loopback,
        name: "apiserver-loopback-client@1".into(),
        file: None,
        expires: status.certificates[1].effective,
        authority: None,
        authority_years: None,
        problem: Some("only a restart of kube-apiserver makes another".into()),
        ..status.certificates[1].clone()
    };
    status.certificates = vec![row];
    let told = text(&status, Screen::plain());
    let line = told.lines().find(|line| line.contains("loopback-client@1")).unwrap();
    assert!(line.contains("apiserver to itself") && line.contains("WARN"), "{line}");
    assert!(line.ends_with("(in memory, a restart makes another)"), "{line}");
    let reminder =
        "master-1:memory of kube-apiserver: only a restart of kube-apiserver makes another";
    assert!(told.lines().any(|line| line == reminder), "{told}");
    assert!(
        prometheus(&status).unwrap().contains("name=\"apiserver-loopback-client@1\",file=\"\"")
    );
}
