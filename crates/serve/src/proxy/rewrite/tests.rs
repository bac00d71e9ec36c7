use std::sync::Arc;

use model::PathChange;
use regex::Regex;

use super::*;

fn rewritten(rewrite: &Rewrite, target: &str) -> Result<(String, String), Reason> {
    let mut uri: Uri = target.parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, "shop.test:8443".parse().unwrap());
    let original = uri.clone();
    let variables = Variables {
        host: "shop.test",
        path: original.path(),
        query: original.query().unwrap_or_default(),
        port: 8443,
        protocol: "https",
    };
    apply(rewrite, &variables, &mut uri, &mut headers)?;
    Ok((uri.to_string(), headers[header::HOST].to_str().unwrap().to_owned()))
}

fn path(template: &str) -> Rewrite {
    Rewrite { path: Some(template.into()), ..Rewrite::default() }
}

#[test]
fn parts_left_out_stay() {
    assert_eq!(
        rewritten(&path("/new"), "/old?a=1"),
        Ok(("/new?a=1".into(), "shop.test:8443".into()))
    );
    let host = Rewrite { host: Some("www.${host}".into()), ..Rewrite::default() };
    assert_eq!(rewritten(&host, "/old?a=1"), Ok(("/old?a=1".into(), "www.shop.test".into())));
}

#[test]
fn a_query_is_replaced_or_taken_away() {
    let query = |text: &str| Rewrite { query: Some(text.into()), ..Rewrite::default() };
    assert_eq!(rewritten(&query("${query}&b=2"), "/x?a=1").unwrap().0, "/x?a=1&b=2");
    assert_eq!(rewritten(&query(""), "/x?a=1").unwrap().0, "/x");
}

#[test]
fn groups_of_the_rules_expression_are_put_in() {
    let regex = Regex::new("(?i)^/api(/|$)(.*)").unwrap();
    let rewrite = Rewrite {
        path: Some("/$2".into()),
        groups_of: Some(PathMatch::Regex(Arc::new(regex))),
        ..Rewrite::default()
    };
    assert_eq!(rewritten(&rewrite, "/API/v1/x?a=1").unwrap().0, "/v1/x?a=1");
    assert_eq!(rewritten(&rewrite, "/api").unwrap().0, "/");
}

#[test]
fn a_path_may_bring_its_own_query() {
    assert_eq!(rewritten(&path("/find?by=path"), "/x?a=1").unwrap().0, "/find?by=path&a=1");
}

#[test]
fn a_path_always_begins_with_a_slash() {
    assert_eq!(rewritten(&path("new"), "/old").unwrap().0, "/new");
}

#[test]
fn what_makes_no_target_is_an_error_of_the_rule() {
    assert_eq!(rewritten(&path("/a b"), "/"), Err(Reason::BadRewrite));
    let host = Rewrite { host: Some("a\nb".into()), ..Rewrite::default() };
    assert_eq!(rewritten(&host, "/"), Err(Reason::BadRewrite));
}

#[test]
fn a_changed_path_keeps_its_query_and_has_no_variables() {
    let prefix = PathChange::Prefix { matched: "/api".into(), with: "/$1".into() };
    let rewrite = Rewrite { change: Some(prefix), ..Rewrite::default() };
    assert_eq!(rewritten(&rewrite, "/api/x?a=1").unwrap().0, "/$1/x?a=1");
    let prefix = PathChange::Prefix { matched: "/api/".into(), with: "".into() };
    let rewrite = Rewrite { change: Some(prefix), ..Rewrite::default() };
    assert_eq!(rewritten(&rewrite, "/api/x").unwrap().0, "/x", "still a path");
}
