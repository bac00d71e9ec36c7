use super::*;

#[test]
fn a_copys_host_is_marked_before_its_port() {
    for (host, shadow) in [
        ("shop.test", "shop.test-shadow"),
        ("shop.test:8080", "shop.test-shadow:8080"),
        ("[2001:db8::1]", "[2001:db8::1]-shadow"),
        ("[2001:db8::1]:80", "[2001:db8::1]-shadow:80"),
    ] {
        let host = HeaderValue::from_str(host).unwrap();
        assert_eq!(shadow_of(&host).unwrap(), shadow);
    }
}
