//! Products that renew their own certificates.

use super::*;
use crate::{HostName, Program, RunBy, example::rancher::Rancher, finding::Finding};

fn rke2() -> Rancher {
    Rancher { server: Program::Rke2, ..Rancher::default() }
}

fn decided(cluster: &Rancher, wish: &Wish) -> Result<Plan, Vec<Finding>> {
    let facts = cluster.facts();
    decide(&facts, &healthy(&facts), wish)
}

fn planned(cluster: &Rancher, wish: &Wish) -> Plan {
    decided(cluster, wish).unwrap_or_else(|against| panic!("{against:?}"))
}

fn refused(cluster: &Rancher, wish: &Wish) -> String {
    let against = decided(cluster, wish).expect_err("refused");
    against.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_server_in_turn_runs_its_own_command_the_leader_last() {
    let command = "/usr/local/bin/k3s certificate rotate --data-dir /data/k3s";
    let cluster = Rancher { command_of_last: command, ..Rancher::default() };
    golden("k3s", &planned(&cluster, &Wish::default()));
    golden("rke2", &planned(&rke2(), &Wish::default()));
    let facts = cluster.facts();
    let mut health = healthy(&facts);
    for member in health.members.values_mut().flatten() {
        member.status.leader = 1;
    }
    let plan = decide(&facts, &health, &Wish::default()).expect("a plan");
    let hosts: Vec<&HostName> = plan.rotations().map(|rotation| &rotation.host).collect();
    assert_eq!(hosts, [&host(2), &host(3), &host(1)], "the first leads");
}

#[test]
fn what_else_its_authorities_issued_is_renewed_with_the_rest() {
    let cluster = Rancher::default();
    let mut facts = cluster.facts();
    let path = cluster.tls().join("client-supervisor.crt");
    let other = facts.hosts[&host(1)].files[&cluster.tls().join("client-auth-proxy.crt")].clone();
    let seen = facts.hosts.get_mut(&host(1)).expect("a host");
    seen.components[1].pairs.retain(|pair| pair.purpose != crate::Purpose::FrontProxy);
    seen.files.insert(path, other);
    let plan = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    assert!(!plan.notes.iter().any(|note| note.contains("also signs")), "{:?}", plan.notes);
}

#[test]
fn leaf_is_the_only_mode_that_can_be_asked_for() {
    for cluster in [Rancher::default(), rke2()] {
        let asked = planned(&cluster, &Wish { mode: Some(Mode::Leaf), ..Wish::default() });
        assert_eq!(asked, planned(&cluster, &Wish::default()));
        for mode in [Mode::SameKey, Mode::Cross, Mode::Bundle, Mode::Sweep] {
            let text = refused(&cluster, &Wish { mode: Some(mode), ..Wish::default() });
            let sentence =
                format!("they change by `{} certificate rotate-ca` alone", cluster.server);
            assert!(text.contains(&sentence), "{mode}: {text}");
        }
        let text = refused(&cluster, &Wish { compromised: true, ..Wish::default() });
        assert!(text.contains("certificate rotate-ca` alone"), "{text}");
    }
}

#[test]
fn an_authority_that_ends_or_has_ended_is_its_products() {
    for ca_days in [-3, 200] {
        let text = refused(&Rancher { ca_days, ..Rancher::default() }, &Wish::default());
        assert!(text.contains("they change by `k3s certificate rotate-ca` alone"), "{text}");
        assert_eq!(text.contains("--mode leaf renews what they issued"), ca_days > 0, "{text}");
    }
    let soon = Rancher { ca_days: 200, ..Rancher::default() };
    let plan = planned(&soon, &Wish { mode: Some(Mode::Leaf), ..Wish::default() });
    assert_eq!(plan.rotations().count(), 3);
}

#[test]
fn leaves_that_have_ended_are_renewed_by_any_start() {
    let text = refused(&Rancher { leaf_days: -2, ..Rancher::default() }, &Wish::default());
    assert!(text.contains("k3s renews what has ended whenever it is started"), "{text}");
    assert!(text.contains("systemctl stop k3s; systemctl start k3s"), "{text}");
}

#[test]
fn what_a_product_decides_is_not_wished_for() {
    let long = Wish { validity: Some(jiff::Span::new().years(50)), ..Wish::default() };
    let kept = Wish { reuse_keys: true, ..Wish::default() };
    for wish in [long, kept] {
        let text = refused(&Rancher::default(), &wish);
        assert!(text.contains("k3s decides how long its certificates last"), "{text}");
    }
}

#[test]
fn one_server_alone_is_away_for_a_while_and_that_is_said() {
    let alone = Rancher { servers: 1, ..Rancher::default() };
    let plan = planned(&alone, &Wish::default());
    let said = |plan: &Plan, start: &str| plan.notes.iter().any(|note| note.starts_with(start));
    assert!(said(&plan, "There is one member only"), "{:?}", plan.notes);
    let plan = planned(&Rancher { has_etcd: false, ..alone }, &Wish::default());
    assert!(said(&plan, "There is one server only"), "{:?}", plan.notes);
    assert!(!plan.steps.iter().any(|step| matches!(step.act, Act::Snapshot { .. })));
    let text = plan.to_string();
    assert!(!text.contains("member"), "{text}");
}

#[test]
fn a_member_that_is_down_keeps_the_others_from_being_stopped() {
    let facts = Rancher::default().facts();
    let mut health = healthy(&facts);
    health.members.insert(host(3), Err("connection refused".into()));
    let against = decide(&facts, &health, &Wish::default()).expect_err("refused");
    let text = against[0].to_string();
    assert!(text.contains("Restarting another would leave 1 of 3"), "{text}");
}

#[test]
fn somebody_must_be_known_who_starts_the_server_again() {
    let mut facts = Rancher::default().facts();
    let health = healthy(&facts);
    let product = facts.hosts.get_mut(&host(2)).and_then(|host| host.product.as_mut());
    product.expect("a product").run_by = RunBy::Unknown;
    let against = decide(&facts, &health, &Wish::default()).expect_err("refused");
    assert!(against[0].to_string().contains("under components.k3s"), "{against:?}");
}
