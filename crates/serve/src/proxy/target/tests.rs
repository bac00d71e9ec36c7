use proptest::prelude::*;

use super::*;

fn checked(method: Method, target: &str, headers: &[(&str, &str)]) -> Result<(), Reason> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    check(&method, &target.parse().unwrap(), Version::HTTP_11, &map)
}

#[test]
fn plain_paths_pass() {
    for path in ["/", "/a", "/a/.well-known/b", "/...", "/a..b/c.", "/%2e%2e%2e", "/a//b", "/%20"] {
        assert_eq!(checked(Method::GET, path, &[]), Ok(()), "{path}");
    }
    assert_eq!(checked(Method::OPTIONS, "*", &[]), Ok(()));
}

#[test]
fn dot_elements_are_refused_however_they_are_written() {
    for path in ["/a/../b", "/..", "/./a", "/a/.", "/%2e%2E/a", "/.%2e", "/a/%2e"] {
        assert_eq!(checked(Method::GET, path, &[]), Err(Reason::BadPath), "{path}");
    }
    assert_eq!(checked(Method::GET, "*", &[]), Err(Reason::BadPath));
}

#[test]
fn connect_and_trace_are_not_served() {
    assert_eq!(checked(Method::TRACE, "/", &[]), Err(Reason::MethodNotServed));
    assert_eq!(checked(Method::CONNECT, "a.test:443", &[]), Err(Reason::MethodNotServed));
}

#[test]
fn only_one_coding_chunked_and_no_length_beside_it() {
    let te = |value| ("transfer-encoding", value);
    assert_eq!(checked(Method::POST, "/", &[te("Chunked")]), Ok(()));
    for headers in [
        &[te("gzip, chunked")][..],
        &[te("chunked, chunked")],
        &[te("chunked"), te("chunked")],
        &[te("chunked"), ("content-length", "3")],
    ] {
        assert_eq!(checked(Method::POST, "/", headers), Err(Reason::BadFraming), "{headers:?}");
    }
}

/// Decodes every dot and looks at the elements; slow and obvious.
fn oracle(path: &str) -> bool {
    let decoded = path.replace("%2e", ".").replace("%2E", ".");
    path.starts_with('/') && !decoded.split('/').any(|element| element == "." || element == "..")
}

proptest! {
    #[test]
    fn dot_elements_are_found_as_by_the_oracle(path in "/?([/.a%2]|%2e|%2E){0,12}") {
        prop_assert_eq!(is_plain_path(&path), oracle(&path), "{}", path);
    }
}
