//! What an order goes through, one story each.

use jiff::SignedDuration;
use model::CertificateId;

use super::scene::{Ca, DAY, HOUR, Scene, start};
use crate::{
    IssuerPlan, Known, Limit, OrderStage, OrderState, Scope, Spares,
    budget::{Budgets, Counts},
};

fn plan(fallback: &[&str]) -> IssuerPlan {
    IssuerPlan {
        fallback: fallback.iter().map(|name| (*name).into()).collect(),
        ..IssuerPlan::default()
    }
}

#[test]
fn an_order_goes_through_its_stages_and_is_then_served() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.want("shop/web", &["a.test"]);
    assert_eq!(scene.order("shop/web").stage, OrderStage::Queued);
    scene.settle();
    let order = scene.order("shop/web");
    assert_eq!((order.state, order.stage), (OrderState::Pending, OrderStage::Validating));
    scene.pass(SignedDuration::from_mins(1));
    let order = scene.order("shop/web");
    assert_eq!((order.state, order.stage), (OrderState::Issued, OrderStage::Served));
    assert_eq!(order.expires, scene.held("shop/web").map(|held| held.not_after));
    assert!(order.next_attempt.is_some_and(|next| next > start() + DAY * 50));
}

#[test]
fn what_is_replaced_is_taken_away_only_after_no_listener_holds_it() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.want("shop/web", &["a.test"]);
    scene.pass(HOUR);
    let old = scene.held("shop/web").expect("in hand").fingerprint;
    scene.served.insert(old);
    scene.want("shop/web", &["a.test", "b.test"]);
    scene.pass(DAY);
    let new = scene.held("shop/web").expect("in hand").fingerprint;
    assert_ne!(old, new);
    assert!(scene.cas["ca"].live.contains(&old), "a listener holds it");

    scene.served.clear();
    scene.show(&CertificateId::store("shop/web"));
    scene.pass(SignedDuration::from_secs(59));
    assert!(scene.cas["ca"].live.contains(&old), "handshakes may still go on with it");
    scene.pass(SignedDuration::from_secs(2));
    assert_eq!(scene.cas["ca"].live.iter().collect::<Vec<_>>(), [&new]);
}

#[test]
fn another_issuer_is_another_order_and_the_old_one_serves_until_then() {
    let other = (Ca::of(DAY * 90), IssuerPlan::default());
    let mut scene =
        Scene::new([("ca", Ca::of(DAY * 90), IssuerPlan::default()), ("other", other.0, other.1)]);
    scene.want("shop/web", &["a.test"]);
    scene.pass(HOUR);
    let old = scene.held("shop/web").expect("in hand").fingerprint;
    let id = CertificateId::store("shop/web");
    scene.wants.get_mut(&id).expect("wanted").issuer = "other".into();
    let now = scene.now;
    scene.ca("other").away.push((now, now + DAY));
    scene.show(&id);
    scene.pass(HOUR);
    assert_eq!(scene.held("shop/web").expect("in hand").fingerprint, old);
    assert!(scene.cas["ca"].live.contains(&old));
    scene.pass(DAY * 2);
    assert_ne!(scene.held("shop/web").expect("in hand").fingerprint, old);
    assert_eq!((scene.cas["ca"].live.len(), scene.cas["other"].live.len()), (0, 1));
}

#[test]
fn an_issuer_that_fails_is_followed_by_the_next_and_a_renewal_goes_back_to_the_first() {
    let mut scene = Scene::new([
        ("ca", Ca::of(DAY * 90), plan(&["backup"])),
        ("backup", Ca::of(DAY * 90), IssuerPlan::default()),
    ]);
    scene.ca("ca").away.push((start(), start() + DAY));
    scene.want("shop/web", &["a.test"]);
    scene.pass(SignedDuration::from_mins(5));
    assert_eq!((scene.cas["ca"].live.len(), scene.cas["backup"].live.len()), (0, 1));
    scene.pass(DAY * 70);
    assert_eq!((scene.cas["ca"].live.len(), scene.cas["backup"].live.len()), (1, 0));
    assert_eq!(scene.cas["backup"].opened.values().sum::<u32>(), 1);
}

#[test]
fn what_is_refused_goes_to_the_next_at_once_and_else_waits_for_a_change() {
    let mut scene = Scene::new([
        ("ca", Ca::of(DAY * 90), plan(&["backup"])),
        ("backup", Ca::of(DAY * 90), IssuerPlan::default()),
    ]);
    scene.ca("ca").refuses = true;
    scene.want("shop/web", &["a.test"]);
    scene.pass(SignedDuration::from_secs(30));
    assert_eq!(scene.cas["backup"].live.len(), 1);

    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.ca("ca").refuses = true;
    scene.want("shop/web", &["a.test"]);
    scene.pass(DAY * 10);
    let order = scene.order("shop/web");
    assert_eq!((order.state, order.message.as_str()), (OrderState::Failed, "not our zone"));
    assert!(scene.calls < 80, "{} calls in ten days", scene.calls);
    scene.ca("ca").refuses = false;
    scene.want("shop/web", &["b.test"]);
    scene.pass(SignedDuration::from_mins(1));
    assert_eq!(scene.order("shop/web").state, OrderState::Issued);
}

#[test]
fn a_wrong_clock_causes_no_hot_loop() {
    for hours in [-24 * 40, -25, 25, 24 * 40, 24 * 80] {
        let mut ca = Ca::of(DAY * 90);
        ca.clock = HOUR * hours;
        let mut scene = Scene::one(ca);
        scene.want("shop/web", &["a.test"]);
        scene.pass(DAY * 7);
        let opened = scene.cas["ca"].opened.values().sum::<u32>();
        assert!(opened <= 10, "{opened} orders by a CA that is {hours} hours ahead");
        assert!(scene.held("shop/web").is_some());
    }
}

#[test]
fn an_operator_has_what_failed_tried_again_at_once() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.ca("ca").refuses = true;
    scene.want("shop/web", &["a.test"]);
    scene.pass(HOUR * 5);
    scene.ca("ca").refuses = false;
    assert!(scene.desk.renew(&CertificateId::store("shop/web"), scene.now));
    scene.pass(SignedDuration::from_mins(1));
    assert_eq!(scene.order("shop/web").state, OrderState::Issued);
    assert!(!scene.desk.renew(&CertificateId::store("shop/other"), scene.now));
}

#[test]
fn an_issuer_that_is_made_later_is_asked_at_once() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    let known = std::mem::take(&mut scene.known);
    scene.desk.employ(scene.known.clone(), scene.now);
    scene.want("shop/web", &["a.test"]);
    scene.pass(HOUR);
    assert_eq!(
        scene.order("shop/web").message,
        "there is no Issuer \"ca\": create it, or name another"
    );
    scene.known = known;
    scene.desk.employ(scene.known.clone(), scene.now);
    scene.pass(SignedDuration::from_mins(1));
    assert_eq!(scene.order("shop/web").state, OrderState::Issued);
}

fn one_an_hour() -> IssuerPlan {
    let limit = Limit {
        name: "new orders".into(),
        amount: 1,
        per: HOUR,
        of: Scope::Account,
        counts: Counts::Orders,
        spares: Spares::Nothing,
    };
    IssuerPlan { limits: vec![limit], ..IssuerPlan::default() }
}

#[test]
fn an_order_over_budget_says_which_limit_and_until_when() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), one_an_hour())]);
    for id in ["a/a", "b/b", "c/c"] {
        scene.want(id, &["a.test"]);
    }
    scene.pass(SignedDuration::from_mins(1));
    let waits = ["b/b", "c/c"].map(|id| {
        let order = scene.order(id);
        assert_eq!((order.state, order.stage), (OrderState::Pending, OrderStage::Budget));
        order.budget.expect("it waits for one")
    });
    assert_eq!(waits[0].limit, "new orders");
    assert_eq!([&waits[0], &waits[1]].map(|wait| wait.until), [start() + HOUR, start() + HOUR * 2]);
    scene.pass(HOUR * 3);
    assert_eq!(scene.cas["ca"].live.len(), 3);
    assert_eq!(scene.cas["ca"].opened.values().copied().collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn what_is_refused_before_it_is_ordered_takes_nothing_of_a_limit() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), one_an_hour())]);
    scene.ca("ca").refuses_at_sight = true;
    scene.want("a/a", &["a.test"]);
    scene.pass(SignedDuration::from_mins(1));
    let order = scene.order("a/a");
    assert_eq!((order.state, order.message.as_str()), (OrderState::Failed, "no solver for it"));
    assert!(order.next_attempt.is_some_and(|next| next > scene.now));

    scene.ca("ca").refuses_at_sight = false;
    scene.want("b/b", &["b.test"]);
    scene.pass(SignedDuration::from_mins(1));
    assert_eq!(scene.order("b/b").state, OrderState::Issued);
}

/// Nor does it wait for the limit to be told.
#[test]
fn what_would_be_refused_is_told_while_its_limit_has_nothing_left() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), one_an_hour())]);
    scene.want("a/a", &["a.test"]);
    scene.pass(SignedDuration::from_mins(1));
    scene.ca("ca").refuses_at_sight = true;
    scene.want("b/b", &["b.test"]);
    scene.settle();
    assert_eq!(scene.order("b/b").message, "no solver for it");
}

#[test]
fn renewals_come_before_new_orders_and_the_first_to_expire_before_others() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), one_an_hour())]);
    for id in ["a/a", "b/b"] {
        scene.want(id, &["a.test"]);
        scene.pass(HOUR * 2);
    }
    // The next token is an hour away when all four want it.
    scene.want("x/x", &["a.test"]);
    scene.pass(SignedDuration::from_mins(1));
    for id in ["c/c", "d/d"] {
        scene.want(id, &["a.test"]);
    }
    for id in ["b/b", "a/a"] {
        scene.desk.renew(&CertificateId::store(id), scene.now);
    }
    scene.pass(HOUR * 5);
    let made = |id: &str| scene.held(id).map(|held| held.not_before).expect("in hand");
    let order = ["a/a", "b/b", "c/c", "d/d"].map(made);
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn what_was_spent_outlives_a_restart() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), one_an_hour())]);
    scene.want("a/a", &["a.test"]);
    scene.pass(SignedDuration::from_mins(1));
    scene.restart();
    scene.want("b/b", &["a.test"]);
    scene.settle();
    assert_eq!(scene.order("b/b").stage, OrderStage::Budget);
}

#[test]
fn what_was_spent_and_not_written_down_is_counted_by_the_orders_that_were() {
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), one_an_hour())]);
    scene.want("a/a", &["a.test"]);
    scene.settle();
    scene.budgets = Budgets::default();
    scene.restart();
    scene.want("b/b", &["a.test"]);
    scene.pass(SignedDuration::from_mins(5));
    let order = scene.order("b/b");
    assert_eq!(order.stage, OrderStage::Budget);
    assert_eq!(order.budget.map(|wait| wait.until), Some(start() + HOUR));
}

#[test]
fn what_nobody_wants_is_given_up_after_a_while_but_not_at_once() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.want("shop/web", &["a.test"]);
    scene.settle();
    let wants = std::mem::take(&mut scene.wants);
    scene.look();
    scene.pass(SignedDuration::from_mins(5));
    assert_eq!(scene.cas["ca"].orders.len(), 1, "it may come back");
    scene.wants = wants;
    scene.look();
    scene.pass(SignedDuration::from_mins(1));
    assert!(scene.held("shop/web").is_some());

    scene.wants.clear();
    scene.look();
    scene.pass(HOUR * 2);
    assert_eq!((scene.cas["ca"].orders.len(), scene.book.len()), (0, 0));
}

#[test]
fn an_issuer_that_goes_and_comes_back_is_asked_at_once() {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.want("shop/web", &["a.test"]);
    scene.pass(HOUR);
    // It goes a moment before the Model says so, and its Secret with it.
    scene.desk.employ(Known::default(), scene.now);
    scene.settle();
    assert_eq!(scene.order("shop/web").state, OrderState::Failed);
    let mut wants = std::mem::take(&mut scene.wants);
    scene.look();
    for want in wants.values_mut() {
        want.held = None;
    }
    // And it comes back a moment before.
    scene.desk.employ(scene.known.clone(), scene.now);
    scene.wants = wants;
    scene.look();
    scene.pass(SignedDuration::from_mins(1));
    assert_eq!(scene.order("shop/web").stage, OrderStage::Served);
}
