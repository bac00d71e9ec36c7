use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::{FixedResponse, ObjectRef, PathMatch, TextMatch};

mod best_host;
mod matches;

fn fixed() -> Action {
    Action::Fixed(FixedResponse {
        status: StatusCode::OK,
        content_type: HeaderValue::from_static("text/plain"),
        body: "".into(),
        reason: None,
    })
}

fn rule(hosts: &[&str], paths: Vec<PathMatch>) -> Rule {
    Rule {
        forwarding: None,
        origin: ObjectRef::namespaced("Ingress", "shop", "web"),
        direction: Direction::Request,
        matches: RuleMatch {
            hosts: hosts.iter().map(|host| Name::parse(host).unwrap()).collect(),
            paths,
            ..RuleMatch::default()
        },
        filters: Vec::new(),
        action: fixed(),
    }
}

/// The position of the rule that takes a request; `target` is `host/path?query`.
fn found(rules: Vec<Rule>, target: &str, method: Method, headers: &HeaderMap) -> Option<usize> {
    let rules = rules.into_iter().map(Arc::new).collect();
    found_in(&RouteTable::new(rules, fixed()), target, method, headers)
}

fn found_in(
    table: &RouteTable,
    target: &str,
    method: Method,
    headers: &HeaderMap,
) -> Option<usize> {
    let (rest, query) = match target.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (target, None),
    };
    let slash = rest.find('/').unwrap();
    let request = RequestParts {
        host: &rest[..slash],
        path: &rest[slash..],
        query,
        method: &method,
        headers,
        scheme: "https",
        authority: None,
        source: "192.0.2.1".parse().unwrap(),
    };
    let winner = table.find(&request)?;
    table.rules().iter().position(|rule| Arc::ptr_eq(rule, winner))
}

fn get(rules: Vec<Rule>, target: &str) -> Option<usize> {
    found(rules, target, Method::GET, &HeaderMap::new())
}

fn prefix(path: &str) -> PathMatch {
    PathMatch::Prefix(path.into())
}

fn exact(path: &str) -> PathMatch {
    PathMatch::Exact(path.into())
}

#[test]
fn a_prefix_matches_whole_elements() {
    for (path, is_match) in
        [("/a", true), ("/a/", true), ("/a/b", true), ("/ab", false), ("/", false), ("/A", false)]
    {
        assert_eq!(prefix("/a").matches(path), is_match, "{path}");
    }
    assert!(prefix("").matches("/"));
    assert!(prefix("").matches("/any/thing"));
}

#[test]
fn an_exact_path_is_the_whole_path() {
    assert!(exact("/a").matches("/a"));
    assert!(!exact("/a").matches("/a/"));
    assert!(!exact("/a").matches("/a/b"));
}

#[test]
fn the_first_rule_wins_whatever_index_it_is_found_by() {
    let rules = || {
        vec![
            rule(&[], vec![exact("/first")]),
            rule(&["*.a.test"], vec![exact("/second")]),
            rule(&["www.a.test"], vec![]),
            rule(&["*.a.test"], vec![]),
            rule(&[], vec![]),
        ]
    };
    assert_eq!(get(rules(), "www.a.test/first"), Some(0));
    assert_eq!(get(rules(), "www.a.test/second"), Some(1));
    assert_eq!(get(rules(), "www.a.test/"), Some(2));
    assert_eq!(get(rules(), "img.a.test/"), Some(3));
    assert_eq!(get(rules(), "x.y.a.test/"), Some(4));
    assert_eq!(get(rules(), "a.test/"), Some(4));
}

#[test]
fn no_rule_for_a_host_is_no_rule() {
    assert_eq!(get(vec![rule(&["a.test"], vec![])], "b.test/"), None);
}

#[test]
fn parts_are_anded_and_the_values_of_one_part_ored() {
    let mut wanted = rule(&["a.test"], vec![prefix("/x"), prefix("/y")]);
    wanted.matches.methods = vec![Method::GET, Method::HEAD];
    wanted.matches.headers = vec![HeaderMatch {
        is_inverted: false,
        name: HeaderName::from_static("stage"),
        values: vec![TextMatch::pattern("canary*"), TextMatch::pattern("beta")],
    }];
    wanted.matches.query = vec![
        (TextPattern::new("v"), TextPattern::new("2")),
        (TextPattern::new("v"), TextPattern::new("3")),
    ];
    let ask = |target: &str, method, stage: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("stage", HeaderValue::from_static(stage));
        found(vec![wanted.clone()], target, method, &headers).is_some()
    };
    assert!(ask("a.test/y/z?u=1&v=3", Method::GET, "canary-7"));
    assert!(!ask("a.test/y/z?u=1&v=4", Method::GET, "canary-7"));
    assert!(!ask("a.test/z?v=3", Method::GET, "canary-7"));
    assert!(!ask("a.test/y?v=3", Method::POST, "canary-7"));
    assert!(!ask("a.test/y?v=3", Method::GET, "stable"));
    assert!(!ask("a.test/y", Method::GET, "beta"));
}

#[test]
fn a_cookie_is_found_among_others() {
    let mut wanted = rule(&[], vec![]);
    wanted.matches.cookies = vec![(TextPattern::new("stage"), TextPattern::new("always"))];
    let ask = |cookies: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(cookies));
        found(vec![wanted.clone()], "a.test/", Method::GET, &headers).is_some()
    };
    assert!(ask("a=b; stage=always; c=d"));
    assert!(!ask("a=b; stage=never"));
    assert!(!ask("xstage=always"));
}

#[test]
fn response_rules_do_not_take_requests() {
    let mut response = rule(&[], vec![]);
    response.direction = Direction::Response;
    response.matches.response_status = vec![StatusCode::NOT_FOUND];
    let table = RouteTable::new(vec![Arc::new(response.clone())], fixed());
    let (method, headers) = (Method::GET, HeaderMap::new());
    let request = RequestParts {
        host: "a.test",
        path: "/",
        query: None,
        method: &method,
        headers: &headers,
        scheme: "https",
        authority: None,
        source: "192.0.2.1".parse().unwrap(),
    };
    assert!(table.find(&request).is_none());
    assert!(table.has_response_rules());
    let of = |status| table.find_for_response(&request, status, &headers).count();
    assert_eq!(of(StatusCode::NOT_FOUND), 1);
    assert_eq!(of(StatusCode::OK), 0);
}

#[test]
fn a_table_knows_the_hosts_of_its_request_rules() {
    let table = RouteTable::new(
        vec![Arc::new(rule(&["a.test", "*.b.test"], vec![exact("/only")]))],
        fixed(),
    );
    assert!(table.knows_host("a.test"));
    assert!(table.knows_host("x.b.test"));
    assert!(!table.knows_host("b.test"));
    assert!(!table.takes_any_host());
}

/// As the words say: `*` is any characters, `?` is one.
fn pattern_oracle(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((b'*', rest)), None) => pattern_oracle(rest, text),
        (Some((b'*', rest)), Some((_, text_rest))) => {
            pattern_oracle(rest, text) || pattern_oracle(pattern, text_rest)
        }
        (Some(_), None) => false,
        (Some((p, rest)), Some((t, text_rest))) => {
            (*p == b'?' || p == t) && pattern_oracle(rest, text_rest)
        }
    }
}

/// Looks at one rule after the other, without any index.
fn find_oracle(rules: &[Rule], host: &str, path: &str) -> Option<usize> {
    let host = Name::parse(host).unwrap();
    rules.iter().position(|rule| {
        let hosts = &rule.matches.hosts;
        let paths = &rule.matches.paths;
        (hosts.is_empty() || hosts.iter().any(|name| name.covers(&host)))
            && (paths.is_empty() || paths.iter().any(|wanted| wanted.matches(path)))
    })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let hosts =
        prop::sample::subsequence(vec!["a.test", "b.test", "*.a.test", "*.test", "x.a.test"], 0..3);
    let path = prop_oneof![
        prop::sample::select(vec!["", "/a", "/a/b", "/b"]).prop_map(prefix),
        prop::sample::select(vec!["/", "/a", "/b"]).prop_map(exact),
        prop::sample::select(vec!["/*", "/a*", "/?/b"])
            .prop_map(|text| PathMatch::Pattern(TextPattern::new(text))),
    ];
    (hosts, prop::collection::vec(path, 0..3)).prop_map(|(hosts, paths)| rule(&hosts, paths))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_pattern_agrees_with_the_oracle(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
        prop_assert_eq!(
            TextPattern::new(&pattern).matches(&text),
            pattern_oracle(pattern.as_bytes(), text.as_bytes())
        );
    }

    #[test]
    fn the_search_agrees_with_the_oracle(
        rules in prop::collection::vec(any_rule(), 0..9),
        host in prop::sample::select(vec!["a.test", "b.test", "x.a.test", "y.a.test", "c.test"]),
        path in prop::sample::select(vec!["/", "/a", "/a/", "/a/b", "/ab", "/b/c", "/x/b"]),
    ) {
        let expected = find_oracle(&rules, host, path);
        prop_assert_eq!(get(rules, &format!("{host}{path}")), expected);
    }
}
