use http::StatusCode;
use model::PathChange;

use super::*;

const KEEP_ALL: Redirect = Redirect {
    change: None,
    protocol: None,
    host: None,
    port: None,
    path: None,
    query: None,
    status: StatusCode::PERMANENT_REDIRECT,
};

fn variables(protocol: &str, port: u16) -> Variables<'_> {
    Variables { host: "shop.test", path: "/cart", query: "id=7", port, protocol }
}

fn text(value: &str) -> Option<Box<str>> {
    Some(value.into())
}

#[test]
fn ssl_redirect_writes_the_port_that_the_rule_says() {
    let rule = Redirect { protocol: text("https"), port: text("443"), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("http", 80)), "https://shop.test:443/cart?id=7");
}

#[test]
fn a_default_port_is_left_out() {
    assert_eq!(location(&KEEP_ALL, &variables("https", 443)), "https://shop.test/cart?id=7");
    assert_eq!(location(&KEEP_ALL, &variables("https", 8443)), "https://shop.test:8443/cart?id=7");
    let rule = Redirect { port: text("${port}"), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("http", 80)), "http://shop.test/cart?id=7");
}

#[test]
fn the_clients_port_does_not_follow_to_another_protocol() {
    let rule = Redirect { protocol: text("HTTPS"), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("http", 8080)), "https://shop.test/cart?id=7");
}

#[test]
fn the_clients_port_follows_where_the_rule_asks_for_it() {
    let rule = Redirect { protocol: text("https"), port: text("${port}"), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("http", 8080)), "https://shop.test:8080/cart?id=7");
    assert_eq!(location(&rule, &variables("http", 443)), "https://shop.test/cart?id=7");
}

#[test]
fn parts_may_use_variables() {
    let rule = Redirect {
        host: text("www.${host}"),
        path: text("/old${path}"),
        query: text("from=${protocol}&${query}"),
        ..KEEP_ALL
    };
    assert_eq!(
        location(&rule, &variables("http", 80)),
        "http://www.shop.test/old/cart?from=http&id=7"
    );
    let rule = Redirect { path: text("new"), query: text(""), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("http", 80)), "http://shop.test/new");
}

#[test]
fn a_rule_cannot_break_the_header() {
    let rule = Redirect { host: text("a\r\nset-cookie: b"), ..KEEP_ALL };
    assert_eq!(answer(&rule, &variables("http", 80)).unwrap_err(), Reason::BadRewrite);
}

#[test]
fn an_empty_port_is_left_out() {
    let rule = Redirect { host: text("other.test"), port: text(""), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("https", 8443)), "https://other.test/cart?id=7");
}

#[test]
fn a_path_may_be_changed_instead_of_written() {
    let change = PathChange::Prefix { matched: "/ca".into(), with: "/${host}/".into() };
    let rule = Redirect { change: Some(change), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("http", 80)), "http://shop.test/${host}/rt?id=7");
    let change = PathChange::Whole("/login?from=cart".into());
    let rule = Redirect { change: Some(change), ..KEEP_ALL };
    assert_eq!(location(&rule, &variables("http", 80)), "http://shop.test/login?from=cart");
}
