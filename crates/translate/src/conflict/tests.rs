use super::*;

#[test]
fn addresses_that_cannot_both_have_a_port() {
    let meet = |one: &str, other: &str| overlap(one.parse().unwrap(), other.parse().unwrap());
    for (one, other, expected) in [
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "127.0.0.2", false),
        ("0.0.0.0", "127.0.0.1", true),
        ("0.0.0.0", "::1", false),
        ("::", "127.0.0.1", true),
        ("::", "::1", true),
        ("::1", "127.0.0.1", false),
    ] {
        assert_eq!(meet(one, other), expected, "{one} and {other}");
        assert_eq!(meet(other, one), expected, "{other} and {one}");
    }
}
