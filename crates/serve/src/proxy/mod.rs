//! From a request's head to the answer: host and path checked, rule found, filters applied,
//! and the action taken: a backend asked, or an answer made here.
//!
//! TLS, accepting and reading requests are not done here. Nor is compression: a listener's
//! `gzip` is not honoured, and what a backend has compressed passes as it is.

mod body;
mod cors;
mod echo;
mod exchange;
mod filters;
mod forward;
mod forwarded;
mod hop_by_hop;
mod host;
mod limit;
mod misdirected;
mod options;
mod path_change;
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

use std::sync::{Arc, Weak};

use http::{Request, Response};
use hyper::body::Incoming;
use model::Listener;

pub use body::Body;
pub use options::ProxyOptions;
pub use reason::{REASON, Reason};
pub use upstream::UpstreamOptions;

use crate::{Connection, RequestMetrics};
use exchange::Exchange;
use rule_state::RuleStates;
use upstream::Upstream;

/// Answers requests; one for the whole gateway.
pub struct Proxy {
    options: ProxyOptions,
    metrics: RequestMetrics,
    upstream: Upstream,
    rules: RuleStates,
}

impl Proxy {
    /// Must be called within a tokio runtime, on which it tidies up until it is dropped.
    pub fn new(options: ProxyOptions, metrics: &RequestMetrics) -> Arc<Self> {
        let upstream = Upstream::new(options.upstream.clone());
        let (metrics, rules) = (metrics.clone(), RuleStates::default());
        let proxy = Arc::new(Self { options, metrics, upstream, rules });
        tokio::spawn(tidy_up(Arc::downgrade(&proxy), proxy.upstream.sweep_interval()));
        proxy
    }

    /// Answers one request; what goes wrong is an answer, too.
    pub async fn answer(
        &self,
        connection: &Arc<Connection>,
        listener: &Arc<Listener>,
        request: Request<Incoming>,
    ) -> Response<Body> {
        Exchange::new(self, connection, listener).answer(request).await
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
