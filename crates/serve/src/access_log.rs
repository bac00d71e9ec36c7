//! What the access log says of one request, or of one connection that is passed on, and in which
//! shape. Writing is a thread of its own
//! behind a bounded queue: a slow reader of standard output costs lines, never requests.

mod entry;
mod format;
mod writer;

use std::{sync::Arc, time::Duration};

use http::Request;
use model::ListenerKey;
use prometheus_client::{metrics::counter::Counter, registry::Registry};

use crate::Connection;
pub(crate) use entry::AccessEntry;
use writer::Queue;

/// How a line of the access log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// One JSON object a line.
    Json,
    /// The combined log format of Apache and nginx, with more fields behind it.
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

/// The log as connections use it. Costs one comparison while it is off.
#[derive(Clone, Debug)]
pub(crate) struct AccessLog {
    queue: Option<Queue>,
}

impl AccessLog {
    pub fn start(format: Option<AccessLogFormat>, registry: &mut Registry) -> Self {
        let dropped = Counter::default();
        registry.register(
            "doorward_access_log_dropped_lines",
            "Lines of the access log dropped because nobody read them fast enough",
            dropped.clone(),
        );
        let queue = format.and_then(|format| {
            Queue::start(std::io::stdout(), format, dropped)
                .inspect_err(|error| tracing::error!(%error, "the access log stays off"))
                .ok()
        });
        Self { queue }
    }

    /// `None` while the log is off.
    pub fn begin<B>(
        &self,
        connection: &Arc<Connection>,
        listener: &ListenerKey,
        request: &Request<B>,
    ) -> Option<Box<AccessEntry>> {
        let queue = self.queue.as_ref()?;
        Some(Box::new(AccessEntry::new(queue.clone(), connection, listener, request)))
    }

    /// The same for a connection that is passed on as bytes; its line comes when it is over.
    pub fn begin_tunnel(
        &self,
        connection: &Arc<Connection>,
        listener: &ListenerKey,
        server_name: Option<Arc<str>>,
    ) -> Option<Box<AccessEntry>> {
        let queue = self.queue.as_ref()?.clone();
        Some(Box::new(AccessEntry::of_tunnel(queue, connection, listener, server_name)))
    }
}

#[cfg(test)]
mod tests;
