//! What the access log says of one request, and in which shape.

use std::{sync::Arc, time::Duration};

/// How a line of the access log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// One JSON object a line.
    Json,
    /// The combined log format, with the backend and the reason behind it.
    Text,
}

/// What only the proxy knows of an answer. When [`ProxyOptions::access_log`] is on, the proxy
/// puts it into the response's extensions; method, path, status, sizes and times are known
/// outside and need not be told.
///
/// [`ProxyOptions::access_log`]: crate::proxy::ProxyOptions::access_log
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessFacts {
    /// The object whose rule matched: `Ingress shop/web`.
    pub rule: Option<Arc<str>>,
    /// The endpoint that answered, or was tried last.
    pub endpoint: Option<Arc<str>>,
    /// From the first byte sent to the endpoint until its response head.
    pub endpoint_time: Option<Duration>,
    /// Endpoints tried; 0 when no backend was needed.
    pub attempts: u32,
    /// Why the gateway itself made the answer up; the same word as `x-doorward-reason`.
    pub reason: Option<&'static str>,
}
