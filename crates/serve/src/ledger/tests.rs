use model::{Direction, HostFit, Name, ObjectRef, RouteTable, Rule, RuleMatch};

use super::*;
use crate::fixture::nothing;

const RED: Fingerprint = Fingerprint([1; 32]);
const BLUE: Fingerprint = Fingerprint([2; 32]);

fn routes(hosts: &[&str]) -> RouteTable {
    let rule = Rule {
        forwarding: None,
        origin: ObjectRef::namespaced("Ingress", "shop", "web"),
        direction: Direction::Request,
        matches: RuleMatch {
            hosts: hosts.iter().map(|host| Name::parse(host).unwrap()).collect(),
            ..RuleMatch::default()
        },
        filters: vec![],
        action: nothing(),
    };
    RouteTable::new(if hosts.is_empty() { vec![] } else { vec![Arc::new(rule)] }, nothing())
}

fn served(
    ledger: &ListenerLedger,
    name: Option<&str>,
    by: ChosenBy,
    fingerprint: &Fingerprint,
    routes: &RouteTable,
) {
    ledger.served(Asked::of_certificate(name, by, routes), by, fingerprint);
}

fn refused(ledger: &ListenerLedger, name: Option<&str>, routes: &RouteTable) {
    ledger.refused(Asked::of_routes(name, routes));
}

fn told(ledger: &ListenerLedger) -> Vec<(String, u64, u64, u64)> {
    let entries = ledger.entries().into_iter();
    entries
        .map(|entry| {
            let name = match entry.name {
                ServedName::Name(name) => name.to_string(),
                ServedName::Other => "other".to_owned(),
                ServedName::None => "none".to_owned(),
            };
            (name, entry.handshakes, entry.fallbacks, entry.refused)
        })
        .collect()
}

#[test]
fn made_up_names_are_counted_together() {
    let ledger = ListenerLedger::default();
    for number in 0..1000 {
        let name = format!("n{number}.test");
        served(&ledger, Some(&name), ChosenBy::Default, &RED, &routes(&[]));
        refused(&ledger, Some(&name), &routes(&[]));
        let name = format!("n{number}.shop.test");
        served(&ledger, Some(&name), ChosenBy::Wildcard, &RED, &routes(&[]));
        served(
            &ledger,
            Some(&format!("n{number}.docs.test")),
            ChosenBy::Default,
            &RED,
            &routes(&["*.docs.test"]),
        );
    }
    assert_eq!(
        told(&ledger),
        [
            ("*.docs.test".to_owned(), 1000, 1000, 0),
            ("*.shop.test".to_owned(), 1000, 0, 0),
            ("other".to_owned(), 1000, 1000, 1000),
        ]
    );
}

#[test]
fn since_when_is_the_first_handshake_with_that_certificate() {
    let (ledger, routes) = (ListenerLedger::default(), routes(&[]));
    let serve = |fingerprint| {
        served(&ledger, Some("shop.test"), ChosenBy::ExactName, &fingerprint, &routes);
        ledger.entries()[0].certificate.unwrap()
    };
    let first = serve(RED);
    assert_eq!(first.0, RED);
    assert_eq!(serve(RED), first);
    let changed = serve(BLUE);
    assert_eq!(changed.0, BLUE);
    assert!(changed.1 >= first.1);
}

#[test]
fn names_that_are_gone_are_forgotten() {
    let (ledger, routes) = (ListenerLedger::default(), routes(&[]));
    served(&ledger, Some("old.test"), ChosenBy::ExactName, &RED, &routes);
    served(&ledger, Some("a.wild.test"), ChosenBy::Wildcard, &RED, &routes);
    served(&ledger, None, ChosenBy::Default, &RED, &routes);
    ledger.keep(|name| name == "*.wild.test");
    assert_eq!(told(&ledger), [("*.wild.test".to_owned(), 1, 0, 0), ("none".to_owned(), 1, 1, 0)]);
}

#[test]
fn a_refused_name_has_an_entry_if_the_routes_know_it() {
    let (ledger, routes) = (ListenerLedger::default(), routes(&["pending.test", "*.wild.test"]));
    for name in ["pending.test", "a.wild.test", "b.wild.test", "made-up.test"] {
        refused(&ledger, Some(name), &routes);
    }
    refused(&ledger, None, &routes);
    assert_eq!(
        told(&ledger),
        [
            ("*.wild.test".to_owned(), 0, 0, 2),
            ("pending.test".to_owned(), 0, 0, 1),
            ("other".to_owned(), 0, 0, 1),
            ("none".to_owned(), 0, 0, 1),
        ]
    );
}

#[test]
fn a_name_that_led_to_a_server_counts_under_the_servers_host() {
    let routes = routes(&["shop.test", "*.wild.test"]);
    let asked = |name, fit, by| Asked::of_server(name, fit, by, &routes);
    let assigned = Some(ChosenBy::Assigned);
    assert_eq!(asked(Some("a.test"), HostFit::Exact, assigned), Asked::Exact("a.test"));
    let deep = asked(Some("c.b.a.test"), HostFit::Wildcard("a.test"), Some(ChosenBy::Wildcard));
    assert_eq!(deep, Asked::Wildcard("a.test"));
    assert_eq!(asked(Some("shop.test"), HostFit::Any, assigned), Asked::Exact("shop.test"));
    let made_up = asked(Some("n1.wild.test"), HostFit::Any, assigned);
    assert_eq!(made_up, Asked::Other, "a wildcard of the routes has no bound");
    let own = asked(Some("n1.own.test"), HostFit::Any, Some(ChosenBy::Wildcard));
    assert_eq!(own, Asked::Wildcard("own.test"));
    assert_eq!(asked(None, HostFit::Any, assigned), Asked::None);
}
