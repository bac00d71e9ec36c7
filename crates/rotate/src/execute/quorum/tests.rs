use super::*;
use crate::example::host;

const FOUND: SceneEtcd =
    SceneEtcd { cluster: 7, revision: 50, members: Vec::new(), down: Vec::new() };

fn status(member: u64) -> MemberStatus {
    MemberStatus {
        cluster: 7,
        member,
        leader: 1,
        term: 3,
        index: 2000,
        applied: 2000,
        revision: 60,
        ..MemberStatus::default()
    }
}

/// Three members; the second one's answer is given.
fn quorum(second: Result<MemberStatus, &str>) -> Quorum {
    let second = second.map_err(|why| Silence { why: why.to_owned(), status: None });
    of(second)
}

fn of(second: Result<MemberStatus, Silence>) -> Quorum {
    let answers = [Ok(status(1)), second, Ok(status(3))];
    let members = answers.into_iter().enumerate();
    Quorum::of(
        members.map(|(index, answer)| MemberView { host: host(index + 1), answer }).collect(),
    )
}

fn refused(second: Result<MemberStatus, &str>) -> String {
    quorum(second).others_ready(&host(1), &FOUND).expect_err("another is not well")
}

#[test]
fn a_member_may_be_stopped_while_all_others_are_well() {
    let quorum = quorum(Ok(status(2)));
    assert_eq!(quorum.leader, Some(host(1)));
    assert_eq!(quorum.others_ready(&host(2), &FOUND), Ok(()));
    assert_eq!(quorum.all_well(&FOUND), Ok(()));
}

#[test]
fn with_one_down_no_other_is_stopped() {
    assert_eq!(
        refused(Err("connection refused")),
        "etcd on master-2 does not answer: connection refused"
    );
    // The one that is down itself may be started anew.
    let quorum = quorum(Err("connection refused"));
    assert_eq!(quorum.others_ready(&host(2), &FOUND), Ok(()));
    assert_eq!(quorum.count(), (2, 3));
}

#[test]
fn one_that_was_down_before_the_run_is_not_waited_for() {
    let found = SceneEtcd { down: vec![host(2)], ..FOUND };
    assert_eq!(quorum(Err("down")).others_ready(&host(1), &found), Ok(()));
}

#[test]
fn whoever_is_behind_learns_complains_or_is_of_another_cluster_is_not_well() {
    let behind = MemberStatus { applied: 900, ..status(2) };
    assert_eq!(refused(Ok(behind)), "etcd on master-2 is still replaying (applied 900 / 2 000)");
    let learner = MemberStatus { is_learner: true, ..status(2) };
    assert_eq!(refused(Ok(learner)), "etcd on master-2 is a learner");
    let full = MemberStatus { errors: vec!["NOSPACE".into()], ..status(2) };
    assert_eq!(refused(Ok(full)), "etcd on master-2 reports NOSPACE");
    let other = MemberStatus { cluster: 8, ..status(2) };
    assert!(refused(Ok(other)).contains("another cluster"));
    let old = MemberStatus { revision: 49, ..status(2) };
    assert_eq!(refused(Ok(old)), "etcd on master-2 went back from revision 50 to 49");
}

#[test]
fn there_is_no_leader_while_members_name_different_ones_or_none() {
    let other_term = MemberStatus { term: 4, ..status(2) };
    assert_eq!(quorum(Ok(other_term)).leader, None);
    let none = MemberStatus { leader: 0, ..status(2) };
    assert_eq!(refused(Ok(none)), "members do not agree on a leader (term 3)");
    let other_term = MemberStatus { leader: 0, term: 9, ..status(2) };
    assert_eq!(quorum(Ok(other_term.clone())).term(), 9);
    assert_eq!(refused(Ok(other_term)), "members do not agree on a leader (term 3, 9)");
}

#[test]
fn whoever_is_silent_because_he_replays_is_told_apart_from_the_dead() {
    let silent = |applied| {
        let status = MemberStatus { index: applied, applied, ..status(2) };
        let why = "request timed out".to_owned();
        of(Err(Silence { why, status: Some(status) })).others_ready(&host(1), &FOUND)
    };
    assert_eq!(
        silent(812).expect_err("it is behind"),
        "etcd on master-2 is still replaying (applied 812 / 2 000)"
    );
    assert_eq!(
        silent(1999).expect_err("it is silent"),
        "etcd on master-2 does not answer: request timed out"
    );
    assert_eq!(Grouped(1_203_041).to_string(), "1 203 041");
}

#[test]
fn the_follower_that_has_applied_most_is_to_lead_next() {
    let behind = MemberStatus { applied: 1500, ..status(2) };
    let quorum = quorum(Ok(behind));
    assert_eq!(quorum.successor(&host(1)), Some((3, &host(3))));
}

#[test]
fn a_leader_that_was_not_heard_before_the_run_is_one_all_the_same() {
    let led_by_two = |member| MemberStatus { leader: 2, ..status(member) };
    let silence = Silence { why: "connection refused".to_owned(), status: None };
    let answers = [Ok(led_by_two(1)), Err(silence), Ok(led_by_two(3))];
    let members = answers.into_iter().enumerate();
    let quorum = Quorum::of(
        members.map(|(index, answer)| MemberView { host: host(index + 1), answer }).collect(),
    );
    let found = SceneEtcd { down: vec![host(2)], ..FOUND };
    assert_eq!(quorum.all_well(&found), Ok(()));
    assert_eq!(quorum.leader, None, "nobody is asked to hand over");
    assert!(quorum.others_ready(&host(1), &found).is_err(), "and nobody is stopped");
}
