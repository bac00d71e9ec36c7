use proptest::prelude::*;

use super::*;

fn headers(hosts: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for host in hosts {
        headers.append(header::HOST, host.parse().unwrap());
    }
    headers
}

fn of(target: &str, hosts: &[&str], version: Version) -> Result<Host, BadHost> {
    Host::of(&target.parse().unwrap(), &headers(hosts), version)
}

fn host(name: &str, port: Option<u16>) -> Result<Host, BadHost> {
    Ok(Host { name: name.into(), port })
}

#[test]
fn a_host_is_compared_in_lower_case_without_port_and_final_dot() {
    assert_eq!(Host::parse("WWW.Shop.Test:8443"), host("www.shop.test", Some(8443)));
    assert_eq!(Host::parse("shop.test."), host("shop.test", None));
    assert_eq!(Host::parse("shop.test:"), host("shop.test", None));
    assert_eq!(Host::parse("127.0.0.1:80"), host("127.0.0.1", Some(80)));
    assert_eq!(Host::parse("[2001:DB8::1]:443"), host("[2001:db8::1]", Some(443)));
    assert_eq!(Host::parse("[::1]"), host("[::1]", None));
}

#[test]
fn what_is_no_host_is_refused() {
    for text in [
        "",
        ":80",
        ".",
        "a..b",
        "a..",
        ".a",
        "a b",
        "a/b",
        "user@a.test",
        "a.test:port",
        "a.test:+80",
        "a.test:70000",
        "a:80:90",
        "::1",
        "[::1",
        "[a.test]",
        "a.test,b.test",
        &"a".repeat(254),
    ] {
        assert_eq!(Host::parse(text), Err(BadHost), "{text:?}");
    }
}

#[test]
fn http1_needs_exactly_one_host_header() {
    assert_eq!(of("/", &["a.test"], Version::HTTP_11), host("a.test", None));
    assert_eq!(of("/", &[], Version::HTTP_11), Err(BadHost));
    assert_eq!(of("/", &[], Version::HTTP_10), Err(BadHost));
    assert_eq!(of("/", &["a.test", "a.test"], Version::HTTP_11), Err(BadHost));
    assert_eq!(of("http://a.test/", &[], Version::HTTP_11), Err(BadHost));
}

#[test]
fn an_absolute_target_beats_the_header() {
    assert_eq!(of("http://a.test:81/x", &["b.test"], Version::HTTP_11), host("a.test", Some(81)));
}

#[test]
fn http2_takes_the_authority_and_refuses_a_differing_header() {
    assert_eq!(of("https://a.test/", &[], Version::HTTP_2), host("a.test", None));
    assert_eq!(of("https://a.test/", &["A.test"], Version::HTTP_2), host("a.test", None));
    assert_eq!(of("https://a.test/", &["b.test"], Version::HTTP_2), Err(BadHost));
    assert_eq!(of("/", &["b.test"], Version::HTTP_2), host("b.test", None));
}

proptest! {
    #[test]
    fn parsing_never_panics_and_what_it_takes_is_stable(text in "\\PC{0,40}|[\\[\\]:a-zA-Z0-9.%-]{0,40}") {
        if let Ok(host) = Host::parse(&text) {
            let again = Host::parse(&host.name).unwrap();
            prop_assert_eq!(again.name, host.name);
            prop_assert_eq!(again.port, None);
        }
    }
}
