//! From objects to the answer that a request gets.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::{Action, RequestParts, RouteTable};

use crate::{
    Memory, Settings,
    tests::{Source, at},
    translate,
};

const OBJECTS: &str = "
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge, namespace: shop}, spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.test', other.example]}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: exact, namespace: shop, creationTimestamp: '2026-01-01T00:00:02Z'}
spec:
  hosts: [a.test]
  gateways: [edge]
  http:
  - {match: [{uri: {prefix: /p}}], directResponse: {status: 200, body: {string: prefix}}}
  - {match: [{uri: {regex: '/v[0-9]+'}}], directResponse: {status: 200, body: {string: regex}}}
  - {match: [{uri: {exact: /Case}, ignoreUriCase: true}], directResponse: {status: 200, body: {string: any case}}}
  - {match: [{headers: {x-a: {exact: '1'}}, withoutHeaders: {x-b: {}}}], directResponse: {status: 200, body: {string: headers}}}
  - {match: [{queryParams: {q: {exact: ''}}}], directResponse: {status: 200, body: {string: parameter}}}
  - {match: [{method: {exact: PUT}}], directResponse: {status: 200, body: {string: method}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: older, namespace: shop, creationTimestamp: '2026-01-01T00:00:01Z'}
spec:
  hosts: [a.test, b.test]
  gateways: [edge]
  http: [{directResponse: {status: 200, body: {string: rest of a and b}}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wide, namespace: shop, creationTimestamp: '2026-01-01T00:00:00Z'}
spec:
  hosts: ['*']
  gateways: [edge]
  http:
  - {match: [{uri: {exact: /wide}}], directResponse: {status: 200, body: {string: wide}}}
";

/// `PUT a.test/path?query x-a: 1`; a method and headers need not be there.
fn ask(table: &RouteTable, request: &str) -> String {
    let mut words = request.split(' ').peekable();
    let method = words.next_if(|word| word.chars().all(|c| c.is_ascii_uppercase()));
    let method: Method = method.unwrap_or("GET").parse().unwrap();
    let (host, target) = words.next().unwrap().split_once('/').unwrap();
    let target = format!("/{target}");
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*target, None),
    };
    let mut headers = HeaderMap::new();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        let name: HeaderName = name.trim_end_matches(':').parse().unwrap();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let parts = RequestParts {
        host,
        path,
        query,
        method: &method,
        scheme: "http",
        authority: None,
        headers: &headers,
        source: [127, 0, 0, 1].into(),
    };
    match table.find(&parts).map(|rule| &rule.action) {
        Some(Action::Fixed(fixed)) => String::from_utf8(fixed.body.to_vec()).unwrap(),
        other => format!("{other:?}"),
    }
}

#[test]
fn requests_get_the_answer_of_the_first_route_of_their_best_host() {
    let mut source = Source::default();
    source.apply(OBJECTS);
    let translation = translate(&source.world, &Settings::default(), &Memory::default(), at("+0d"));
    let listener = translation.model.listeners().next().unwrap();
    for (request, answer) in [
        ("a.test/pq", "prefix"),
        ("a.test/v12", "regex"),
        ("a.test/v12/x", "rest of a and b"),
        ("a.test/x/v12", "rest of a and b"),
        ("a.test/cASE", "any case"),
        ("a.test/ x-a: 1", "headers"),
        ("a.test/ x-a: 1 x-b: 2", "rest of a and b"),
        ("a.test/ x-a: 2", "rest of a and b"),
        ("a.test/?q", "parameter"),
        ("a.test/?q=1", "rest of a and b"),
        ("PUT a.test/", "method"),
        ("b.test/pq", "rest of a and b"),
        ("a.test/wide", "rest of a and b"),
        ("c.test/wide", "wide"),
        ("x.y.test/wide", "wide"),
        ("other.example/wide", "wide"),
        ("c.test/", "None"),
        ("test/wide", "None"),
    ] {
        assert_eq!(ask(&listener.routes, request), answer, "{request}");
    }
}
