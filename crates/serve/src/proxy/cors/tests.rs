use model::TextMatch;

use super::*;

fn cors(origins: &[&str]) -> Cors {
    Cors {
        forwards_others: false,
        allow_origins: origins.iter().map(|origin| TextMatch::pattern(origin)).collect(),
        allow_methods: HeaderValue::from_static("GET, PUT"),
        allow_headers: HeaderValue::from_static("X-A"),
        expose_headers: Some(HeaderValue::from_static("X-B")),
        allow_credentials: true,
        max_age: Some(-1),
    }
}

fn from(origin: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::ORIGIN, origin.parse().unwrap())])
}

fn marked(cors: &Cors, origin: &str, mut answer: HeaderMap) -> HeaderMap {
    CrossOrigin::of(cors, &from(origin)).unwrap().mark(&mut answer);
    answer
}

#[test]
fn an_allowed_origin_is_named() {
    let cors = cors(&["https://*.shop.test", "https://a.test"]);
    let headers = marked(&cors, "https://www.shop.test", HeaderMap::new());
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://www.shop.test");
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    assert_eq!(headers[header::ACCESS_CONTROL_EXPOSE_HEADERS], "X-B");
    assert_eq!(headers[header::VARY], "origin");
}

#[test]
fn a_foreign_origin_gets_nothing_even_if_the_backend_would_give_it() {
    let backend = HeaderMap::from_iter([(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY)]);
    let headers = marked(&cors(&["https://a.test"]), "https://evil.test", backend);
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    assert_eq!(headers[header::VARY], "origin");
}

#[test]
fn any_origin_never_comes_with_credentials() {
    let headers = marked(&cors(&["*"]), "https://evil.test", HeaderMap::new());
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    assert!(!headers.contains_key(header::VARY));
}

#[test]
fn a_preflight_is_answered_with_what_the_rule_allows() {
    let cors = cors(&["https://a.test"]);
    let allowed = CrossOrigin::of(&cors, &from("https://a.test")).unwrap().preflight();
    assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
    assert_eq!(allowed.headers()[header::ACCESS_CONTROL_ALLOW_METHODS], "GET, PUT");
    assert_eq!(allowed.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS], "X-A");
    assert_eq!(allowed.headers()[header::ACCESS_CONTROL_MAX_AGE], "-1");
    let refused = CrossOrigin::of(&cors, &from("https://evil.test")).unwrap().preflight();
    assert!(refused.headers().is_empty());
}

#[test]
fn only_options_with_a_requested_method_is_a_preflight() {
    let mut headers = from("https://a.test");
    assert!(!is_preflight(&Method::OPTIONS, &headers));
    headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT".parse().unwrap());
    assert!(is_preflight(&Method::OPTIONS, &headers));
    assert!(!is_preflight(&Method::GET, &headers));
}

#[test]
fn what_is_left_to_the_backend_is_not_touched() {
    let cors = Cors { forwards_others: true, ..cors(&["https://a.test"]) };
    assert!(CrossOrigin::of(&cors, &from("https://evil.test")).is_none());
    assert!(CrossOrigin::of(&cors, &from("https://a.test")).is_some());
}

#[test]
fn an_origin_may_be_compared_in_any_way() {
    let origin = TextMatch::Prefix { text: "https://a.".into(), ignore_case: false };
    let cors = Cors { allow_origins: vec![origin], ..cors(&[]) };
    let allowed = |origin| {
        let headers = marked(&cors, origin, HeaderMap::new());
        headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    };
    assert!(allowed("https://a.test"));
    assert!(!allowed("https://b.test"));
}

#[test]
fn what_the_rule_leaves_open_is_not_said() {
    let empty = HeaderValue::from_static("");
    let cors = Cors {
        allow_methods: empty.clone(),
        allow_headers: empty,
        max_age: None,
        ..cors(&["https://a.test"])
    };
    let allowed = CrossOrigin::of(&cors, &from("https://a.test")).unwrap().preflight();
    assert!(allowed.headers().is_empty());
}
