use std::{fs, os::unix::fs::PermissionsExt};

use issue::{Fault, RecordKind};
use testkit::pebble::ChallTestSrv;

use super::*;

fn record() -> Record {
    Record {
        name: "_acme-challenge.a.test".into(),
        kind: RecordKind::Txt,
        value: "v-1".into(),
        ttl: 1,
    }
}

/// A script in a folder of its own.
fn script(body: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hook");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    (folder, path.display().to_string())
}

#[tokio::test]
async fn a_command_is_told_what_to_add_and_what_to_remove() {
    let (folder, program) = script(r#"echo "$@" >> "$(dirname "$0")/calls""#);
    let command = Command::new(program, vec!["--zone".into(), "a.test".into()], None);
    command.add(&record()).await.unwrap();
    command.remove(&record()).await.unwrap();
    let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
    assert_eq!(
        calls,
        "--zone a.test add _acme-challenge.a.test v-1\n\
         --zone a.test remove _acme-challenge.a.test v-1\n"
    );
}

#[tokio::test]
async fn what_a_command_complains_of_is_told() {
    let (_folder, program) = script("echo 'no such zone' >&2; exit 3");
    let told = Command::new(program, Vec::new(), None).add(&record()).await.unwrap_err();
    assert_eq!(told.fault, Fault::Passing);
    assert!(told.message.contains("no such zone"), "{told}");
}

#[tokio::test]
async fn a_command_that_is_not_there_is_refused() {
    let told = Command::new("/no/such/hook", Vec::new(), None).add(&record()).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused);
    assert!(told.message.contains("dns01.command"), "{told}");
}

#[tokio::test]
async fn what_a_command_added_is_looked_for_through_the_resolver() {
    let (Some(dns), Some(curl)) = (ChallTestSrv::start().await, testkit::peers::need("curl"))
    else {
        return;
    };
    let (_folder, program) = script(&format!(
        r#"exec {} -sf -d "{{\"host\": \"$2.\", \"value\": \"$3\"}}" http://{}/set-txt"#,
        curl.display(),
        dns.management(),
    ));
    let command = Command::new(program, Vec::new(), Some(dns.dns()));
    assert!(!command.is_served(&record()).await.unwrap());
    command.add(&record()).await.unwrap();
    assert!(command.is_served(&record()).await.unwrap());
}
