use std::path::PathBuf;

use super::*;
use crate::{
    HostName, Mode,
    example::{Ack, DAY, DIRECTORY, host, now},
};

/// A plan for the client CA and the servers' certificate alone.
fn plan(facts: &Facts, same_key: bool, cross_signed: bool) -> Plan {
    let of = |name: &str| {
        let path = PathBuf::from(format!("{DIRECTORY}/{name}"));
        let content = facts.hosts[&host(1)].files[&path].content.clone().expect("a file");
        pem::certificates(content.bytes()).remove(0).fingerprint
    };
    let kept_at: Vec<(HostName, PathBuf, PathBuf)> = Vec::new();
    Plan {
        mode: Mode::Cross,
        why: String::new(),
        authorities: vec![AuthorityPlan {
            id: "ca".into(),
            replaces: of("ca.pem"),
            subject: "CN=CA@1".into(),
            common_name: (!same_key).then(|| "CA@1".into()),
            successor: None,
            joins: None,
            leftovers: Vec::new(),
            same_key,
            cross_signed,
            not_after: now() + DAY * 365,
            kept_at: kept_at.clone(),
        }],
        leaves: vec![LeafPlan {
            id: "etcd-server".into(),
            authority: "ca".into(),
            replaces: of("etcd-server.pem"),
            subject: "CN=etcd-server".into(),
            added_names: vec!["10.0.0.9".into()],
            not_after: now() + DAY * 365,
            reuse_key: false,
            kept_at,
        }],
        steps: Vec::new(),
        notes: Vec::new(),
        pending: Vec::new(),
    }
}

#[test]
fn a_crossed_leaf_is_accepted_by_those_who_know_only_the_old_authority() {
    let facts = Ack::default().facts();
    let material = make(&plan(&facts, false, true), &facts, now()).expect("material");
    let authority = &material.authorities["ca"];
    let cross = authority.cross.as_ref().expect("crossed");
    let leaf = &material.leaves["etcd-server"];
    assert!(leaf.new.is_issued_by(&authority.new) && cross.is_issued_by(&authority.old));
    assert!(leaf.new.names.contains("10.0.0.9"));
    assert_ne!(leaf.new.public_key, leaf.old.public_key, "a new key");
}

#[test]
fn with_the_same_key_old_leaves_stay_good() {
    let facts = Ack::default().facts();
    let material = make(&plan(&facts, true, false), &facts, now()).expect("material");
    let authority = &material.authorities["ca"];
    assert!(material.leaves["etcd-server"].old.is_issued_by(&authority.new));
    assert!(material.leaves["etcd-server"].new.is_issued_by(&authority.old));
}

#[test]
fn keys_can_be_kept_so_that_not_one_handshake_sees_half_a_pair() {
    let facts = Ack::default().facts();
    let mut plan = plan(&facts, false, true);
    plan.leaves[0].reuse_key = true;
    let leaf = &make(&plan, &facts, now()).expect("material").leaves["etcd-server"];
    assert_eq!(leaf.new.public_key, leaf.old.public_key);
}

#[test]
fn nothing_is_signed_without_the_authoritys_key() {
    let facts = Ack { has_ca_keys: false, ..Ack::default() }.facts();
    let error = make(&plan(&facts, false, true), &facts, now()).expect_err("no key");
    assert_eq!(
        error.to_string(),
        "the key of CN=CA is on none of the machines: nothing can be signed in its name"
    );
    make(&plan(&facts, false, false), &facts, now()).expect("a bundle needs no old key");
}

#[test]
fn a_cross_certificate_of_an_authority_that_allows_none_below_is_caught_before_use() {
    let facts = Ack { path_length: Some(0), ..Ack::default() }.facts();
    let error = make(&plan(&facts, false, true), &facts, now()).expect_err("no path");
    assert!(error.to_string().contains("was made wrong and is not used"), "{error}");
}

#[test]
fn files_bring_the_same_material_back() {
    let facts = Ack::default().facts();
    let material = make(&plan(&facts, false, true), &facts, now()).expect("material");
    let mut files = material.to_files();
    assert_eq!(Material::from_files(&files).expect("readable"), material);

    let names: Vec<_> = files.iter().map(|(name, _)| name.clone()).collect();
    assert!(names.contains(&"authority-ca.key".to_owned()), "{names:?}");
    assert!(names.contains(&"leaf-etcd-server.crt".to_owned()), "{names:?}");

    let other = material.leaves["etcd-server"].key.clone();
    files.iter_mut().find(|(name, _)| name == "authority-ca.key").expect("a file").1 = other;
    let error = Material::from_files(&files).expect_err("another's key").to_string();
    assert!(error.starts_with("authority-ca.key: does not hold the key"), "{error}");
}

#[test]
fn probes_come_from_either_side() {
    let facts = Ack::default().facts();
    let material = make(&plan(&facts, false, true), &facts, now()).expect("material");
    let authority = &material.authorities["ca"];
    for (side, issuer) in [(Side::Old, &authority.old), (Side::New, &authority.new)] {
        let probe = material.probe("ca", side, now()).expect("a probe").expect("its key is there");
        let leaf = Certificate::read(&probe.chain[0]).expect("a certificate");
        assert!(leaf.is_issued_by(issuer));
    }
}

#[test]
fn no_key_shows_in_debug() {
    let facts = Ack::default().facts();
    let material = make(&plan(&facts, false, true), &facts, now()).expect("material");
    assert!(!format!("{material:?}").contains("PRIVATE"));
}
