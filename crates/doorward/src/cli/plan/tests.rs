//! What a plan says of listeners that differ, and how it looks.

use serde_json::{Value, json};

use super::*;
use crate::cli::plan::{
    basis::Place,
    orders::{PlannedRefusal, Step},
};

fn binding(id: &str, is_default: bool, fingerprint: Option<&str>) -> Value {
    json!({
        "id": id,
        "default": is_default,
        "source": "Secret",
        "names": ["a.test"],
        "fingerprint": fingerprint.map(|hex| format!("sha256:{hex}")),
        "notAfter": fingerprint.map(|_| "2027-03-01T00:00:00Z"),
        "status": "Associated",
    })
}

fn listener(port: u16, protocol: &str, certificates: &[Value]) -> ListenerView {
    let listener = json!({
        "loadBalancer": "web",
        "port": port,
        "protocol": protocol,
        "address": "127.0.0.1:8443",
        "dialect": "ingress",
        "certificates": certificates,
        "problems": [],
    });
    serde_json::from_value(listener).unwrap()
}

/// `web:443 comes: a comes, b goes`, a listener a line.
#[track_caller]
fn check(before: &[ListenerView], after: &[ListenerView], ordered: &[&str], expected: &[&str]) {
    let ordered = ordered.iter().copied().collect();
    let found = changes::between(before, after, &ordered);
    let line = |change: &ListenerChange| {
        let of = change.certificates.iter();
        let of: Vec<_> = of.map(|one| format!("{} {:?}", one.id, one.change)).collect();
        format!("{} {:?}: {}", change.listener, change.change, of.join(", "))
    };
    assert_eq!(found.iter().map(line).collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_as_it_was_is_not_told() {
    let same = || [listener(443, "HTTPS", &[binding("a", true, Some("11"))])];
    check(&same(), &same(), &[], &[]);
}

#[test]
fn certificates_come_go_and_change() {
    let before = [listener(
        443,
        "HTTPS",
        &[binding("stays", true, Some("11")), binding("goes", false, Some("22"))],
    )];
    let after = [listener(
        443,
        "HTTPS",
        &[binding("stays", true, Some("33")), binding("comes", false, None)],
    )];
    check(&before, &after, &[], &["web:443 Changes: stays Changes, comes Comes, goes Goes"]);
}

#[test]
fn another_default_is_a_change_of_both() {
    let of = |first: bool| {
        [listener(
            443,
            "HTTPS",
            &[binding("a", first, Some("11")), binding("b", !first, Some("22"))],
        )]
    };
    check(&of(true), &of(false), &[], &["web:443 Changes: a Changes, b Changes"]);
}

#[test]
fn what_is_ordered_anew_changes_although_it_is_held_for_now() {
    let same = || [listener(443, "HTTPS", &[binding("a", true, Some("11"))])];
    check(&same(), &same(), &["a"], &["web:443 Changes: a Changes"]);
}

#[test]
fn listeners_come_go_and_change_their_protocol() {
    let before = [listener(80, "HTTP", &[]), listener(8443, "HTTP", &[])];
    let after =
        [listener(443, "HTTPS", &[binding("a", true, Some("11"))]), listener(8443, "HTTPS", &[])];
    check(&before, &after, &[], &["web:443 Comes: a Comes", "web:80 Goes: ", "web:8443 Changes: "]);
}

fn order(course: Step, asked: Option<&str>) -> PlannedOrder {
    PlannedOrder {
        id: "doorward-system/issued-wildcard.a-long-name.example.test".into(),
        names: vec!["*.a-long-name.example.test".into(), "a-long-name.example.test".into()],
        issuer: "letsencrypt-production".into(),
        asked: asked.map(str::to_owned),
        key: "ECDSA P-256".into(),
        wanted_by: "Ingress shop-of-a-long-name/web".into(),
        course,
        why: Some("Missing".into()),
        message: "there is none yet".into(),
        limits: vec!["new certificates per registered domain (example.test)".into()],
        until: Some("2027-01-01T12:00:00Z".parse().unwrap()),
        expires: None,
        refusals: vec![PlannedRefusal { issuer: "first".into(), message: "no key".into() }],
    }
}

#[test]
fn tables_fit_80_columns_and_every_problem_has_a_line() {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    let orders = vec![
        order(Step::Order, None),
        order(Step::Wait, Some("backup")),
        order(Step::Refuse, None),
        order(Step::Keep, None),
    ];
    let limit = PlannedLimit {
        issuer: "letsencrypt-production".into(),
        limit: "new certificates per registered domain (example.test)".into(),
        amount: 50,
        per: "168h".into(),
        used_before: 49,
        used_after: 50,
        waiting: 1,
    };
    let id = "doorward-system/issued-wildcard.a-long-name.example.test";
    let before = [listener(443, "HTTPS", &[binding(id, true, Some("0123456789abcdef"))])];
    let after = [listener(443, "HTTPS", &[binding(id, false, Some("fedcba9876543210"))])];
    let plan = Plan {
        state_folder: None,
        cluster: None,
        unreadable: Vec::new(),
        orders,
        limits: vec![limit],
        listeners: changes::between(&before, &after, &BTreeSet::from([id])),
        verdicts: Vec::new(),
    };
    let text = plan.text(&Place::NoFolder(".doorward".into()), Screen::wide(80), now);
    let is_wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("refused: ");
    assert_eq!(text.lines().find(is_wide), None, "{text}");
    for word in ["now", "in 12 h", "50 in 168h", "01234567", "fedcba98"] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    let end = format!(
        "refused: Ingress shop-of-a-long-name/web: certificate {id}: Issuer first: no key\n\n\
         1 to order, 1 waiting, 1 refused, 1 in hand\n\
         next renewal in 12 h\n\
         1 problem\n"
    );
    assert!(text.ends_with(&end), "{text}");
    assert!(plan.has_problems());
}
