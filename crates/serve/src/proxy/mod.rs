//! From a request that was read to the response that is sent back. (Stub: answers 503.)

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;

use crate::{Connection, RequestMetrics};

/// The body of every answer.
pub type Body = Full<Bytes>;

/// Settings of request handling.
#[derive(Clone, Debug, Default)]
pub struct ProxyOptions {
    /// Put [`AccessFacts`](crate::AccessFacts) into the extensions of each response.
    pub access_log: bool,
}

pub struct Proxy {}

impl Proxy {
    pub fn new(_options: ProxyOptions, _metrics: &RequestMetrics) -> Arc<Self> {
        Arc::new(Self {})
    }

    pub async fn answer(
        &self,
        _connection: &Arc<Connection>,
        _listener: &Arc<model::Listener>,
        _request: http::Request<hyper::body::Incoming>,
    ) -> http::Response<Body> {
        let mut response = http::Response::new(Full::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    }
}
