//! Whether a request that failed may be sent once more, and what to say if not.

use http::Request;

use super::request_body::RequestBody;
use crate::proxy::reason::Reason;

/// A copy to send again, where sending twice does no harm.
pub fn spare(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    if request.body().upload().is_some() || !request.method().is_safe() {
        return None;
    }
    let mut spare = Request::new(RequestBody::empty());
    *spare.method_mut() = request.method().clone();
    *spare.uri_mut() = request.uri().clone();
    *spare.version_mut() = request.version();
    *spare.headers_mut() = request.headers().clone();
    Some(spare)
}

/// The connection ended before an answer came, as a backend's idle timeout makes it.
pub fn was_lost(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_closed() || error.is_canceled() || is_io(error)
}

/// What to tell the client of an error that is not its own fault.
pub fn reason_of(error: &hyper::Error) -> Reason {
    if error.is_parse() || error.is_parse_too_large() {
        Reason::BackendGarbage
    } else {
        Reason::BackendReset
    }
}

fn is_io(error: &hyper::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}
