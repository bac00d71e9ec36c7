//! What may be set of the proxy.

use super::upstream::UpstreamOptions;

/// Settings that hold for all listeners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyOptions {
    /// Put [`AccessFacts`](crate::AccessFacts) into the extensions of every response.
    pub access_log: bool,
    /// How backends are reached.
    pub upstream: UpstreamOptions,
}
