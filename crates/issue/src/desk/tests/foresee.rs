//! What would be ordered, one want each; and that it is what a desk then does.

use jiff::SignedDuration;
use model::Model;

use super::scene::{Ca, DAY, HOUR, Scene};
use crate::{
    Course, Foresight, IssueError, IssuerPlan, Limit, OrderStage, Request, Scope, Spares, Stage,
    Why,
    budget::{Budgets, Counts},
    foresee,
};

fn limited(amount: u32) -> IssuerPlan {
    let limit = Limit {
        name: "orders".into(),
        amount,
        per: DAY,
        of: Scope::Account,
        counts: Counts::Orders,
        spares: Spares::Nothing,
    };
    IssuerPlan { limits: vec![limit], ..IssuerPlan::default() }
}

fn falls_back(to: &str) -> IssuerPlan {
    IssuerPlan { fallback: vec![to.into()], ..IssuerPlan::default() }
}

fn foreseen(scene: &Scene, check: impl Fn(&str, &Request) -> Result<(), IssueError>) -> Foresight {
    let wants = scene.wants.values().cloned().collect();
    let model = Model { wants, ..Model::default() };
    let entries = scene.book.values().cloned().collect();
    foresee(entries, scene.budgets.clone(), &scene.known, &model, check, scene.now)
}

fn all(_: &str, _: &Request) -> Result<(), IssueError> {
    Ok(())
}

fn only_wants(scene: &mut Scene, count: usize) {
    for n in 0..count {
        scene.want(&format!("shop/w{n:02}"), &[&format!("w{n}.test")]);
    }
}

#[test]
fn what_is_missing_is_ordered_and_what_is_in_hand_is_kept_until_its_renewal() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.want("shop/a", &["a.test"]);
    scene.pass(HOUR);
    scene.want("shop/b", &["b.test"]);
    let found = foreseen(&scene, all);
    let until = scene.order("shop/a").next_attempt.unwrap();
    assert_eq!(found.wants[0].course, Course::Keep { until });
    assert_eq!(found.wants[1].course, Course::Order { why: Why::Missing, limits: Vec::new() });
}

#[test]
fn changed_names_and_due_renewals_say_why() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.want("shop/a", &["a.test"]);
    scene.want("shop/b", &["b.test"]);
    scene.pass(HOUR);
    scene.want("shop/a", &["a.test", "c.test"]);
    scene.now = scene.held("shop/b").unwrap().not_after - DAY;
    let why = |course: &Course| match course {
        Course::Order { why, .. } => *why,
        other => panic!("{other:?}"),
    };
    let found = foreseen(&scene, all);
    assert_eq!(why(&found.wants[0].course), Why::NamesDiffer);
    assert_eq!(why(&found.wants[1].course), Why::RenewalDue);
}

#[test]
fn more_orders_than_go_out_at_once_still_all_count_against_the_limit() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), limited(20))]);
    only_wants(&mut scene, 23);
    let found = foreseen(&scene, all);
    let now = found.wants.iter().filter(|want| matches!(want.course, Course::Order { .. })).count();
    assert_eq!(now, 20);
    let until: Vec<_> = found
        .wants
        .iter()
        .filter_map(|want| match &want.course {
            Course::Wait { until, limit, .. } => {
                assert_eq!(limit, "orders");
                Some(*until)
            }
            _ => None,
        })
        .collect();
    let each = SignedDuration::from_secs(DAY.as_secs() / 20);
    assert_eq!(until, [1, 2, 3].map(|nth| scene.now + each * nth));
    let [used] = &found.limits[..] else { panic!("{:?}", found.limits) };
    assert_eq!((used.amount, used.left, used.taken, used.waiting), (20, 20, 20, 3));
}

#[test]
fn a_spent_limit_is_remembered_and_the_desk_then_does_what_was_foreseen() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), limited(1))]);
    scene.want("shop/a", &["a.test"]);
    scene.pass(HOUR);
    scene.want("shop/b", &["b.test"]);
    let found = foreseen(&scene, all);
    let Course::Wait { until, .. } = &found.wants[1].course else { panic!("{found:?}") };
    assert_eq!((found.limits[0].left, found.limits[0].waiting), (0, 1));

    scene.settle();
    let order = scene.order("shop/b");
    assert_eq!(order.stage, OrderStage::Budget);
    assert_eq!(order.next_attempt, Some(*until));
}

/// The process may have been killed before it wrote down what is left of the limits.
#[test]
fn what_kept_orders_have_taken_is_gone_before_anything_is_ordered() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), limited(3))]);
    scene.want("shop/a", &["a.test"]);
    scene.settle();
    scene.budgets = Budgets::default();
    scene.want("shop/b", &["b.test"]);
    let found = foreseen(&scene, all);
    assert!(matches!(found.wants[0].course, Course::GoOn { .. }), "{found:?}");
    let [used] = &found.limits[..] else { panic!("{:?}", found.limits) };
    assert_eq!((used.amount, used.left, used.taken), (3, 2, 1));
}

#[test]
fn a_request_that_its_issuer_cannot_meet_is_refused_and_others_are_not() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), limited(5))]);
    scene.want("shop/a", &["*.a.test"]);
    scene.want("shop/b", &["b.test"]);
    let no_wildcards = |_: &str, request: &Request| match request.names[0].is_wildcard() {
        true => Err(IssueError::refused("no wildcards")),
        false => Ok(()),
    };
    let found = foreseen(&scene, no_wildcards);
    let Course::Refuse { why, message } = &found.wants[0].course else { panic!("{found:?}") };
    assert_eq!((*why, message.as_str()), (Why::Missing, "no wildcards"));
    assert!(matches!(found.wants[1].course, Course::Order { .. }), "{found:?}");
    assert_eq!((found.limits[0].left, found.limits[0].taken), (5, 1));
}

#[test]
fn who_cannot_be_asked_is_passed_over_for_the_next() {
    let ca = || Ca::of(DAY * 90);
    let mut scene =
        Scene::new([("ca", ca(), falls_back("other")), ("other", ca(), IssuerPlan::default())]);
    scene.want("shop/a", &["a.test"]);
    let check = |issuer: &str, _: &Request| match issuer {
        "ca" => Err(IssueError::refused("no account key")),
        _ => Ok(()),
    };
    let found = foreseen(&scene, check);
    let want = &found.wants[0];
    assert!(matches!(want.course, Course::Order { why: Why::Missing, .. }), "{want:?}");
    assert_eq!(want.asked.as_deref(), Some("other"));
    assert_eq!(want.refusals[0].message, "no account key");

    let found = foreseen(&scene, |_, _| Err(IssueError::refused("closed")));
    let Course::Refuse { message, .. } = &found.wants[0].course else { panic!("{found:?}") };
    assert_eq!(message, "closed");
    assert_eq!(found.wants[0].refusals.len(), 2);
}

#[test]
fn an_issuer_that_does_not_exist_is_refused() {
    let mut scene = Scene::new([]);
    scene.want("shop/a", &["a.test"]);
    let found = foreseen(&scene, all);
    let Course::Refuse { message, .. } = &found.wants[0].course else { panic!("{found:?}") };
    assert!(message.contains("there is no Issuer"), "{message}");
}

#[test]
fn an_order_of_the_last_run_goes_on_and_takes_nothing_again() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), limited(5))]);
    scene.want("shop/a", &["a.test"]);
    scene.settle();
    let found = foreseen(&scene, all);
    let Course::GoOn { stage, message, next } = &found.wants[0].course else { panic!("{found:?}") };
    assert_eq!((*stage, message.as_str()), (Stage::Validating, "validating"));
    assert!(*next > scene.now);
    assert!(found.limits.is_empty(), "{:?}", found.limits);
}
