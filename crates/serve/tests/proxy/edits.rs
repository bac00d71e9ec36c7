//! What a rule and its destinations change of headers, on the way there and back.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode};
use model::{Action, BackendProtocol, Filter, HeaderEdit, HeaderSource, Redirect, Rewrite, Rule};
use serde_json::json;
use testkit::{backend::Backend, http::get};

use crate::front::{Front, fixed, forward, rule, target};

fn named(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

fn literal(value: &'static str) -> HeaderSource {
    HeaderSource::Literal(HeaderValue::from_static(value))
}

fn set(name: &'static str, value: HeaderSource) -> Filter {
    Filter::Response(HeaderEdit::Set { name: named(name), value })
}

fn append(name: &'static str, value: &'static str) -> Filter {
    Filter::Response(HeaderEdit::Append { name: named(name), value: literal(value) })
}

fn for_backend(name: &'static str, value: &'static str) -> Filter {
    Filter::InsertHeader { name: named(name), value: literal(value), overwrite: true }
}

async fn with_filters(filters: Vec<Filter>) -> (Front, Backend) {
    let backend = Backend::echo("one").await;
    let rule = Rule { filters, ..rule("shop.test", "/", forward(&[backend.address])) };
    (Front::serving(vec![rule]).await, backend)
}

#[tokio::test]
async fn a_header_line_is_added_to_those_of_the_client() {
    let more = Filter::AppendHeader { name: named("x-tag"), value: literal("rule") };
    let (front, _backend) = with_filters(vec![more]).await;
    let mut asked = get("http://shop.test/");
    asked.headers_mut().insert("x-tag", HeaderValue::from_static("client"));
    let seen = front.send(asked).await.json();
    assert_eq!(seen["headers"]["x-tag"], json!(["client", "rule"]));
}

#[tokio::test]
async fn a_rule_edits_the_answers_of_its_backend() {
    let (front, _backend) = with_filters(vec![
        Filter::Response(HeaderEdit::Remove { name: named("x-backend") }),
        append("content-type", "text/odd"),
        set("x-asked-by", HeaderSource::Header(named("x-user"))),
        set("x-balancer", HeaderSource::LoadBalancerId),
        set("x-none", HeaderSource::Header(named("x-nobody"))),
        set("content-length", literal("3")),
        Filter::RemoveHeader { name: named("x-user") },
    ])
    .await;
    let mut asked = get("http://shop.test/");
    asked.headers_mut().insert("x-user", "me".parse().unwrap());
    let answer = front.send(asked).await;
    let edited =
        ["x-backend", "x-asked-by", "x-balancer", "x-none"].map(|name| answer.header(name));
    assert_eq!(edited, ["", "me", "edge-lb", ""]);
    assert_eq!(answer.headers.get_all("content-type").iter().count(), 2);
    assert!(answer.json()["headers"].get("x-user").is_none(), "the backend sees no such header");
}

#[tokio::test]
async fn a_rule_edits_the_answers_that_the_gateway_makes_for_it() {
    let redirect = Redirect {
        protocol: None,
        host: Some("other.test".into()),
        port: None,
        path: None,
        query: None,
        change: None,
        status: StatusCode::FOUND,
    };
    let actions = [
        ("/redirect", Action::Redirect(redirect)),
        ("/fixed", Action::Fixed(fixed(418, "tea", None))),
        ("/nobody", forward(&[])),
    ];
    let rules = actions.map(|(path, action)| Rule {
        filters: vec![set("x-edited", literal("yes"))],
        ..rule("shop.test", path, action)
    });
    let front = Front::serving(rules.into()).await;
    for (path, status) in [("/redirect", 302), ("/fixed", 418), ("/nobody", 503)] {
        let answer = front.get(&format!("http://shop.test{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-edited")), (status, "yes"), "{path}");
    }
}

#[tokio::test]
async fn a_destination_adds_to_what_its_rule_changes() {
    let backend = Backend::echo("one").await;
    let mut chosen = target(BackendProtocol::Http, &[backend.address], 1);
    chosen.filters = Arc::new([
        for_backend("x-to", "destination"),
        Filter::Rewrite(Rewrite { host: Some("inner.test".into()), ..Rewrite::default() }),
        append("x-from", "destination"),
    ]);
    let rule = Rule {
        filters: vec![for_backend("x-to", "rule"), append("x-from", "rule")],
        ..rule("shop.test", "/", Action::Forward(vec![chosen]))
    };
    let answer = Front::serving(vec![rule]).await.get("http://shop.test/").await;
    let from: Vec<_> = answer.headers.get_all("x-from").iter().collect();
    assert_eq!(from, ["rule", "destination"]);
    let seen = answer.json();
    assert_eq!(seen["headers"]["x-to"], json!(["destination"]));
    assert_eq!(seen["headers"]["host"], json!(["inner.test"]));
}

#[tokio::test]
async fn a_fixed_answer_may_be_any_bytes() {
    let mut answer = fixed(200, "", None);
    answer.body = vec![0, 0xff, 0xfe, b'\n'].into();
    let front = Front::serving(vec![rule("shop.test", "/", Action::Fixed(answer))]).await;
    assert_eq!(&front.get("http://shop.test/").await.body[..], [0, 0xff, 0xfe, b'\n']);
}
