use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::example::{Ack, TestCa};

fn content(text: &str) -> Content {
    Content::new(text.as_bytes().to_vec())
}

fn between(known: &str, found: &str) -> Vec<String> {
    difference(&[content(known)], &content(found))
}

#[test]
fn of_certificates_it_is_told_what_they_are() {
    let [old, new] = ["CA", "CA@1"].map(|name| TestCa::new(name, &Ack::default()));
    let (leaf, _) = old.leaf("etcd-server", &[], 300);
    let both = format!("# ours\n{}{leaf}", old.pem);
    let told = between(&both, &both.replace(&old.pem, &new.pem));
    assert_eq!(
        told,
        [
            "- certificate CN=CA, serial 070707, until 2027-01-11T08:00:00Z, issued by CN=CA",
            "+ certificate CN=CA@1, serial 070707, until 2027-01-11T08:00:00Z, issued by CN=CA@1",
        ]
    );
    let told = between(&both, &old.pem);
    let [text, gone] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(text, "- 1 line of other text");
    assert!(gone.starts_with("- certificate CN=etcd-server, serial 070707, until "), "{gone}");
    assert!(gone.ends_with(", issued by CN=CA"), "{gone}");
}

#[test]
fn of_keys_only_the_public_half_is_told_apart() {
    let [one, other] = ["one", "other"].map(|name| TestCa::new(name, &Ack::default()));
    let told = between(&one.key_pem, &other.key_pem);
    let [gone, new] = told.as_slice() else { panic!("{told:?}") };
    assert_ne!(gone[2..], new[2..]);
    for line in [gone, new] {
        assert!(line[2..].starts_with("the private key of public key "), "{line}");
        assert_eq!(
            line.chars().count(),
            "- the private key of public key 01234567…".chars().count()
        );
    }
}

#[test]
fn of_whatever_else_stands_there_nothing_is_shown() {
    let key = TestCa::new("CA", &Ack::default()).key_pem;
    // The end of a key is lost, or somebody's password is put where a certificate was.
    let (half, _) = key.split_at(key.len() / 2);
    for found in [half, "hunter2", "kind: of\nhunter2", "server: https://me:hunter2@host"] {
        let told = between("", found).join("\n");
        assert!(!told.is_empty(), "{found}");
        for word in key.lines().filter(|line| !line.contains("KEY")).chain(["hunter2"]) {
            assert!(!told.contains(word), "{told}");
        }
    }
    let binary = difference(&[content("")], &Content::new(vec![0xff, 0xfe]));
    assert_eq!(binary, ["+ 1 line of other text"]);
}

#[test]
fn of_a_manifest_flags_are_shown_and_values_that_may_be_secret_are_not() {
    let known = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    \
                 - kube-apiserver\n    - --client-ca-file=/etc/kubernetes/pki/ca.crt\n    \
                 - --v=2\n    env:\n    - name: PROXY\n      value: old-secret\n";
    let found = known
        .replace("pki/ca.crt", "pki/other.crt")
        .replace("--v=2", "--etcd-password=hunter2")
        .replace("old-secret", "new-secret");
    assert_eq!(
        between(known, &found),
        [
            "-     - --client-ca-file=/etc/kubernetes/pki/ca.crt",
            "-     - --v=2",
            "+     - --client-ca-file=/etc/kubernetes/pki/other.crt",
            "+     - --etcd-password=…",
            "-       value: …",
            "+       value: …",
        ]
    );
}

#[test]
fn of_a_kubeconfig_what_is_embedded_is_told_as_what_it_is() {
    let [one, other] = ["one", "other"].map(|name| TestCa::new(name, &Ack::default()));
    let write = |ca: &TestCa, server: &str, token: &str| {
        let [certificate, key] = [&ca.pem, &ca.key_pem].map(|text| STANDARD.encode(text));
        format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {certificate}\n    \
             server: {server}\nusers:\n- user:\n    client-key-data: {key}\n    token: {token}\n"
        )
    };
    let known = write(&one, "https://10.0.0.1:6443", "abc.def");
    let found = write(&other, "https://10.0.0.9:6443", "ghi.jkl");
    let told = between(&known, &found);
    let starts = [
        "-     certificate-authority-data: certificate CN=one, serial ",
        "-     server: https://10.0.0.1:6443",
        "+     certificate-authority-data: certificate CN=other, serial ",
        "+     server: https://10.0.0.9:6443",
        "-     client-key-data: the private key of public key ",
        "-     token: …",
        "+     client-key-data: the private key of public key ",
        "+     token: …",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (line, start) in told.iter().zip(starts) {
        assert!(line.starts_with(start), "{line} is no {start}");
    }
}

#[test]
fn it_is_compared_with_the_nearest_of_what_the_file_may_hold_and_has_an_end() {
    let [one, two, three] = ["1", "2", "3"].map(|name| TestCa::new(name, &Ack::default()).pem);
    let known = [content(&one), content(&format!("{two}{one}"))];
    let told = difference(&known, &content(&format!("{two}{three}{one}")));
    let [line] = told.as_slice() else { panic!("{told:?}") };
    assert!(line.starts_with("+ certificate CN=3, "), "{line}");

    let long = format!("kind: Pod\n{}", "name: x\n".repeat(30));
    let told = between("", &long);
    assert_eq!((told.len(), told[20].as_str()), (21, "and 11 more lines"));
}
