//! Names and hosts: the indexed search among rules says what a plain walk over them says.
#![no_main]

use std::sync::Arc;

use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use model::{Action, Direction, Name, ObjectRef, RequestParts, RouteTable, Rule, RuleMatch};

fuzz_target!(|data: &str| {
    let mut lines = data.lines();
    let host = lines.next().unwrap_or_default().to_ascii_lowercase();
    let names: Vec<_> = lines.filter_map(|line| Name::parse(line).ok()).collect();
    for name in &names {
        assert_eq!(
            Name::parse(name.as_str()).as_ref(),
            Ok(name),
            "a name is read as it is written"
        );
    }
    let rules: Vec<_> = names.iter().map(|name| Arc::new(rule(name))).collect();
    let table = RouteTable::new(rules, Action::Echo);
    let Ok(wanted) = Name::parse(&host) else {
        return;
    };
    if wanted.is_wildcard() || wanted.as_str() != host {
        return;
    }
    let (method, headers) = (Method::GET, HeaderMap::new());
    let request = RequestParts {
        host: &host,
        path: "/",
        query: None,
        method: &method,
        scheme: "https",
        authority: None,
        headers: &headers,
        source: [127, 0, 0, 1].into(),
    };
    let found = table.find(&request).map(|rule| rule.matches.hosts[0].clone());
    let expected = names.iter().find(|name| name.covers(&wanted)).cloned();
    assert_eq!(found, expected, "host {host}");
    assert_eq!(table.knows_host(&host), expected.is_some());
});

fn rule(name: &Name) -> Rule {
    Rule {
        origin: ObjectRef::namespaced("Ingress", "fuzz", "web"),
        direction: Direction::Request,
        matches: RuleMatch { hosts: vec![name.clone()], ..RuleMatch::default() },
        filters: Vec::new(),
        forwarding: None,
        action: Action::Echo,
    }
}
