use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use model::{Limited, MaintenanceWindow, OrderLimit};
use serde_json::json;

use super::*;
use crate::{Counts, Scope};

fn hours(cron: &str, time_zone: &str, lasts: u64) -> Result<RenewalHours, PlanError> {
    RenewalHours::of(&MaintenanceWindow {
        cron: cron.into(),
        time_zone: time_zone.into(),
        lasts: Duration::from_secs(lasts * 3600),
    })
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn nights_are_those_of_the_time_zone_summer_and_winter() {
    let nights = hours("0 1 * * *", "Europe/Berlin", 4).expect("a window");
    for (time, is_open) in [
        ("2026-07-01T22:59:59Z", false),
        ("2026-07-01T23:00:00Z", true),
        ("2026-07-02T02:59:59Z", true),
        ("2026-07-02T03:00:00Z", false),
        ("2026-12-01T23:30:00Z", false),
        ("2026-12-02T00:00:00Z", true),
    ] {
        assert_eq!(nights.is_open(at(time)), is_open, "{time}");
    }
    assert_eq!(nights.begins_after(at("2026-07-02T02:00:00Z")), Some(at("2026-07-02T23:00:00Z")));
}

#[test]
fn what_is_no_window_is_told_with_its_cure() {
    let told = |result: Result<RenewalHours, PlanError>| result.expect_err("wrong").to_string();
    assert!(told(hours("0 1 * *", "UTC", 1)).contains("five fields"));
    assert!(told(hours("0 25 * * *", "UTC", 1)).contains("0 25 * * *"));
    assert!(told(hours("0 1 * * *", "Mars/Base", 1)).contains("Europe/Berlin"));
}

fn issuer(kind: IssuerKind, settings: serde_json::Value) -> Issuer {
    Issuer {
        name: "one".into(),
        declared_by: None,
        kind,
        settings: settings.into(),
        secrets: BTreeMap::new(),
        keys: KeyChoice::Rsa,
        renew_before: RenewBefore::Time(Duration::from_secs(86_400)),
        window: None,
        allowed: Vec::new(),
        fallback: vec!["other".into()],
        limits: None,
    }
}

#[test]
fn an_operators_limits_stand_for_those_that_are_documented() {
    let mut acm = issuer(IssuerKind::Acm, json!({}));
    assert_eq!(IssuerPlan::of(&acm).expect("a plan").limits, Limit::acm());
    acm.limits = Some(vec![]);
    assert_eq!(IssuerPlan::of(&acm).expect("a plan").limits, []);
    let per = Duration::from_secs(3 * 3600);
    acm.limits = Some(vec![
        OrderLimit { count: 300, per, of: Limited::Orders },
        OrderLimit { count: 5, per, of: Limited::Failures },
    ]);
    let limits = IssuerPlan::of(&acm).expect("a plan").limits;
    let told: Vec<_> = limits.iter().map(|it| (&*it.name, it.amount, it.of, it.counts)).collect();
    assert_eq!(
        told,
        [
            ("orders per 3h", 300, Scope::Account, Counts::Orders),
            ("failures per 3h", 5, Scope::Name, Counts::Failures),
        ]
    );
}

#[test]
fn an_issuer_object_says_its_plan_and_its_ca_the_limits() {
    let server = json!({"server": "https://acme-v02.api.letsencrypt.org/directory"});
    let plan = IssuerPlan::of(&issuer(IssuerKind::Acme, server)).expect("a plan");
    assert_eq!(plan.limits, Limit::lets_encrypt());
    assert_eq!(plan.key, KeyKind::Rsa2048);
    assert_eq!(plan.fallback, ["other".into()]);
    let private = json!({"server": "https://127.0.0.1:14000/dir"});
    let plan = IssuerPlan::of(&issuer(IssuerKind::Acme, private)).expect("a plan");
    assert_eq!(plan.limits, []);
    let plan = IssuerPlan::of(&issuer(IssuerKind::Acm, json!({}))).expect("a plan");
    assert_eq!(plan.limits, Limit::acm());
}

#[test]
fn no_certificate_is_renewed_for_longer_than_it_has_lived() {
    let end = at("2026-01-11T00:00:00Z");
    let held = crate::keeper::tests::certificate(&["a.test"], at("2026-01-01T00:00:00Z"), end);
    let of = |renew_before| renewal_time(renew_before, &held).as_hours();
    assert_eq!(of(RenewBefore::Percent(50)), 5 * 24);
    assert_eq!(of(RenewBefore::Time(Duration::from_secs(36 * 3600))), 36);
    assert_eq!(of(RenewBefore::Time(Duration::from_secs(1000 * 86_400))), 9 * 24);
}
