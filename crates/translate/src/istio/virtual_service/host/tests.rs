use super::*;

fn host(text: &str) -> Host {
    Host::new((text != "*").then(|| text.parse().unwrap()))
}

#[test]
fn the_narrower_of_two_hosts_is_what_both_have_in_common() {
    for (a, b, common) in [
        ("*", "*", Some("*")),
        ("*", "a.test", Some("a.test")),
        ("*", "*.a.test", Some("*.a.test")),
        ("*.a.test", "x.a.test", Some("x.a.test")),
        ("*.a.test", "x.y.a.test", Some("x.y.a.test")),
        ("*.a.test", "*.b.a.test", Some("*.b.a.test")),
        ("*.a.test", "a.test", None),
        ("*.a.test", "xa.test", None),
        ("a.test", "a.test", Some("a.test")),
        ("a.test", "b.test", None),
    ] {
        let common = common.map(host);
        assert_eq!(host(a).narrower(&host(b)), common.as_ref(), "{a} and {b}");
        assert_eq!(host(b).narrower(&host(a)), common.as_ref(), "{b} and {a}");
    }
}

#[test]
fn wider_wildcards_are_found_from_the_widest_on() {
    let x = host("x.a.test");
    assert_eq!(x.wider().collect::<Vec<_>>(), ["", "tset.", "tset.a."]);
    let wildcard = host("*.a.test");
    assert_eq!(wildcard.wider().collect::<Vec<_>>(), ["", "tset."]);
    assert_eq!(host("*").wider().count(), 0);
}
