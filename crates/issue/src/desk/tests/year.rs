//! A year of ten thousand names, in seconds: who expires, and which hour is the busiest.

use std::time::Instant;

use jiff::SignedDuration;
use model::Want;

use super::scene::{Ca, DAY, HOUR, Scene, start};
use crate::{IssuerPlan, Known, Limit};

/// All that the desk must keep up with.
const ALL: u32 = 10_000;
/// Enough to show what a disturbance does.
const SOME: u32 = 2_000;

struct Year {
    expired: u32,
    opened: u32,
    busiest: u32,
}

/// 20 names under each domain, to be obtained within the limits of Let's Encrypt.
fn begin(names: u32, lifetime: SignedDuration, disturb: impl FnOnce(&mut Ca)) -> Scene {
    let mut ca = Ca::of(lifetime);
    ca.has_windows = true;
    disturb(&mut ca);
    let plan = IssuerPlan { limits: Limit::lets_encrypt(), ..IssuerPlan::default() };
    let mut scene = Scene::new([("ca", ca, plan)]);
    scene.keeps_book = false;
    for n in 0..names {
        scene.want(&format!("shop/n{n}"), &[&format!("n{n}.d{}.test", n % (names / 20))]);
    }
    scene
}

/// What became of them so many days after the begin.
fn end(what: &str, days: i32, mut scene: Scene, began: Instant) -> Year {
    scene.pass((start() + DAY * days).duration_since(scene.now));
    let is_expired =
        |want: &&Want| want.held.as_ref().is_none_or(|held| held.is_expired(scene.now));
    let still = scene.wants.values().filter(is_expired).count();
    let expired = scene.expired + u32::try_from(still).expect("few");
    let opened = scene.cas["ca"].opened.values().sum();
    let (hour, busiest) =
        scene.cas["ca"].opened.iter().max_by_key(|(_, count)| **count).expect("some");
    let (day, busiest) = (hour / 24, *busiest);

    // Nothing new is ordered any more. What is at work ends, and what it replaced is taken away.
    scene.desk.employ(Known::default(), scene.now);
    scene.pass(SignedDuration::from_mins(2));
    let held = scene.wants.values().filter_map(|want| Some(want.held.as_ref()?.fingerprint));
    assert_eq!(scene.cas["ca"].live, held.collect(), "one for each name, none left over");
    assert_eq!(scene.cas["ca"].live.len(), scene.wants.len());
    println!(
        "{} names, {days} days, {what}: {opened} orders, {expired} expired; busiest hour: \
         {busiest} orders on day {day}; {:.1} s",
        scene.wants.len(),
        began.elapsed().as_secs_f64()
    );
    Year { expired, opened, busiest }
}

fn year(names: u32, what: &str, life: SignedDuration, disturb: impl FnOnce(&mut Ca)) -> Year {
    let began = Instant::now();
    end(what, 365, begin(names, life, disturb), began)
}

#[test]
fn a_quiet_year_of_47_days_spreads_its_orders() {
    let Year { expired, opened, busiest } = year(ALL, "47 days", DAY * 47, |_| {});
    assert_eq!(expired, 0);
    // A renewal every 30 days or so, after the first orders.
    assert!((100_000..135_000).contains(&opened), "{opened}");
    assert!(busiest <= 400, "{busiest}");
}

#[test]
fn a_ca_that_is_away_for_a_week_costs_no_certificate_of_47_days() {
    let week = |ca: &mut Ca| ca.away.push((start() + DAY * 100, start() + DAY * 107));
    assert_eq!(year(SOME, "47 days, CA away for a week", DAY * 47, week).expired, 0);
}

/// A CA gives five days for most mistakes (section 4.9.1.1 of the CA/B Forum's requirements).
#[test]
fn a_mass_revocation_is_followed_within_five_days() {
    let began = Instant::now();
    let day = start() + DAY * 200;
    let mut scene = begin(SOME, DAY * 47, |ca| ca.revoked_before = Some(day));
    scene.pass(DAY * 205);
    let mut held = scene.wants.values().filter_map(|want| want.held.as_ref());
    assert!(held.all(|held| held.not_before >= day - HOUR), "a revoked one is still in use");
    let year = end("47 days, all revoked on day 200", 365, scene, began);
    assert_eq!(year.expired, 0);
    assert!(year.busiest < SOME / 4, "{} in one hour", year.busiest);
}

#[test]
fn a_quiet_year_of_6_days() {
    assert_eq!(year(SOME, "160 hours", HOUR * 160, |_| {}).expired, 0);
}

/// 168 hours without a CA are more than 160: all expire, each once, and no other.
#[test]
fn certificates_of_6_days_do_not_outlive_a_ca_that_is_away_for_a_week() {
    let week = |ca: &mut Ca| ca.away.push((start() + DAY * 100, start() + DAY * 107));
    assert_eq!(year(SOME, "160 hours, CA away for a week", HOUR * 160, week).expired, SOME);
}
