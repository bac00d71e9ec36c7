//! Answers that need no backend: fixed, redirect, echo, and refusals.

use http::StatusCode;
use model::{Action, Redirect};
use serde_json::json;
use testkit::http::{Answer, exchange_h2, get};

use crate::front::{Front, Setup, fixed, rule, tls_for_shop, to};

fn reason(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("x-doorward-reason"))
}

#[tokio::test]
async fn a_host_without_rule_gets_the_default_action() {
    let mut front = Front::serving(to(&[])).await;
    let answer = front.get("http://other.test/").await;
    assert_eq!(reason(&answer), (404, "no-rule"));
    assert_eq!(front.facts.recv().await.unwrap().reason, Some("no-rule"));
}

#[tokio::test]
async fn a_fixed_response_is_what_the_rule_says() {
    let action = Action::Fixed(fixed(418, "short and stout", None));
    let mut front = Front::serving(vec![rule("shop.test", "/tea", action)]).await;
    let answer = front.get("http://SHOP.test.:1234/tea/pot?x=1").await;
    assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
    assert_eq!(answer.text(), "short and stout");
    assert_eq!(answer.header("content-type"), "text/plain");
    assert_eq!(answer.header("x-doorward-reason"), "");
    assert_eq!(front.facts.recv().await.unwrap().rule.as_deref(), Some("Ingress shop/web"));
}

#[tokio::test]
async fn head_gets_the_length_without_the_body() {
    let front = Front::serving(vec![rule("", "/", Action::Fixed(fixed(200, "12345", None)))]).await;
    let answer = front.raw("HEAD / HTTP/1.1\r\nhost: a.test\r\n\r\n").await;
    assert!(answer.contains("content-length: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_redirect_names_the_new_place() {
    let redirect = Redirect {
        change: None,
        protocol: Some("https".into()),
        host: None,
        port: Some("443".into()),
        path: None,
        query: None,
        status: StatusCode::PERMANENT_REDIRECT,
    };
    let front = Front::serving(vec![rule("", "/", Action::Redirect(redirect))]).await;
    let answer = front.get("http://shop.test:8080/cart?id=7").await;
    assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(answer.header("location"), "https://shop.test:443/cart?id=7");
}

#[tokio::test]
async fn echo_tells_what_the_gateway_saw() {
    let mut setup = Setup::new(vec![rule("shop.test", "/", Action::Echo)]);
    setup.tls = Some(tls_for_shop);
    let front = setup.start().await;
    let mut request = get("http://shop.test/hello?a=1");
    request.headers_mut().insert("cookie", "secret=1".parse().unwrap());
    let echo = front.send(request).await.json();
    assert_eq!(echo["host"], "shop.test");
    assert_eq!(echo["path"], "/hello");
    assert_eq!(echo["query"], "a=1");
    assert_eq!(echo["rule"], "Ingress shop/web");
    assert_eq!(echo["tls"]["serverName"], "shop.test");
    assert_eq!(echo["tls"]["group"], "X25519MLKEM768");
    assert!(echo["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(echo["headers"].as_array().unwrap().contains(&json!(["cookie", "[redacted]"])));
}

#[tokio::test]
async fn a_host_of_another_listener_is_misdirected() {
    let mut setup = Setup::new(vec![rule("shop.test", "/", Action::Echo)]);
    setup.tls = Some(tls_for_shop);
    let front = setup.start().await;
    assert_eq!(reason(&front.get("http://other.test/").await), (421, "misdirected"));
    assert_eq!(front.get("http://shop.test/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_host_that_some_rule_takes_is_not_misdirected() {
    let rules = vec![rule("shop.test", "/", Action::Echo), rule("*.b.test", "/x", Action::Echo)];
    let mut setup = Setup::new(rules);
    setup.tls = Some(tls_for_shop);
    let front = setup.start().await;
    assert_eq!(front.get("http://a.b.test/x").await.status, StatusCode::OK);
    assert_eq!(reason(&front.get("http://a.b.test/y").await), (404, "no-rule"));

    let mut setup = Setup::new(vec![rule("", "/any", Action::Echo)]);
    setup.tls = Some(tls_for_shop);
    let front = setup.start().await;
    assert_eq!(reason(&front.get("http://whatever.test/").await), (404, "no-rule"));
}

#[tokio::test]
async fn http2_is_answered_by_its_authority() {
    let front = Front::serving(vec![rule("shop.test", "/", Action::Echo)]).await;
    let answer = exchange_h2(front.connect().await, get("http://Shop.test:99/x")).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["host"], "shop.test");
}

#[tokio::test]
async fn no_endpoints_is_503() {
    let mut front = Front::serving(to(&[])).await;
    assert_eq!(reason(&front.get("http://shop.test/").await), (503, "no-endpoints"));
    let facts = front.facts.recv().await.unwrap();
    assert_eq!((facts.attempts, facts.endpoint), (0, None));
}
