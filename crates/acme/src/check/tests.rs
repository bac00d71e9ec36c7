use issue::{Challenge, Fault, Future, KeyKind, StoreError};
use model::CertificateId;

use super::*;

/// A gateway that has a listener for these proofs.
struct Gateway(&'static [Proof]);

impl Challenges for Gateway {
    fn open<'a>(&'a self, _: &'a Challenge) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { panic!("a check opens nothing") })
    }

    fn can_answer(&self, _: &Name, over: Proof) -> Result<(), IssueError> {
        match self.0.contains(&over) {
            true => Ok(()),
            false => Err(IssueError::refused(format!("no {over:?}"))),
        }
    }

    fn close<'a>(&'a self, _: &'a Name, _: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { panic!("a check closes nothing") })
    }
}

fn told(names: &[&str]) -> Option<String> {
    told_by(&Gateway(&[Proof::Http01]), Method::Http01, names)
}

fn told_by(gateway: &Gateway, method: Method, names: &[&str]) -> Option<String> {
    let request = Request {
        id: CertificateId::store("it"),
        names: names.iter().map(|name| Name::parse(name).unwrap()).collect(),
        key: KeyKind::default(),
        replaces: None,
        serial: 0,
    };
    let solvers = [Solver { method, names: Vec::new() }];
    let error = super::request(&request, &solvers, gateway).err()?;
    assert_eq!(error.fault, Fault::Refused);
    Some(error.message)
}

#[test]
fn a_hundred_names_are_ordered_and_one_more_is_not() {
    let names: Vec<String> = (0..101).map(|index| format!("h{index}.a.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(told(&names[..100]), None);
    assert!(told(&names).unwrap().contains("spread the hosts"));
}

#[test]
fn names_that_every_ca_refuses_are_never_asked_for() {
    let long = format!("{0}.{0}.{0}.test", "a".repeat(60));
    let fine = ["a.test", "xn--bcher-kva.test", "a-b.test", "4.test", &long];
    assert_eq!(fine.map(|name| told(&[name])), fine.map(|_| None));
    for name in ["localhost", "192.0.2.1", "a_b.test", "-a.test", "a-.test", "xn--.test"] {
        assert!(told(&[name]).is_some_and(|told| told.starts_with(name)), "{name}");
    }
}

#[test]
fn nothing_is_ordered_for_nobody() {
    assert!(told(&[]).is_some());
}

#[test]
fn a_proof_that_no_listener_could_give_is_not_asked_for() {
    let gateway = Gateway(&[Proof::TlsAlpn01]);
    assert_eq!(told_by(&gateway, Method::TlsAlpn01, &["a.test"]), None);
    assert_eq!(told_by(&gateway, Method::Http01, &["a.test"]).as_deref(), Some("no Http01"));
}
