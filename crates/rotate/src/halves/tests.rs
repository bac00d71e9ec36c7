use std::process::Command;

use super::*;
use crate::example::{Ack, TestCa};

fn content(text: &str) -> Content {
    Content::new(text.as_bytes().to_vec())
}

#[test]
fn halves_that_do_not_belong_together_are_told_apart_and_what_is_missing_is_said() {
    let [one, other] = ["one", "other"].map(|name| TestCa::new(name, &Ack::default()));
    let [certificate, key] = [content(&one.pem), content(&one.key_pem)];
    let whole = Halves::read(Some(&certificate), Some(&key));
    assert_eq!(whole.own(), whole.certificates.first());

    let torn = Halves::read(Some(&certificate), Some(&content(&other.key_pem)));
    assert_eq!(torn.own(), None);
    let told = torn.told();
    let marks = told.strip_prefix("public keys ").and_then(|told| told.split_once(" and "));
    let (first, second) = marks.unwrap_or_else(|| panic!("{told}"));
    assert_ne!(first, second);
    let alone = Halves::read(Some(&certificate), None);
    assert_eq!((alone.own(), alone.told()), (None, format!("public key {first} and none")));
    let key = Halves::read(Some(&content("?")), Some(&content(&other.key_pem)));
    assert_eq!(key.told(), format!("no certificate and public key {second}"));
}

#[test]
fn an_operator_finds_the_same_with_openssl() {
    let Some(openssl) = testkit::peers::need("openssl") else { return };
    let authority = TestCa::new("CA", &Ack::default());
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key.pem");
    std::fs::write(&key, &authority.key_pem).expect("a key");
    let mut command = Command::new(openssl);
    command.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(key);
    let info = command.output().expect("openssl").stdout;
    let halves = Halves::read(Some(&content(&authority.pem)), Some(&content(&authority.key_pem)));
    assert_eq!(key_mark(&info), key_mark(&halves.certificates[0].public_info));
    assert_eq!(key_mark(&info), key_mark(&halves.keys[0].public_info()));
}
