//! etcd on machines of its own.

use super::*;
use crate::{
    HostName, Program,
    example::external::{api_host, external},
    plan::Phase,
};

fn external_plan(members: usize, api_servers: usize, wish: &Wish) -> Plan {
    let facts = external(members, api_servers);
    decide(&facts, &healthy(&facts), wish).unwrap_or_else(|against| panic!("{against:?}"))
}

/// Restarts of a program in a phase, in order.
fn restarted(plan: &Plan, program: Program, phase: Phase) -> Vec<HostName> {
    let steps = plan.steps.iter().filter(|step| step.phase == phase);
    let changes = steps.filter_map(|step| match &step.act {
        Act::Change(change) => Some(change),
        _ => None,
    });
    let restarted = changes.filter(|change| change.restart && change.program == program);
    restarted.map(|change| change.host.clone()).collect()
}

#[test]
fn members_first_and_then_the_api_servers_elsewhere() {
    golden("external-cross", &external_plan(3, 2, &Wish::default()));
    let dead = Wish { mode: Some(Mode::Sweep), ..Wish::default() };
    golden("external-sweep", &external_plan(3, 2, &dead));
}

#[test]
fn five_members_are_restarted_one_by_one_the_leader_last() {
    let plan = external_plan(5, 2, &Wish::default());
    let members = restarted(&plan, Program::Etcd, Phase::Flip);
    assert_eq!(members, [1, 2, 3, 4, 5].map(host), "the fifth leads");
    let canary = restarted(&plan, Program::KubeApiserver, Phase::Leaves);
    assert_eq!(canary, [api_host(1)]);
    let api_servers = restarted(&plan, Program::KubeApiserver, Phase::Flip);
    assert_eq!(api_servers, [1, 2].map(api_host));
}

#[test]
fn more_api_servers_than_members_are_all_brought_along() {
    let plan = external_plan(1, 3, &Wish::default());
    let api_servers = restarted(&plan, Program::KubeApiserver, Phase::Flip);
    assert_eq!(api_servers, [1, 2, 3].map(api_host));
    let announced = plan.notes.iter().any(|note| note.starts_with("There is one member only"));
    assert!(announced, "{:?}", plan.notes);
}

#[test]
fn an_api_server_that_is_away_keeps_an_authority_from_changing() {
    let mut facts = external(3, 2);
    let health = healthy(&facts);
    facts.hosts.get_mut(&api_host(2)).expect("a host").unreached = Some("no route".into());
    let refused = decide(&facts, &health, &Wish::default()).expect_err("refused");
    let text = refused[0].to_string();
    assert!(text.starts_with("api-2: no route. Nothing was changed."), "{text}");
}

#[test]
fn a_plan_for_them_leaves_a_sound_cluster() {
    for mode in [None, Some(Mode::Bundle), Some(Mode::SameKey), Some(Mode::Sweep)] {
        let facts = external(3, 2);
        let wish = Wish { mode, ..Wish::default() };
        let plan = decide(&facts, &healthy(&facts), &wish).expect("a plan");
        let facts = after(&facts, &plan);
        assert_eq!(expiry::condition(&facts).class, expiry::Class::Sound, "{mode:?}");
    }
}
