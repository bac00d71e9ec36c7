use std::sync::Arc;

use regex::Regex;

use super::*;

fn prefix(matched: &str, with: &str) -> PathChange {
    PathChange::Prefix { matched: matched.into(), with: with.into() }
}

fn regex(pattern: &str, with: &str) -> PathChange {
    PathChange::Regex { pattern: Arc::new(Regex::new(pattern).unwrap()), with: with.into() }
}

#[test]
fn the_whole_path_is_replaced() {
    assert_eq!(changed(&PathChange::Whole("/new/${path}".into()), "/old"), "/new/${path}");
}

#[test]
fn a_prefix_is_swapped_as_plain_text() {
    for (matched, with, path, expected) in [
        ("/api", "/v2", "/api/users", "/v2/users"),
        ("/api", "/v2", "/apis", "/v2s"),
        ("/api", "/", "/api", "/"),
        ("/API", "/v2", "/api/x", "/v2/x"),
        ("", "/under", "/x", "/under/x"),
        ("/api", "/v2", "/other", "/other"),
        ("/api", "/v2", "/a", "/a"),
    ] {
        assert_eq!(changed(&prefix(matched, with), path), expected, "{matched} {path}");
    }
}

#[test]
fn every_match_of_an_expression_is_replaced_with_its_groups() {
    let swap = regex("/(\\w+)/(\\w+)", "/${2}/${1}");
    assert_eq!(changed(&swap, "/a/b/c/d/e"), "/b/a/d/c/e");
    assert_eq!(changed(&regex("x", "$$1"), "/x"), "/$1");
    assert_eq!(changed(&swap, "/"), "/");
}
