//! What rules change on the way, seen by a backend and by a client.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use model::{
    Action, Cors, Direction, Filter, HeaderMatch, HeaderSource, PathMatch, Rewrite, Rule,
    TextMatch, TrafficLimit,
};
use regex::Regex;
use serde_json::json;
use testkit::{
    backend::Backend,
    http::{get, request},
};

use crate::front::{Front, forward, rule};

fn insert(name: &'static str, value: HeaderSource, overwrite: bool) -> Filter {
    Filter::InsertHeader { name: HeaderName::from_static(name), value, overwrite }
}

fn literal(value: &'static str) -> HeaderSource {
    HeaderSource::Literal(HeaderValue::from_static(value))
}

async fn with_filters(filters: Vec<Filter>) -> (Front, Backend) {
    let backend = Backend::echo("one").await;
    let rule = Rule { filters, ..rule("shop.test", "/", forward(&[backend.address])) };
    (Front::serving(vec![rule]).await, backend)
}

#[tokio::test]
async fn headers_are_inserted_and_removed_in_order() {
    let (front, _backend) = with_filters(vec![
        insert("x-kept", literal("rule"), false),
        insert("x-replaced", literal("rule"), true),
        insert("x-copy", HeaderSource::Header(HeaderName::from_static("x-kept")), true),
        insert("x-balancer", HeaderSource::LoadBalancerId, true),
        insert("x-protocol", HeaderSource::ListenerProtocol, true),
        insert("x-port", HeaderSource::ListenerPort, true),
        insert("x-client", HeaderSource::ClientAddress, true),
        insert("x-missing", HeaderSource::Header(HeaderName::from_static("x-none")), true),
        insert("content-length", literal("99"), true),
        Filter::RemoveHeader { name: HeaderName::from_static("x-gone") },
        Filter::RemoveHeader { name: HeaderName::from_static("host") },
    ])
    .await;
    let mut asked = get("http://shop.test/");
    for name in ["x-kept", "x-replaced", "x-gone"] {
        asked.headers_mut().insert(name, HeaderValue::from_static("client"));
    }
    let seen = front.send(asked).await.json();
    assert_eq!(
        seen["headers"],
        json!({
            "host": ["shop.test"],
            "x-kept": ["client"],
            "x-replaced": ["rule"],
            "x-copy": ["client"],
            "x-balancer": ["edge-lb"],
            "x-protocol": ["HTTPS"],
            "x-port": ["443"],
            "x-client": ["127.0.0.1"],
        })
    );
}

#[tokio::test]
async fn a_rewrite_changes_what_the_backend_sees() {
    let rewrite = Rewrite {
        change: None,
        host: Some("inner.test".into()),
        path: Some("/v2/$1".into()),
        query: Some("${query}&from=${host}".into()),
        groups_of: Some(PathMatch::Regex(Arc::new(Regex::new("(?i)^/api/(.*)").unwrap()))),
    };
    let (front, _backend) = with_filters(vec![Filter::Rewrite(rewrite)]).await;
    let seen = front.get("http://shop.test/API/users?id=1").await.json();
    assert_eq!(seen["uri"], "/v2/users?id=1&from=shop.test");
    assert_eq!(seen["headers"]["host"][0], "inner.test");
}

#[tokio::test]
async fn a_rewrite_that_makes_no_target_is_500() {
    let rewrite = Rewrite { path: Some("/a b".into()), ..Rewrite::default() };
    let (front, _backend) = with_filters(vec![Filter::Rewrite(rewrite)]).await;
    let answer = front.get("http://shop.test/").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.header("x-doorward-reason"), "bad-rewrite");
}

fn cors() -> Filter {
    Filter::Cors(Arc::new(Cors {
        forwards_others: false,
        allow_origins: vec![TextMatch::pattern("https://*.shop.test")],
        allow_methods: HeaderValue::from_static("GET, PUT"),
        allow_headers: HeaderValue::from_static("X-A"),
        expose_headers: None,
        allow_credentials: true,
        max_age: Some(600),
    }))
}

#[tokio::test]
async fn a_preflight_is_answered_without_the_backend() {
    let (front, backend) = with_filters(vec![cors()]).await;
    let mut asked = request(Method::OPTIONS, "http://shop.test/", "");
    asked.headers_mut().insert("origin", "https://www.shop.test".parse().unwrap());
    asked.headers_mut().insert("access-control-request-method", "PUT".parse().unwrap());
    let answer = front.send(asked).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.header("access-control-allow-origin"), "https://www.shop.test");
    assert_eq!(answer.header("access-control-allow-methods"), "GET, PUT");
    assert_eq!(answer.header("access-control-max-age"), "600");
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn answers_to_allowed_origins_are_marked_also_when_the_gateway_makes_them() {
    let (front, _backend) = with_filters(vec![cors()]).await;
    let mut asked = get("http://shop.test/");
    asked.headers_mut().insert("origin", "https://www.shop.test".parse().unwrap());
    let answer = front.send(asked.clone()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://www.shop.test");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");

    let rule = Rule { filters: vec![cors()], ..rule("shop.test", "/", forward(&[])) };
    let answer = Front::serving(vec![rule]).await.send(asked).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("access-control-allow-origin"), "https://www.shop.test");
}

#[tokio::test]
async fn a_preflight_of_another_origin_may_go_on_to_the_backend() {
    let Filter::Cors(strict) = cors() else { unreachable!("it is one") };
    let lenient = Cors { forwards_others: true, ..(*strict).clone() };
    let (front, backend) = with_filters(vec![Filter::Cors(Arc::new(lenient))]).await;
    let mut asked = request(Method::OPTIONS, "http://shop.test/", "");
    asked.headers_mut().insert("access-control-request-method", "PUT".parse().unwrap());
    asked.headers_mut().insert("origin", "https://evil.test".parse().unwrap());
    let answer = front.send(asked.clone()).await;
    assert_eq!((answer.status, answer.header("x-backend")), (StatusCode::OK, "one"));
    asked.headers_mut().insert("origin", "https://www.shop.test".parse().unwrap());
    assert_eq!(front.send(asked.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(backend.requests(), 1);

    let (front, backend) = with_filters(vec![cors()]).await;
    asked.headers_mut().insert("origin", "https://evil.test".parse().unwrap());
    let answer = front.send(asked).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn more_than_the_limit_is_refused() {
    let limit = TrafficLimit { total: Some(3), per_client: None };
    let (mut front, backend) = with_filters(vec![Filter::Limit(limit)]).await;
    let mut refused = 0;
    for _ in 0..10 {
        let answer = front.get("http://shop.test/").await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(answer.header("x-doorward-reason"), "rate-limited");
            refused += 1;
        }
        front.facts.recv().await.unwrap();
    }
    assert!((4..=7).contains(&refused), "{refused} of 10 refused at 3 a second");
    assert_eq!(backend.requests(), 10 - refused);
}

#[tokio::test]
async fn response_rules_edit_what_matches_them() {
    let backend = Backend::echo("one").await;
    let mut on_404 = rule("shop.test", "/", Action::Forward(vec![]));
    on_404.direction = Direction::Response;
    on_404.matches.response_status = vec![StatusCode::NOT_FOUND];
    on_404.filters = vec![
        insert("x-missing", literal("yes"), true),
        Filter::RemoveHeader { name: HeaderName::from_static("x-backend") },
        insert("x-asked-by", HeaderSource::Header(HeaderName::from_static("x-user")), true),
    ];
    let mut on_json = on_404.clone();
    on_json.matches.response_status = vec![];
    on_json.matches.response_headers = vec![HeaderMatch {
        is_inverted: false,
        name: http::header::CONTENT_TYPE,
        values: vec![TextMatch::pattern("application/*")],
    }];
    on_json.filters = vec![insert("x-json", literal("yes"), true)];
    let rules = vec![on_404, on_json, rule("shop.test", "/", forward(&[backend.address]))];
    let front = Front::serving(rules).await;

    let mut asked = get("http://shop.test/status/404");
    asked.headers_mut().insert("x-user", "me".parse().unwrap());
    let answer = front.send(asked).await;
    let edited = ["x-missing", "x-backend", "x-asked-by", "x-json"].map(|name| answer.header(name));
    assert_eq!(edited, ["yes", "", "me", ""]);

    let answer = front.get("http://shop.test/").await;
    let edited = ["x-missing", "x-backend", "x-json"].map(|name| answer.header(name));
    assert_eq!(edited, ["", "one", "yes"]);
}
