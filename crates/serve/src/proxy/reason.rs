//! Why the gateway answered by itself instead of passing on a backend's answer.
//!
//! Every such answer carries the header `x-doorward-reason`, so that a 502 of the gateway is
//! told apart from a 502 that a backend wrote.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::body::Body;

/// The header that names the reason.
pub const REASON: HeaderName = HeaderName::from_static("x-doorward-reason");

/// The whole set; bounded, so it may label metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No Host, two of them, or one that is no host name.
    BadHost,
    /// A request target that is no path, or whose path has `.` or `..` elements.
    BadPath,
    /// Framing that two parties could read in two ways.
    BadFraming,
    /// The request's body ended early or was malformed.
    BadBody,
    /// The client began a body and stopped sending.
    ClientTimeout,
    /// CONNECT, since this is no forward proxy, and TRACE, which would show a page its cookies.
    MethodNotServed,
    /// The host belongs to another listener than the one the TLS handshake was for.
    Misdirected,
    RateLimited,
    /// A rewrite or redirect of the rule made no valid target.
    BadRewrite,
    NoEndpoints,
    ConnectFailed,
    ConnectTimeout,
    BackendReset,
    BackendGarbage,
    BackendTimeout,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadHost => "bad-host",
            Self::BadPath => "bad-path",
            Self::BadFraming => "bad-framing",
            Self::BadBody => "bad-body",
            Self::ClientTimeout => "client-timeout",
            Self::MethodNotServed => "method-not-served",
            Self::Misdirected => "misdirected",
            Self::RateLimited => "rate-limited",
            Self::BadRewrite => "bad-rewrite",
            Self::NoEndpoints => "no-endpoints",
            Self::ConnectFailed => "connect-failed",
            Self::ConnectTimeout => "connect-timeout",
            Self::BackendReset => "backend-reset",
            Self::BackendGarbage => "backend-garbage",
            Self::BackendTimeout => "backend-timeout",
        }
    }

    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadHost | Self::BadPath | Self::BadFraming | Self::BadBody => {
                StatusCode::BAD_REQUEST
            }
            Self::ClientTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::MethodNotServed => StatusCode::NOT_IMPLEMENTED,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::RateLimited | Self::NoEndpoints => StatusCode::SERVICE_UNAVAILABLE,
            Self::BadRewrite => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ConnectFailed
            | Self::ConnectTimeout
            | Self::BackendReset
            | Self::BackendGarbage => StatusCode::BAD_GATEWAY,
            Self::BackendTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::BadHost => "the request needs exactly one valid Host\n",
            Self::BadPath => "the request target is not a plain absolute path\n",
            Self::BadFraming => "the length of the request's body is ambiguous\n",
            Self::BadBody => "the request's body is malformed or ended early\n",
            Self::ClientTimeout => "the rest of the request's body did not come in time\n",
            Self::MethodNotServed => "this method is not served here\n",
            Self::Misdirected => "this host is not served on this connection; open a new one\n",
            Self::RateLimited => "too many requests for this rule; try again later\n",
            Self::BadRewrite => "the rule's rewrite made no valid target\n",
            Self::NoEndpoints => "the Service has no ready endpoint\n",
            Self::ConnectFailed => "no endpoint of the Service accepted a connection\n",
            Self::ConnectTimeout => "no endpoint of the Service answered the connection in time\n",
            Self::BackendReset => "the backend closed the connection before it answered\n",
            Self::BackendGarbage => "the backend's answer is not valid HTTP\n",
            Self::BackendTimeout => "the backend did not answer in time\n",
        }
    }

    /// The whole answer: status, reason header and a line of text.
    pub fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::full(Bytes::from_static(self.text().as_bytes())));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(REASON, HeaderValue::from_static(self.as_str()));
        headers.insert(header::CONTENT_TYPE, PLAIN_TEXT);
        if self.closes_connection() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// After these nobody can say where the next request on an HTTP/1.1 connection begins.
    const fn closes_connection(self) -> bool {
        matches!(self, Self::BadFraming | Self::BadBody | Self::ClientTimeout)
    }
}

const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
