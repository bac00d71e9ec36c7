use issue::Fault;
use testkit::pki::TestCa;

use super::*;
use crate::{acm::RecordPolicy, fixture::order};

fn settings() -> Settings {
    Settings {
        cluster: "west".into(),
        cluster_uid: "0b6c".into(),
        authority: None,
        tags: Vec::new(),
        records: RecordPolicy::Keep,
    }
}

fn spec(names: &[&str]) -> Spec {
    Spec::of(&order(names, 1), &settings()).unwrap()
}

fn refused(names: &[&str]) -> String {
    let error = Spec::of(&order(names, 1), &settings()).unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    error.message
}

#[test]
fn the_common_name_is_the_shortest_that_is_no_wildcard() {
    assert_eq!(spec(&["*.a.test", "www.shop.test", "shop.test"]).common_name.as_str(), "shop.test");
    assert_eq!(spec(&["*.a.test", "*.shop.test"]).common_name.as_str(), "*.a.test");
}

#[test]
fn the_common_name_stays_as_long_as_it_is_wanted() {
    let issued = TestCa::new("root").leaf(&["www.shop.test"]);
    let held = x509::read_pair(issued.cert_pem.as_bytes(), issued.key_pem.as_bytes()).unwrap();
    let mut order = order(&["a.test", "www.shop.test"], 2);
    order.replaces = Some(held.into());
    let spec = Spec::of(&order, &settings()).unwrap();
    assert_eq!(spec.common_name.as_str(), "www.shop.test");
}

#[test]
fn a_name_longer_than_a_common_name_needs_a_shorter_one_beside_it() {
    let long = format!("{}.{}.test", "a".repeat(40), "b".repeat(40));
    assert!(refused(&[&long]).contains("64 characters"));
    assert_eq!(spec(&[&long, "*.b.test"]).common_name.as_str(), "*.b.test");
}

#[test]
fn a_hundred_names_are_the_most() {
    let names: Vec<String> = (0..101).map(|n| format!("h{n}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(refused(&names).contains("this one has 101"));
    spec(&names[..100]);
    assert!(refused(&["localhost"]).contains("one label"));
}

#[test]
fn the_hash_follows_names_key_and_ca_and_nothing_else() {
    let base = spec(&["a.test", "b.test"]);
    assert_eq!(base.hash, Spec::of(&order(&["b.test", "a.test"], 9), &settings()).unwrap().hash);
    assert_ne!(base.hash, spec(&["a.test", "c.test"]).hash);
    let private = Settings { authority: Some("arn:ca/1".into()), ..settings() };
    let other = Settings { authority: Some("arn:ca/2".into()), ..settings() };
    let of = |settings| Spec::of(&order(&["a.test", "b.test"], 1), settings).unwrap().hash;
    assert_ne!(base.hash, of(&private));
    assert_ne!(of(&private), of(&other), "another CA is another certificate");
    let mut rsa = order(&["a.test", "b.test"], 1);
    rsa.key = KeyKind::Rsa2048;
    assert_ne!(base.hash, Spec::of(&rsa, &settings()).unwrap().hash);
}

#[test]
fn the_token_is_the_same_for_all_steps_of_an_order_and_for_no_other() {
    let spec = spec(&["a.test"]);
    let token = |serial| spec.token(&order(&["a.test"], serial), &settings());
    assert_eq!(token(1), token(1));
    assert_ne!(token(1), token(2));
    let elsewhere = Settings { cluster_uid: "other".into(), ..settings() };
    assert_ne!(token(1), spec.token(&order(&["a.test"], 1), &elsewhere));
    assert!(token(1).len() == 32 && token(1).chars().all(|c| c.is_ascii_alphanumeric()));
}

#[test]
fn tags_of_the_settings_never_replace_ours() {
    let settings = Settings {
        tags: vec![("team".into(), "shop".into()), (CLAIM.into(), "stolen".into())],
        ..settings()
    };
    let tags: Tags =
        spec(&["a.test"]).tags(&order(&["a.test"], 1), &settings).into_iter().collect();
    assert_eq!(tags[CLAIM], "shop/tls");
    assert_eq!(tags["team"], "shop");
}

#[test]
fn a_value_that_is_no_tag_becomes_one_and_stays_itself() {
    assert_eq!(tag_value("shop/tls"), "shop/tls");
    let long = "x".repeat(300);
    assert!(tag_value(&long).len() <= 256);
    assert_ne!(tag_value(&long), tag_value(&"x".repeat(301)));
    assert!(!tag_value("a*b").contains('*'));
    assert_ne!(tag_value("a*b"), tag_value("a?b"));
}
