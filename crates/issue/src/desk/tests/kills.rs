//! A process that is killed at any call ends in exactly one certificate, and leaves none behind.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::scene::{Ca, DAY, HOUR, Kill, Scene};
use crate::{Fault, IssueError, IssuerPlan, Limit, Phase, Spares};

/// A certificate is obtained, gets another name, and is renewed; its issuer allows ten orders in
/// a year.
fn story(kill: Option<Kill>) -> Scene {
    let limit = Limit { amount: 10, per: DAY * 365, spares: Spares::Nothing, ..account_limit() };
    let plan = IssuerPlan { limits: vec![limit], ..IssuerPlan::default() };
    let mut scene = Scene::new([("ca", Ca::of(DAY * 90), plan)]);
    scene.kill = kill;
    scene.want("shop/web", &["a.test"]);
    scene.pass(DAY);
    scene.want("shop/web", &["a.test", "b.test"]);
    scene.pass(DAY);
    scene.pass(DAY * 70);
    scene
}

fn check(scene: &Scene, what: &str) {
    let held = scene.held("shop/web").expect("one is in hand");
    assert_eq!(held.names.len(), 2, "{what}");
    assert!(!held.is_expired(scene.now) && held.not_before > scene.now - DAY * 20, "{what}");
    let ca = &scene.cas["ca"];
    let live: Vec<_> = ca.live.iter().collect();
    assert_eq!(live, [&held.fingerprint], "{what}: what the CA holds");
    assert_eq!(ca.orders.len(), 1, "{what}: what the CA remembers");
    let kept: Vec<_> = scene.book.values().map(|entry| (entry.phase, entry.brought)).collect();
    assert_eq!(kept, [(Phase::Over, Some(held.fingerprint))], "{what}: what is kept");
    assert_eq!(ca.opened.values().sum::<u32>(), 3, "{what}: orders opened");
    let orders = scene.left(&account_limit());
    assert_eq!(orders, 8, "{what}: three orders were counted, of which one is given back");
}

fn account_limit() -> Limit {
    Limit::lets_encrypt().remove(0)
}

#[test]
fn a_kill_at_any_call_ends_in_one_certificate_and_none_left_over() {
    let undisturbed = story(None);
    check(&undisturbed, "no kill");
    assert!(undisturbed.calls > 20, "{} calls", undisturbed.calls);
    for at in 1..=undisturbed.calls {
        for took_effect in [false, true] {
            let kill = Kill { at, took_effect };
            check(&story(Some(kill)), &format!("{kill:?}"));
        }
    }
}

#[test]
fn a_kill_while_an_order_is_given_up_leaves_nothing() {
    let story = |kill| {
        let mut scene = Scene::one(Ca::of(DAY * 90));
        scene.kill = kill;
        scene.want("shop/web", &["a.test"]);
        scene.settle();
        // Before it is issued, something else is wanted.
        scene.want("shop/web", &["a.test", "b.test"]);
        scene.pass(HOUR);
        scene
    };
    let calls = story(None).calls;
    for at in 1..=calls {
        for took_effect in [false, true] {
            let scene = story(Some(Kill { at, took_effect }));
            assert_eq!(scene.held("shop/web").expect("in hand").names.len(), 2, "{at}");
            assert_eq!(scene.cas["ca"].live.len(), 1, "{at}");
            assert_eq!(scene.cas["ca"].orders.len(), 1, "{at}");
            assert_eq!(scene.book.len(), 1, "{at}");
        }
    }
}

/// A kill just after a certificate is stored; then the names change, and what was stored is seen
/// only `late`.
fn stored_and_not_seen(late: SignedDuration) {
    let undisturbed = story_until_stored(None).calls;
    for at in 1..=undisturbed {
        for took_effect in [false, true] {
            let mut scene = story_until_stored(Some(Kill { at, took_effect }));
            let what = format!("kill at {at}, {took_effect}; seen after {late}");
            scene.want("shop/web", &["a.test", "b.test"]);
            scene.kill = None;
            scene.restart();
            for _ in 0..20 {
                scene.pass(late / 20);
                let stored = scene.stored("shop/web");
                let is_live = stored.is_none_or(|it| scene.cas["ca"].live.contains(&it));
                assert!(is_live, "{what}: what was stored is taken away");
            }
            scene.reveal();
            scene.shows_late = false;
            scene.pass(HOUR * 3);
            let held = scene.held("shop/web").expect("in hand");
            assert_eq!(held.names.len(), 2, "{what}");
            let live: Vec<_> = scene.cas["ca"].live.iter().collect();
            assert_eq!(live, [&held.fingerprint], "{what}");
        }
    }
}

fn story_until_stored(kill: Option<Kill>) -> Scene {
    let mut scene = Scene::one(Ca::of(DAY * 90));
    scene.kill = kill;
    scene.shows_late = true;
    scene.want("shop/web", &["a.test"]);
    let end = scene.now + SignedDuration::from_secs(20);
    while scene.now < end {
        for action in scene.desk.act(scene.now) {
            if !scene.make(action) {
                return scene;
            }
        }
        scene.now += SignedDuration::from_secs(1);
    }
    scene
}

#[test]
fn what_was_stored_before_a_kill_stays_until_it_is_seen_and_replaced() {
    stored_and_not_seen(SignedDuration::from_secs(20));
    stored_and_not_seen(SignedDuration::from_mins(50));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The n-th call that is out ends, well or not.
    End(usize, Option<Fault>),
    Pass(i64),
    Names(usize),
    Unwant,
    Kill,
    Renew,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fault = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Fault::Passing)),
        1 => Just(Some(Fault::TooMany { retry_after: None })),
        1 => Just(Some(Fault::Dead)),
        1 => Just(Some(Fault::Refused)),
    ];
    let step = prop_oneof![
        12 => (0_usize..3, fault).prop_map(|(n, fault)| Step::End(n, fault)),
        4 => (0_i64..100_000).prop_map(Step::Pass),
        1 => (1_usize..4).prop_map(Step::Names),
        1 => Just(Step::Unwant),
        1 => Just(Step::Kill),
        1 => Just(Step::Renew),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever happens in whichever order: one call and one open order a certificate, and
    /// nothing is retired that is in hand.
    #[test]
    fn no_certificate_has_two_calls_out_nor_loses_what_is_in_hand(steps in steps()) {
        let mut scene = Scene::one(Ca::of(DAY * 90));
        let ids = ["a/a", "b/b", "c/c"];
        let all = ["a.test", "b.test", "c.test"];
        for id in ids {
            scene.want(id, &all[..1]);
        }
        let mut out = Vec::new();
        for step in steps {
            out.extend(scene.desk.act(scene.now));
            let slots: std::collections::BTreeSet<_> = out.iter().map(|action: &crate::Action| action.slot).collect();
            prop_assert_eq!(slots.len(), out.len(), "two calls of one certificate");
            match step {
                Step::End(_, _) if out.is_empty() => {}
                Step::End(n, None) => {
                    let action = out.remove(n % out.len());
                    // One that is not wanted any more has nowhere to go.
                    if let crate::Work::Store { id, .. } = &action.work && !scene.wants.contains_key(id) {
                        scene.desk.done(action.slot, Err(IssueError::passing("gone")), scene.now);
                    } else {
                        scene.make(action);
                    }
                }
                Step::End(n, Some(fault)) => {
                    let action = out.remove(n % out.len());
                    let error = IssueError { message: "scripted".to_owned(), fault };
                    scene.desk.done(action.slot, Err(error), scene.now);
                }
                Step::Pass(seconds) => scene.now += SignedDuration::from_secs(seconds),
                Step::Names(count) => scene.want(ids[count % 3], &all[..count]),
                Step::Unwant => {
                    scene.wants.remove(&model::CertificateId::store(ids[1]));
                    scene.look();
                }
                Step::Kill => {
                    out.clear();
                    scene.restart();
                }
                Step::Renew => drop(scene.desk.renew(&model::CertificateId::store(ids[0]), scene.now)),
            }
            for want in scene.wants.values() {
                if let Some(held) = &want.held {
                    prop_assert!(scene.cas["ca"].live.contains(&held.fingerprint), "{} is retired", want.id);
                }
            }
            let open = scene.book.values().filter(|entry| matches!(entry.phase, Phase::Open(_)));
            let mut ids: Vec<_> = open.map(|entry| &entry.id).collect();
            let before = ids.len();
            ids.dedup();
            prop_assert_eq!(ids.len(), before, "two open orders of one certificate");
        }

        // Then nothing disturbs any more.
        for action in std::mem::take(&mut out) {
            let gone = matches!(&action.work, crate::Work::Store { id, .. } if !scene.wants.contains_key(id));
            if gone {
                scene.desk.done(action.slot, Err(IssueError::passing("gone")), scene.now);
            } else {
                scene.make(action);
            }
        }
        scene.pass(DAY * 4);
        for want in scene.wants.values() {
            let held = want.held.as_ref().expect("obtained in the end");
            prop_assert_eq!(&held.names, &want.names);
            prop_assert!(!held.is_expired(scene.now));
        }
        let held: std::collections::BTreeSet<_> =
            scene.wants.values().filter_map(|want| Some(want.held.as_ref()?.fingerprint)).collect();
        prop_assert_eq!(&scene.cas["ca"].live, &held, "what is left over at the CA");
    }
}
