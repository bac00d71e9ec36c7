//! From a request's head to the answer: host and path checked, rule found, filters applied,
//! and the action taken: a backend asked, or an answer made here.
//!
//! TLS, accepting and reading requests are not done here. Nor is compression: a listener's
//! `gzip` is not honoured, and what a backend has compressed passes as it is.

mod body;
mod cors;
mod echo;
mod exchange;
mod faults;
mod filters;
mod forward;
mod forwarded;
mod hop_by_hop;
mod host;
mod limit;
mod mirror;
mod misdirected;
mod options;
mod path_change;
mod plan;
mod reason;
mod redirect;
mod response_edits;
mod response_rules;
mod rewrite;
mod rule_state;
mod target;
mod template;
mod upgrade;
mod upstream;

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Arc, Weak},
};

use http::{Request, Response};
use hyper::body::Incoming;
use model::{ForwardTarget, Listener};

pub use body::{Body, BodyError};
pub(crate) use host::Host;
pub use options::ProxyOptions;
pub use reason::{REASON, Reason};
pub use upstream::UpstreamOptions;
pub(crate) use upstream::{Failure, Opened};

use crate::{Connection, RequestMetrics, listener::Servers};
use exchange::Exchange;
use mirror::Mirrors;
use rule_state::RuleStates;
use upstream::{Upstream, pick_target};

/// Answers requests; one for the whole gateway.
pub struct Proxy {
    options: ProxyOptions,
    metrics: RequestMetrics,
    upstream: Arc<Upstream>,
    mirrors: Mirrors,
    rules: RuleStates,
}

impl Proxy {
    /// Must be called within a tokio runtime, on which it tidies up until it is dropped.
    pub fn new(options: ProxyOptions, metrics: &RequestMetrics) -> Arc<Self> {
        let upstream = Arc::new(Upstream::new(options.upstream.clone()));
        let mirrors = Mirrors::new(upstream.clone());
        let (metrics, rules) = (metrics.clone(), RuleStates::default());
        let proxy = Arc::new(Self { options, metrics, upstream, mirrors, rules });
        tokio::spawn(tidy_up(Arc::downgrade(&proxy), proxy.upstream.sweep_interval()));
        proxy
    }

    /// Answers one request by a listener of its own; what goes wrong is an answer, too.
    pub async fn answer(
        &self,
        connection: &Arc<Connection>,
        listener: &Arc<Listener>,
        request: Request<Incoming>,
    ) -> Response<Body> {
        self.answer_among(connection, listener, None, request).await
    }

    /// The same where `listener` may be one of several servers on a port.
    pub(crate) async fn answer_among(
        &self,
        connection: &Arc<Connection>,
        listener: &Arc<Listener>,
        servers: Option<&Servers>,
        request: Request<Incoming>,
    ) -> Response<Body> {
        Exchange::new(self, connection, listener, servers).answer(request).await
    }

    /// Opens a connection to an endpoint of one of the targets, by their weights.
    pub(crate) async fn open(
        &self,
        targets: &[ForwardTarget],
        client: IpAddr,
    ) -> Result<Opened, Failure> {
        // At random: what is seldom and long is not worth a turn that is remembered.
        let turn = RandomState::new().hash_one(0_u8) as usize;
        match pick_target(targets, turn) {
            Some(target) => self.upstream.open(&target.backend, client).await,
            None => Err(Failure::without_endpoint()),
        }
    }
}

async fn tidy_up(proxy: Weak<Proxy>, interval: std::time::Duration) {
    loop {
        tokio::time::sleep(interval).await;
        let Some(proxy) = proxy.upgrade() else { return };
        proxy.upstream.sweep();
        proxy.rules.sweep();
    }
}
