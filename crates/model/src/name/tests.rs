use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_wildcard_covers_exactly_one_label() {
    let wildcard = name("*.a.test");
    assert!(wildcard.covers(&name("x.a.test")));
    assert!(!wildcard.covers(&name("a.test")));
    assert!(!wildcard.covers(&name("x.y.a.test")));
    assert!(wildcard.covers(&name("*.a.test")));
    assert!(!name("*.test").covers(&name("*.a.test")));
    assert!(!wildcard.covers_text(".a.test"));
}

#[test]
fn names_compare_without_case_and_without_the_final_dot() {
    assert_eq!(name("WWW.Shop.Test."), name("www.shop.test"));
}

#[test]
fn what_is_no_name_is_refused_with_its_cure() {
    for (text, part) in [
        ("", "empty"),
        ("a..b", "label \"\""),
        ("a.*.b", "first label"),
        ("*", "first label"),
        ("bad host", "label \"bad host\""),
        ("-ok.-odd", ""),
        ("www.b\u{fc}cher.test", "write \"xn--bcher-kva\""),
        ("*.B\u{dc}CHER.test", "write \"xn--bcher-kva\""),
        ("xn--bcher-kva.test", ""),
        ("\u{200d}.test", "is not a DNS label"),
    ] {
        match Name::parse(text) {
            Ok(_) => assert!(part.is_empty(), "{text:?} was taken"),
            Err(error) => assert!(error.to_string().contains(part), "{text:?}: {error}"),
        }
    }
    assert!(Name::parse(&"a.".repeat(200)).is_err());
}

/// Compares label lists; obviously right and slow.
fn oracle(pattern: &str, host: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('.').collect();
    let host: Vec<&str> = host.split('.').collect();
    pattern.len() == host.len()
        && pattern.iter().zip(&host).enumerate().all(|(index, (p, h))| {
            p == h || (index == 0 && *p == "*" && *h != "*" && host.len() > 1)
        })
}

proptest! {
    #[test]
    fn covering_agrees_with_the_oracle(
        pattern in "(\\*\\.)?[ab]{1,2}(\\.[ab]{1,2}){0,2}",
        host in "(\\*\\.)?[ab]{1,2}(\\.[ab]{1,2}){0,3}",
    ) {
        prop_assert_eq!(name(&pattern).covers(&name(&host)), oracle(&pattern, &host));
    }

    #[test]
    fn parsing_never_panics_and_is_idempotent(text in "\\PC{0,80}") {
        if let Ok(parsed) = Name::parse(&text) {
            prop_assert_eq!(Name::parse(parsed.as_str()), Ok(parsed));
        }
    }
}
