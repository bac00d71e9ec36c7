use std::collections::BTreeSet;

use prometheus_client::encoding::text::encode;
use rotate::{
    HostName, Program, Purpose,
    status::{Authority, Kind, Served},
};

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn certificate(name: &str, purpose: Purpose, end: &str) -> Certificate {
    Certificate {
        host: HostName("master-1".into()),
        program: Some(Program::Etcd),
        kind: Kind::Program(purpose),
        name: name.into(),
        file: Some("/etc/etcd/pki/a.pem".into()),
        expires: Some(time(end)),
        effective: Some(time(end)),
        authority: None,
        authority_years: None,
        served: Served::Same,
        state: State::Ok,
        problem: None,
    }
}

fn metrics(certificates: Vec<Certificate>) -> String {
    let status = Status {
        at: time("2026-11-21T00:00:00Z"),
        hosts: Vec::new(),
        certificates,
        authorities: vec![Authority {
            name: "CA".into(),
            subject: "CN=CA".into(),
            fingerprint: "ab".into(),
            expires: time("2027-01-14T00:00:00Z"),
            is_trusted: true,
            key_on: Vec::new(),
            trusted_by: Vec::new(),
            state: State::Ok,
        }],
        problems: Vec::new(),
        condition: None,
        is_half_rotated: false,
    };
    let mut registry = Registry::default();
    let (_sender, seen) = watch::channel(Some(Arc::new(status)));
    PkiMetrics::register(&mut registry, seen);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    text
}

/// What Prometheus' own check (`promtool check metrics`) and node_exporter ask of a text: every
/// metric is described once, before its samples, these stand together, and no series twice.
fn assert_is_well_formed(text: &str) {
    let (mut described, mut typed) = (BTreeSet::new(), BTreeSet::new());
    let (mut current, mut series) = ("", BTreeSet::new());
    assert!(text.ends_with("# EOF\n"));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("a name and words");
            assert!(described.insert(name) && !help.is_empty(), "{line}");
            current = name;
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a kind");
            assert!(typed.insert(name) && name == current && kind == "gauge", "{line}");
        } else if line != "# EOF" {
            let (of, value) = line.rsplit_once(' ').expect("a series and a value");
            let (name, labels) = of.split_once('{').map_or((of, ""), |(name, rest)| {
                (name, rest.strip_suffix('}').expect("the end of the labels"))
            });
            assert!(name == current && typed.contains(name), "{line}");
            assert!(series.insert(of), "twice: {line}");
            value.parse::<f64>().expect("a number");
            assert_are_labels(labels);
        }
    }
    assert!(!series.is_empty());
}

/// `a="b",c="d"`, with `\\`, `\"` and `\n` as the only escapes.
fn assert_are_labels(mut text: &str) {
    let mut names = BTreeSet::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").expect("a name and a value");
        assert!(names.insert(name), "{name} stands twice");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        let mut end = None;
        let mut bytes = rest.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => assert!(matches!(bytes.next(), Some((_, b'\\' | b'"' | b'n'))), "{rest}"),
                b'"' => {
                    end = Some(at);
                    break;
                }
                byte => assert_ne!(byte, b'\n'),
            }
        }
        let rest = &rest[end.expect("the end of a value") + 1..];
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
}

#[test]
fn names_may_hold_anything() {
    let odd = "O=\"Shop\", OU=a\\b\nCN={x}, é";
    let text = metrics(vec![certificate(odd, Purpose::EtcdServer, "2027-01-14T00:00:00Z")]);
    assert_is_well_formed(&text);
    assert!(text.contains(r#"name="O=\"Shop\", OU=a\\b\nCN={x}, é""#), "{text}");
}

#[test]
fn a_file_that_is_read_for_two_purposes_is_one_series() {
    let of = |purpose, end| certificate("etcd", purpose, end);
    let text = metrics(vec![
        of(Purpose::EtcdServer, "2027-01-14T00:00:00Z"),
        of(Purpose::EtcdPeer, "2027-01-14T00:00:00Z"),
    ]);
    assert_is_well_formed(&text);
}
