//! One request, or one tunnel, as the access log tells it, gathered while it goes by.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
    header::{HOST, REFERER, USER_AGENT},
};
use hyper::body::Frame;
use jiff::Timestamp;
use model::ListenerKey;

use super::{AccessFacts, writer::Queue};
use crate::Connection;

/// What is known so far. Dropping it means that the request or tunnel is over, and writes the
/// line.
#[derive(Debug)]
pub struct AccessEntry {
    queue: Queue,
    pub(super) line: Option<Line>,
    begun: Instant,
}

/// Everything a line says, in whichever format.
#[derive(Debug)]
pub struct Line {
    pub time: Timestamp,
    pub connection: Arc<Connection>,
    pub listener: ListenerKey,
    pub what: What,
    /// Bytes of the body, or of the tunnel to the client.
    pub sent: u64,
    pub took: std::time::Duration,
    pub facts: AccessFacts,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most lines are of requests; a box would cost each")]
pub enum What {
    Request(Head),
    Tunnel {
        /// What the client asked for, where its TLS went on unopened.
        server_name: Option<Arc<str>>,
        received: u64,
    },
}

/// What a request said of itself, and how it was answered.
#[derive(Debug)]
pub struct Head {
    pub method: Method,
    pub uri: Uri,
    pub version: Version,
    pub host: Option<HeaderValue>,
    pub user_agent: Option<HeaderValue>,
    pub referer: Option<HeaderValue>,
    /// `None`: the client was gone before there was an answer.
    pub status: Option<StatusCode>,
}

impl AccessEntry {
    pub fn new<B>(
        queue: Queue,
        connection: &Arc<Connection>,
        listener: &ListenerKey,
        request: &Request<B>,
    ) -> Self {
        let header = |name: HeaderName| request.headers().get(name).cloned();
        let what = What::Request(Head {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            host: header(HOST),
            user_agent: header(USER_AGENT),
            referer: header(REFERER),
            status: None,
        });
        Self::begin(queue, connection, listener, what)
    }

    pub fn of_tunnel(
        queue: Queue,
        connection: &Arc<Connection>,
        listener: &ListenerKey,
        server_name: Option<Arc<str>>,
    ) -> Self {
        Self::begin(queue, connection, listener, What::Tunnel { server_name, received: 0 })
    }

    fn begin(
        queue: Queue,
        connection: &Arc<Connection>,
        listener: &ListenerKey,
        what: What,
    ) -> Self {
        let line = Line {
            time: Timestamp::now(),
            connection: connection.clone(),
            listener: listener.clone(),
            what,
            sent: 0,
            took: std::time::Duration::ZERO,
            facts: AccessFacts::default(),
        };
        Self { queue, line: Some(line), begun: Instant::now() }
    }

    /// The proxy has answered; what it knows moves from the response into the line.
    pub fn answered<B>(mut self: Box<Self>, response: &mut Response<B>) -> Box<Self> {
        if let Some(line) = &mut self.line {
            if let What::Request(head) = &mut line.what {
                head.status = Some(response.status());
            }
            line.facts = response.extensions_mut().remove().unwrap_or_default();
        }
        self
    }

    /// The tunnel is over.
    pub fn passed(mut self: Box<Self>, from_client: u64, to_client: u64, facts: AccessFacts) {
        if let Some(line) = &mut self.line {
            if let What::Tunnel { received, .. } = &mut line.what {
                *received = from_client;
            }
            (line.sent, line.facts) = (to_client, facts);
        }
    }

    pub fn sent(&mut self, frame: &Frame<Bytes>) {
        if let (Some(line), Some(data)) = (&mut self.line, frame.data_ref()) {
            line.sent += data.len() as u64;
        }
    }
}

impl Drop for AccessEntry {
    fn drop(&mut self) {
        if let Some(mut line) = self.line.take() {
            line.took = self.begun.elapsed();
            self.queue.push(line);
        }
    }
}

impl Head {
    /// The host that was asked for, from the request target or the header.
    pub fn asked_host(&self) -> Option<&str> {
        self.uri.authority().map(|authority| authority.as_str()).or_else(|| text(&self.host))
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        self.uri.path_and_query().map_or("*", |target| target.as_str())
    }
}

/// A header's value, if it is readable text.
pub fn text(value: &Option<HeaderValue>) -> Option<&str> {
    value.as_ref()?.to_str().ok()
}
