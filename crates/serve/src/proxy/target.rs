//! Checks on the request target and on the framing that hyper lets through.

use http::{HeaderMap, Method, Uri, Version, header};

use super::reason::Reason;

/// Refuses what this gateway cannot route or what two parties could read in two ways.
///
/// hyper has refused before this: an invalid request line, obsolete line folding, invalid or
/// differing Content-Lengths, and a Transfer-Encoding that does not end in `chunked`. Where
/// both Content-Length and Transfer-Encoding came, it has dropped the length and closes the
/// connection after the answer, as RFC 9112 section 6.1 has it.
pub fn check(
    method: &Method,
    uri: &Uri,
    version: Version,
    headers: &HeaderMap,
) -> Result<(), Reason> {
    if *method == Method::CONNECT || *method == Method::TRACE {
        return Err(Reason::MethodNotServed);
    }
    let is_asterisk = uri.path() == "*" && *method == Method::OPTIONS;
    if !is_asterisk && !is_plain_path(uri.path()) {
        return Err(Reason::BadPath);
    }
    if version < Version::HTTP_2 {
        check_framing(headers)?;
    }
    Ok(())
}

/// Exactly one transfer coding, and it is `chunked`: any other would be passed on undecoded
/// without its name, since the header is hop-by-hop.
fn check_framing(headers: &HeaderMap) -> Result<(), Reason> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    let is_chunked = coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    if is_chunked && codings.next().is_none() && !headers.contains_key(header::CONTENT_LENGTH) {
        Ok(())
    } else {
        Err(Reason::BadFraming)
    }
}

/// An absolute path without `.` and `..` elements, plain or percent-encoded: a backend that
/// resolves them would serve another path than the one the rules looked at.
fn is_plain_path(path: &str) -> bool {
    if !path.starts_with('/') {
        return false;
    }
    // Nearly all paths have no element that begins so.
    let suspicious = path.contains("/.") || path.contains("/%2");
    !suspicious || !path.split('/').any(is_dots)
}

fn is_dots(element: &str) -> bool {
    let mut rest = element;
    let mut dots = 0;
    while !rest.is_empty() {
        rest = match rest.as_bytes() {
            [b'.', ..] => &rest[1..],
            [b'%', b'2', b'e' | b'E', ..] => &rest[3..],
            _ => return false,
        };
        dots += 1;
    }
    (1..=2).contains(&dots)
}

#[cfg(test)]
mod tests;
