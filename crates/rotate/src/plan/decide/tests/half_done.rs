//! What others left: keys that are not their certificates', files of several rotations.

use std::path::PathBuf;

use super::*;
use crate::{HostFacts, Program, example::DIRECTORY};

fn path(name: &str) -> PathBuf {
    format!("{DIRECTORY}/{name}.pem").into()
}

/// Puts a file of another cluster in the place of this one's.
fn exchange(facts: &mut Facts, number: usize, name: &str, other: &HostFacts) {
    let files = &mut facts.hosts.get_mut(&host(number)).expect("a host").files;
    files.insert(path(name), other.files[&path(name)].clone());
}

/// master-2 has another's key beside its server's certificate, so its member is out.
fn with_a_broken_pair(ack: &Ack) -> (Facts, Health) {
    let (mut facts, other) = (ack.facts(), ack.facts());
    exchange(&mut facts, 2, "etcd-server-key", &other.hosts[&host(2)]);
    let mut health = healthy(&facts);
    health.members.insert(host(2), Err("tls: private key does not match public key".into()));
    (facts, health)
}

#[test]
fn a_key_that_is_anothers_is_replaced_when_that_is_asked_for() {
    let (facts, health) = with_a_broken_pair(&Ack::default());
    let refused = decide(&facts, &health, &Wish::default()).expect_err("refused");
    assert!(refused[0].to_string().contains("--repair"), "{refused:?}");

    let wish = Wish { repair: true, reuse_keys: true, ..Wish::default() };
    let plan = decide(&facts, &health, &wish).expect("a plan");
    golden("ack-repair", &plan);
    let facts = after(&facts, &plan);
    let next = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    assert_eq!(next.mode, Mode::Cross, "the rest: {}", next.why);
}

#[test]
fn a_member_that_died_of_its_pair_is_started_when_that_is_whole() {
    let (mut facts, health) = with_a_broken_pair(&Ack::default());
    facts.hosts.get_mut(&host(2)).expect("a host").components[0].process = None;
    let wish = Wish { repair: true, ..Wish::default() };
    let plan = decide(&facts, &health, &wish).expect("a plan");
    let restarted: Vec<_> =
        changes(&plan).filter(|change| change.restart).map(|change| &change.host).collect();
    assert_eq!(restarted, [&host(2)]);
}

#[test]
fn where_a_pair_cannot_be_repaired_step_by_step_the_way_out_is_named() {
    let refused = |ack: &Ack, mode| {
        let (facts, health) = with_a_broken_pair(ack);
        let wish = Wish { repair: true, mode, ..Wish::default() };
        decide(&facts, &health, &wish).expect_err("refused")[0].to_string()
    };
    let text = refused(&Ack::default(), Some(Mode::Cross));
    assert!(text.contains("on master-2 a key is another's: repair first"), "{text}");
    let text = refused(&Ack { has_ca_keys: false, ..Ack::default() }, None);
    assert!(text.contains("ask for --mode sweep"), "{text}");
}

/// A script made one master wholly new and died.
fn with_one_master_new() -> Facts {
    let facts = Ack::default().facts();
    let plan = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    let new = after(&facts, &plan);
    let mut facts = facts;
    facts.hosts.insert(host(1), new.hosts[&host(1)].clone());
    // Without the word of the old authority, which such scripts know nothing of.
    for file in facts.hosts.get_mut(&host(1)).expect("a host").files.values_mut() {
        let Some(content) = &file.content else { continue };
        let text = String::from_utf8_lossy(content.bytes()).into_owned();
        if let Some((leaf, _)) = text.split_once("-----END CERTIFICATE-----\n-----BEGIN") {
            let alone = format!("{leaf}-----END CERTIFICATE-----\n");
            file.content = Some(crate::facts::Content::new(alone.into_bytes()));
        }
    }
    facts
}

#[test]
fn a_mixture_is_told_host_by_host_and_swept_only_when_that_is_asked_for() {
    let facts = with_one_master_new();
    let mut health = healthy(&facts);
    health.members.insert(host(1), Err("remote error: tls: bad certificate".into()));
    let refused = decide(&facts, &health, &Wish::default()).expect_err("refused");
    let text = refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for part in [
        "master-1: etcd to clients: trusts CA@1795334400, presents a leaf of CA@1795334400; etcd \
         to peers: trusts Peer-CA@1795334400, presents a leaf of Peer-CA@1795334400",
        "master-2: etcd to clients: trusts CA, presents a leaf of CA; etcd to peers: trusts \
         Peer-CA, presents a leaf of Peer-CA; the API server to etcd: trusts CA",
        "--mode sweep",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }

    let wish = Wish { mode: Some(Mode::Sweep), ..Wish::default() };
    let plan = decide(&facts, &health, &wish).expect("a plan");
    assert_eq!(plan.mode, Mode::Sweep);
    assert!(plan.notes.iter().any(|note| note.starts_with("etcd is away")), "{:?}", plan.notes);
    let after = after(&facts, &plan);
    assert_eq!(expiry::condition(&after).class, expiry::Class::Sound);

    // Without a quorum there is nothing to lose.
    let plan = decide(&facts, &Health::default(), &Wish::default()).expect("a plan");
    assert_eq!(plan.mode, Mode::Sweep);
}

#[test]
fn leaves_that_the_old_authority_vouches_for_fit_those_who_know_only_that_one() {
    let facts = Ack::default().facts();
    let mut plan = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    plan.steps.retain(|step| {
        step.phase == crate::plan::Phase::Leaves
            && matches!(&step.act, Act::Change(change) if change.host != host(3))
    });
    let facts = after(&facts, &plan);
    assert_eq!(expiry::condition(&facts).class, expiry::Class::Sound);
    let next = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    assert_ne!(next.mode, Mode::Sweep, "nothing has to stop: {}", next.why);
    let names: Vec<_> = next.authorities.iter().map(|one| one.subject.as_str()).collect();
    let known: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(known.len(), names.len(), "each has a name of its own: {names:?}");
    assert_eq!(expiry::condition(&after(&facts, &next)).class, expiry::Class::Sound);
}

#[test]
fn a_stale_copy_that_nobody_reads_is_no_mixture() {
    let mut facts = Ack { ca_days: 1000, ..Ack::default() }.facts();
    let other = Ack::default().facts();
    let copy = PathBuf::from("/etc/kubernetes/pki/etcd/old-ca.pem");
    let stale = other.hosts[&host(1)].files[&path("ca")].clone();
    let here = facts.hosts.get_mut(&host(1)).expect("a host");
    here.files.insert(copy.clone(), stale);
    let etcd = here.components.iter_mut().find(|one| one.program == Program::Etcd).expect("etcd");
    let reread = crate::Reread::Never;
    etcd.trusts.push(crate::Trust { purpose: crate::Purpose::EtcdServer, path: copy, reread });
    assert_eq!(expiry::condition(&facts).class, expiry::Class::Sound);
}
