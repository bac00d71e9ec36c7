use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};

use super::admit;

fn asked(method: Method, headers: &[(&str, &str)]) -> Option<StatusCode> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    admit(None, &method, &Uri::from_static("/api/v1/listeners"), &headers)
        .err()
        .map(|error| error.status)
}

#[test]
fn the_own_machine_may_ask() {
    for host in ["127.0.0.1:15000", "localhost:15000", "LOCALHOST", "[::1]:15000", "10.0.0.7"] {
        assert_eq!(asked(Method::GET, &[("host", host)]), None, "{host}");
    }
}

#[test]
fn a_name_that_was_made_to_point_here_may_not() {
    for host in ["evil.test:15000", "localhost.evil.test", "127.0.0.1.evil.test"] {
        let status = asked(Method::GET, &[("host", host)]);
        assert_eq!(status, Some(StatusCode::FORBIDDEN), "{host}");
    }
}

#[test]
fn a_web_page_may_not_change_anything() {
    let headers = [("host", "localhost:15000"), ("origin", "https://evil.test")];
    assert_eq!(asked(Method::POST, &headers), Some(StatusCode::FORBIDDEN));
    assert_eq!(asked(Method::GET, &headers), None, "it cannot read the answer anyway");
}
