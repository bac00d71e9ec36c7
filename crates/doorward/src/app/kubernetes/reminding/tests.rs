use rotate::{
    Program, Purpose,
    inventory::Layout,
    status::{Host, Kind, Problem, Served},
};

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn row(name: &str, state: State, end: &str) -> Certificate {
    Certificate {
        host: HostName("master-1".into()),
        program: Some(Program::Etcd),
        kind: Kind::Program(Purpose::EtcdServer),
        name: name.into(),
        file: Some(format!("/etc/etcd/{name}.pem").into()),
        expires: Some(time(end)),
        effective: Some(time(end)),
        authority: None,
        authority_years: None,
        served: Served::Same,
        state,
        problem: None,
    }
}

fn look(certificates: Vec<Certificate>) -> Status {
    let host = |name: &str| Host {
        name: HostName(name.into()),
        unreached: None,
        layout: Layout::Ack,
        clock_ahead_seconds: 0,
        found: Vec::new(),
        notes: Vec::new(),
    };
    Status {
        at: time("2026-11-22T07:00:00Z"),
        hosts: vec![host("master-1"), host("master-2")],
        certificates,
        authorities: Vec::new(),
        problems: Vec::new(),
        condition: None,
        is_half_rotated: false,
    }
}

fn said(look: &Status) -> Vec<(String, &'static str, String)> {
    let all = warnings(look).into_iter();
    all.map(|warning| (warning.node.0, warning.reason, warning.message)).collect()
}

#[test]
fn nothing_is_said_where_all_is_well() {
    assert_eq!(said(&look(vec![row("a", State::Ok, "2030-01-01T00:00:00Z")])), []);
}

#[test]
fn what_ends_is_one_warning_of_a_machine_however_many_end() {
    let soon = |name: &str| row(name, State::Warn, "2027-01-14T00:00:00Z");
    let text = "a (/etc/etcd/a.pem) stops working 2027-01-14, and 1 more end within 60 days; \
                doorward pki plan shows what renews them";
    let expected = ("master-1".to_owned(), "CertificateExpirationWarning", text.to_owned());
    assert_eq!(said(&look(vec![soon("a"), soon("b")])), [expected]);
    let now = row("c", State::Critical, "2026-11-30T00:00:00Z");
    let [(_, reason, message)] = said(&look(vec![now, soon("a")])).try_into().unwrap();
    assert_eq!(reason, "CertificateExpirationWarning");
    assert!(message.starts_with("c (/etc/etcd/c.pem) stops working 2026-11-30 within 14 days"));
}

#[test]
fn each_state_of_a_machine_is_a_warning_of_its_own() {
    let mut look = look(vec![
        row("a", State::Expired, "2026-11-20T00:00:00Z"),
        Certificate {
            problem: Some("a-key.pem is not its key".into()),
            ..row("b", State::Differs, "2030-01-01T00:00:00Z")
        },
    ]);
    let text = "etcd does not run".to_owned();
    look.problems.push(Problem { host: HostName("master-1".into()), text });
    look.hosts[1].unreached = Some("SSH refused".into());
    let said = said(&look);
    let reasons: Vec<_> = said.iter().map(|(node, reason, _)| (node.as_str(), *reason)).collect();
    let expected = [
        ("master-1", "CertificateExpired"),
        ("master-1", "PkiInconsistent"),
        ("master-2", "PkiNotLookedAt"),
    ];
    assert_eq!(reasons, expected);
    assert!(said[1].2.starts_with("etcd does not run; and 1 more"), "{said:?}");
}

#[test]
fn the_same_words_are_said_once_a_day_and_others_at_once() {
    let mut look = look(vec![row("a", State::Warn, "2027-01-14T00:00:00Z")]);
    let mut told = Told::default();
    let mut due = |look: &Status| {
        let due = told.due(look);
        for (warning, at) in &due {
            told.note(warning.clone(), *at);
        }
        due.len()
    };
    assert_eq!(due(&look), 1);
    look.at += SignedDuration::from_hours(23);
    assert_eq!(due(&look), 0);
    look.at += SignedDuration::from_hours(1);
    assert_eq!(due(&look), 1);
    look.at += SignedDuration::from_hours(1);
    look.certificates[0].effective = Some(time("2027-01-10T00:00:00Z"));
    assert_eq!(due(&look), 1);
}

#[test]
fn what_only_a_restart_renews_is_told_with_that_cure() {
    let own = Certificate {
        program: Some(Program::KubeApiserver),
        kind: Kind::Loopback,
        file: None,
        problem: Some("only a restart of kube-apiserver makes another".into()),
        ..row("own", State::Critical, "2026-12-01T00:00:00Z")
    };
    let [warning] = warnings(&look(vec![own])).try_into().unwrap();
    assert_eq!(
        warning.message,
        "own (memory of kube-apiserver) stops working 2026-12-01 within 14 days; only a restart \
         of kube-apiserver makes another"
    );
}
