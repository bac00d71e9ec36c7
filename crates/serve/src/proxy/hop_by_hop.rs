//! Headers that are about one connection and end here (RFC 9110 section 7.6.1).

use http::{HeaderMap, HeaderName, HeaderValue, header};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Removes the headers about the connection, and those that `Connection` lists.
pub fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        strip_listed(headers);
    }
    // A body with a transfer coding has no length; one that came beside it is a lie that would
    // outlive the coding (RFC 9112 section 6.3).
    if headers.remove(header::TRANSFER_ENCODING).is_some() {
        headers.remove(header::CONTENT_LENGTH);
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION, header::TE, header::UPGRADE, HTTP2_SETTINGS] {
        headers.remove(name);
    }
}

fn strip_listed(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(header::CONNECTION).iter().cloned().collect();
    headers.remove(header::CONNECTION);
    for token in lines.iter().flat_map(tokens) {
        // `close` and `keep-alive` are options, not headers; and a client must not take away
        // what routing and framing rest on.
        let kept = [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
        if let Ok(name) = HeaderName::from_bytes(token.as_bytes())
            && !kept.contains(&name)
        {
            headers.remove(name);
        }
    }
}

/// Says that this gateway takes trailers, as the client does (RFC 9110 section 10.1.4).
pub fn take_trailers(headers: &mut HeaderMap) {
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
}

/// Whether the sender of these headers takes trailers.
pub fn takes_trailers(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::TE)
        .iter()
        .flat_map(tokens)
        .any(|token| token.eq_ignore_ascii_case("trailers"))
}

/// Whether a comma-separated header has this token, in any case.
pub fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().flat_map(tokens).any(|found| found.eq_ignore_ascii_case(token))
}

fn tokens(line: &HeaderValue) -> impl Iterator<Item = &str> {
    line.to_str().unwrap_or_default().split(',').map(str::trim).filter(|token| !token.is_empty())
}

/// Headers that say where a message ends or belongs to one connection; no rule may set them.
pub fn is_about_connection(name: &HeaderName) -> bool {
    let about_connection = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TE,
        header::TRAILER,
        header::UPGRADE,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        HTTP2_SETTINGS,
    ];
    about_connection.contains(name)
}

#[cfg(test)]
mod tests;
