use super::*;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, value.parse().unwrap());
    }
    headers
}

fn stripped(lines: &[(&str, &str)]) -> Vec<String> {
    let mut headers = headers(lines);
    strip(&mut headers);
    let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

#[test]
fn headers_about_the_connection_end_here() {
    let lines = [
        ("connection", "keep-alive"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("te", "gzip"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
        ("accept", "*/*"),
    ];
    assert_eq!(stripped(&lines), ["accept"]);
}

#[test]
fn what_connection_lists_goes_too_on_every_line() {
    let lines = [
        ("connection", "close, X-One"),
        ("connection", "x-two"),
        ("x-one", "1"),
        ("x-two", "2"),
        ("x-three", "3"),
    ];
    assert_eq!(stripped(&lines), ["x-three"]);
}

#[test]
fn a_client_cannot_list_away_host_and_framing() {
    let lines = [("connection", "host, content-length"), ("host", "a"), ("content-length", "1")];
    assert_eq!(stripped(&lines), ["content-length", "host"]);
}

#[test]
fn a_length_beside_a_transfer_coding_goes() {
    let lines = [("transfer-encoding", "chunked"), ("content-length", "5")];
    assert_eq!(stripped(&lines), [""; 0]);
}

#[test]
fn trailers_are_told_from_other_codings() {
    assert!(takes_trailers(&headers(&[("te", "deflate, Trailers")])));
    assert!(!takes_trailers(&headers(&[("te", "deflate")])));
}
