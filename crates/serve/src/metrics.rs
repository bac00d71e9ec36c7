//! Counters of the gateway. Labels are closed sets, so that clients cannot make series.

use http::StatusCode;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Counters around requests, for the proxy to add its own to.
#[derive(Clone, Debug)]
pub struct RequestMetrics {
    by_class: [Counter; 5],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Class {
    class: &'static str,
}

impl RequestMetrics {
    pub fn new(registry: &mut Registry) -> Self {
        let answered = Family::<Class, Counter>::default();
        let by_class = ["1xx", "2xx", "3xx", "4xx", "5xx"]
            .map(|class| answered.get_or_create_owned(&Class { class }));
        registry.register("doorward_requests", "Answered requests by class of status", answered);
        Self { by_class }
    }

    /// Counts one answer. Called once for each request by the connection, not by the proxy.
    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5);
        self.by_class[class - 1].inc();
    }
}
