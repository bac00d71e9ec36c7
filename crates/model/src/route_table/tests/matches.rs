use regex::Regex;

use super::*;

fn is_taken(matches: RuleMatch, target: &str, headers: &[(&'static str, &'static str)]) -> bool {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let wanted = Rule { matches, ..rule(&[], vec![]) };
    found(vec![wanted], target, Method::GET, &headers.collect()).is_some()
}

fn text(exact: &str) -> TextMatch {
    TextMatch::Exact { text: exact.into(), ignore_case: false }
}

#[test]
fn facts_of_the_request_line_must_all_match() {
    let of = |facts| RuleMatch { facts, ..RuleMatch::default() };
    let host = [("host", "a.test:8443")];
    assert!(is_taken(of(vec![FactMatch::Method(text("GET"))]), "a.test/", &host));
    assert!(!is_taken(of(vec![FactMatch::Method(text("get"))]), "a.test/", &host));
    assert!(is_taken(of(vec![FactMatch::Scheme(text("https"))]), "a.test/", &host));
    assert!(!is_taken(of(vec![FactMatch::Scheme(text("http"))]), "a.test/", &host));
    assert!(is_taken(of(vec![FactMatch::Authority(text("a.test:8443"))]), "a.test/", &host));
    assert!(!is_taken(of(vec![FactMatch::Authority(text("a.test"))]), "a.test/", &host));
    let both = vec![FactMatch::Scheme(text("https")), FactMatch::Method(text("PUT"))];
    assert!(!is_taken(of(both), "a.test/", &host));
}

#[test]
fn the_targets_authority_beats_the_host_header() {
    let authority = FactMatch::Authority(text("a.test"));
    let wanted = RuleMatch { facts: vec![authority], ..RuleMatch::default() };
    let rules = vec![Arc::new(Rule { matches: wanted, ..rule(&[], vec![]) })];
    let table = RouteTable::new(rules, fixed());
    let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("b.test"))]);
    let asked = |authority| {
        let request = RequestParts {
            host: "a.test",
            path: "/",
            query: None,
            method: &Method::GET,
            scheme: "http",
            authority,
            headers: &headers,
            source: "192.0.2.1".parse().unwrap(),
        };
        table.find(&request).is_some()
    };
    assert!(asked(Some("a.test")));
    assert!(!asked(None));
}

#[test]
fn an_inverted_header_must_not_match_and_missing_is_empty() {
    let without = |values: Vec<TextMatch>| RuleMatch {
        headers: vec![HeaderMatch {
            name: HeaderName::from_static("x"),
            values,
            is_inverted: true,
        }],
        ..RuleMatch::default()
    };
    let any_text = || TextMatch::Regex(Arc::new(Regex::new("^.*$").unwrap()));
    for (values, headers, expected) in [
        (vec![text("a")], &[("x", "a")][..], false),
        (vec![text("a")], &[("x", "b"), ("x", "a")], false),
        (vec![text("a")], &[("x", "b")], true),
        (vec![text("a")], &[], true),
        (vec![text("")], &[], false),
        (vec![any_text()], &[], false),
        (vec![], &[("x", "a")], false),
        (vec![], &[("x", "")], false),
        (vec![], &[], true),
    ] {
        let shown = format!("{values:?} {headers:?}");
        assert_eq!(is_taken(without(values), "a.test/", headers), expected, "{shown}");
    }
}

#[test]
fn a_parameter_is_there_or_has_a_value() {
    let with = |value: Option<TextMatch>| RuleMatch {
        parameters: vec![ParameterMatch { key: "k".into(), value }],
        ..RuleMatch::default()
    };
    for (value, target, expected) in [
        (None, "a.test/?k", true),
        (None, "a.test/?j=1&k=2", true),
        (None, "a.test/?kk=1", false),
        (None, "a.test/", false),
        (Some(""), "a.test/?k", true),
        (Some(""), "a.test/?k=", true),
        (Some(""), "a.test/?k=1", false),
        (Some(""), "a.test/", false),
        (Some("1"), "a.test/?k=1&k=2", true),
        (Some("2"), "a.test/?k=1&k=2", false),
        (Some("a=b"), "a.test/?k=a=b", true),
    ] {
        let matches = with(value.map(text));
        assert_eq!(is_taken(matches, target, &[]), expected, "{value:?} {target}");
    }
}

#[test]
fn all_parameters_must_match() {
    let parameter = |key: &str, value| ParameterMatch { key: key.into(), value: Some(text(value)) };
    let both = || RuleMatch {
        parameters: vec![parameter("a", "1"), parameter("b", "2")],
        ..RuleMatch::default()
    };
    assert!(is_taken(both(), "a.test/?b=2&a=1", &[]));
    assert!(!is_taken(both(), "a.test/?a=1", &[]));
}

#[test]
fn a_text_is_compared_as_the_rule_says() {
    let prefix = |text: &str, ignore_case| TextMatch::Prefix { text: text.into(), ignore_case };
    let path = |wanted: TextMatch, path: &str| PathMatch::Text(wanted).matches(path);
    assert!(path(prefix("/foo", false), "/foobar"));
    assert!(path(prefix("", false), "/"));
    assert!(!path(prefix("/foo", false), "/Foo"));
    assert!(path(prefix("/foo", true), "/FOObar"));
    assert!(!path(prefix("/foo", true), "/fo"));
    assert!(!path(prefix("/é", true), "/ab"), "a prefix that ends within a character");
    assert!(path(text("/a"), "/a"));
    assert!(!path(text("/a"), "/A"));
    assert!(path(TextMatch::Exact { text: "/a".into(), ignore_case: true }, "/A"));
    let regex = TextMatch::Regex(Arc::new(Regex::new("^(?:/a|/b)$").unwrap()));
    assert!(path(regex.clone(), "/b"));
    assert!(!path(regex, "/bc"));
}
