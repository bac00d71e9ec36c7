use std::time::Duration;

use model::{KeyChoice, Limited, OrderLimit, State};

use super::*;
use crate::tests::Source;

fn read(spec: &str) -> (Issuers, Vec<Verdict>) {
    let mut source = Source::default();
    source.apply(&format!(
        "apiVersion: doorward.dev/v1alpha1\nkind: Issuer\nmetadata: {{name: ours}}\nspec: {spec}\n"
    ));
    Issuers::of(&source.world, &Settings::default())
}

#[track_caller]
fn accepted(spec: &str) -> Arc<Issuer> {
    let (issuers, verdicts) = read(spec);
    assert!(verdicts.iter().all(|verdict| verdict.state == State::Accepted), "{verdicts:?}");
    issuers.find("ours").expect("it is known").clone()
}

#[test]
fn an_issuer_says_its_kind_and_may_leave_out_the_rest() {
    let issuer = accepted("{acme: {server: 'https://ca.test/dir'}}");
    assert_eq!(issuer.kind, IssuerKind::Acme);
    assert_eq!(issuer.settings["server"], "https://ca.test/dir");
    assert_eq!((issuer.keys, issuer.renew_before), (KeyChoice::Usual, RenewBefore::Percent(33)));
    assert!(issuer.allows("any", &Name::parse("any.test").unwrap()));
}

#[test]
fn all_that_kinds_share_is_read() {
    let issuer = accepted(
        "{ca: {}, keyType: Both, renewBefore: 720h, fallback: [local], \
         allowedNames: [{namespaces: [shop], names: ['*.shop.test']}, {names: [free.test]}], \
         renewalWindow: {cron: '0 2 * * *', timeZone: Europe/Berlin, duration: 3h}}",
    );
    assert_eq!(issuer.keys, KeyChoice::Both);
    assert_eq!(issuer.renew_before, RenewBefore::Time(Duration::from_secs(720 * 3600)));
    assert_eq!(issuer.fallback, ["local".into()]);
    let window = issuer.window.as_ref().unwrap();
    assert_eq!((&*window.cron, &*window.time_zone), ("0 2 * * *", "Europe/Berlin"));
    assert_eq!(window.lasts, Duration::from_secs(3 * 3600));
    let allows = |namespace, name| issuer.allows(namespace, &Name::parse(name).unwrap());
    assert!(allows("shop", "a.shop.test") && !allows("blog", "a.shop.test"));
    assert!(allows("blog", "free.test"));
}

#[test]
fn limits_are_read_and_none_are_told_apart_from_an_empty_list() {
    let limits = |spec: &str| accepted(spec).limits.clone();
    assert_eq!(limits("{ca: {}}"), None);
    assert_eq!(limits("{ca: {}, limits: []}"), Some(vec![]));
    let limit =
        |count, hours: u64, of| OrderLimit { count, per: Duration::from_secs(hours * 3600), of };
    assert_eq!(
        limits(
            "{ca: {}, limits: [{count: 300, per: 3h, of: orders}, \
             {count: 50, per: 168h, of: registeredDomain}, {count: 5, per: 168h, of: names}, \
             {count: 5, per: 1h, of: failures}]}"
        ),
        Some(vec![
            limit(300, 3, Limited::Orders),
            limit(50, 168, Limited::RegisteredDomain),
            limit(5, 168, Limited::Names),
            limit(5, 1, Limited::Failures),
        ])
    );
}

#[test]
fn the_own_ca_needs_no_object() {
    let (issuers, verdicts) = Issuers::of(&World::default(), &Settings::default());
    assert_eq!(issuers.find("local").unwrap().kind, IssuerKind::Ca);
    assert!(verdicts.is_empty());
}

#[test]
fn what_cannot_be_used_names_its_field_and_the_cure() {
    for (spec, field, says) in [
        ("{}", "spec", "write one of spec.ca"),
        ("{ca: {}, acme: {}}", "spec.acme", "make two of it"),
        ("{acme: dir}", "spec.acme", "no map"),
        ("{ca: {}, keyType: dsa}", "spec.keyType", "ECDSA, RSA or Both"),
        ("{ca: {}, renewBefore: 120%}", "spec.renewBefore", "1% to 99%"),
        ("{ca: {}, renewBefore: soon}", "spec.renewBefore", "720h"),
        ("{ca: {}, renewBefore: 0h}", "spec.renewBefore", "720h"),
        ("{ca: {}, renewalWindow: {cron: '@daily'}}", "spec.renewalWindow.cron", "minute, hour"),
        ("{ca: {}, allowedNames: [{names: ['a*']}]}", "spec.allowedNames[0].names[0]", "'*'"),
        ("{ca: {}, fallbak: []}", "spec.fallbak", "fallback"),
        ("{ca: {}, fallback: ours}", "spec.fallback", "sequence"),
        (
            "{ca: {}, limits: [{count: 0, per: 3h, of: orders}]}",
            "spec.limits[0].count",
            "1 or more",
        ),
        ("{ca: {}, limits: [{count: -1, per: 3h, of: orders}]}", "spec.limits[0].count", "u32"),
        ("{ca: {}, limits: [{count: 1, per: a day, of: orders}]}", "spec.limits[0].per", "720h"),
        ("{ca: {}, limits: [{count: 1, per: 3h, of: name}]}", "spec.limits[0].of", "failures"),
        ("{ca: {}, limits: [{count: 1, of: orders}]}", "spec.limits[0]", "per"),
        ("{ca: {}, limits: [{count: 1, per: 3h, of: orders, by: 1}]}", "spec.limits[0].by", "by"),
        (
            "{ca: {}, limits: [{count: 1, per: 3h, of: names}, {count: 2, per: 180m, of: names}]}",
            "spec.limits[1].of",
            "keep one",
        ),
    ] {
        let (issuers, verdicts) = read(spec);
        assert!(issuers.find("ours").is_none(), "{spec}");
        let verdict = &verdicts[0];
        assert_eq!(
            (verdict.state, verdict.field.as_deref()),
            (State::Rejected, Some(field)),
            "{spec}"
        );
        assert!(verdict.message.contains(says), "{spec}: {}", verdict.message);
        assert!(issuers.absence("ours").contains("see its own verdict"));
    }
}

#[test]
fn a_fallback_that_cannot_be_asked_is_passed_over() {
    for (name, says) in [("lokal", "did you mean local?"), ("ours", "the Issuer itself")] {
        let (_, verdicts) = read(&format!("{{ca: {{}}, fallback: [{name}]}}"));
        let verdict = verdicts.iter().find(|verdict| verdict.state == State::Warning).unwrap();
        assert_eq!(verdict.field.as_deref(), Some("spec.fallback[0]"));
        assert!(verdict.message.contains(says), "{}", verdict.message);
    }
}

#[test]
fn secrets_are_found_at_any_depth() {
    let settings = serde_json::json!({
        "accountKeySecret": {"name": "account"},
        "eab": {"keyId": "1", "keySecret": {"name": "eab", "key": "hmac"}},
        "solvers": [{"dns01": {"rfc2136": {"tsig": {"name": "k", "secret": {"name": "tsig"}}}}}],
        "secretName": "ca",
    });
    let mut named = BTreeSet::new();
    secrets_in(&settings, &mut named);
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["account", "ca", "eab", "tsig"]);
}
