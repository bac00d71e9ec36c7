//! How requests and connections are forwarded, beyond to whom.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use crate::{Backend, ForwardTarget, ObjectRef};

/// What one rule says of forwarding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarding {
    pub timeout: Timeout,
    /// `None`: what the gateway does by itself.
    pub retries: Option<Retries>,
    pub delay: Option<Delay>,
    pub abort: Option<Abort>,
    pub mirrors: Vec<Mirror>,
}

/// From the end of the request to the end of the answer, retries included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timeout {
    /// The listener's own, until the answer begins.
    #[default]
    Listener,
    Off,
    After(Duration),
}

/// When and how often a request is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Beyond the first try; 0 = none.
    pub attempts: u32,
    pub on: RetryOn,
    /// For each try; `None`: the rule's own timeout.
    pub per_try: Option<Duration>,
    /// The pause before the first; later ones take longer, at random.
    pub backoff: Duration,
    /// An endpoint that failed is passed over while there are others.
    pub avoids_failed: bool,
}

/// The conditions of Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on` that Doorward knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryOn {
    pub connect_failure: bool,
    /// HTTP/2 `REFUSED_STREAM`.
    pub refused_stream: bool,
    /// No answer at all: disconnect, reset or timeout.
    pub reset: bool,
    /// Any answer of 500 and up, and what `reset` means.
    pub server_error: bool,
    /// 502, 503 and 504, and what `reset` means.
    pub gateway_error: bool,
    /// 409.
    pub conflict: bool,
    pub statuses: Vec<StatusCode>,
    /// Codes of the header `grpc-status`.
    pub grpc: Vec<u16>,
}

/// How many requests of a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerMillion(pub u32);

impl PerMillion {
    pub const ALL: Self = Self(1_000_000);

    /// Whether a request is among them, by a number drawn evenly below [`PerMillion::ALL`].
    pub fn covers(self, drawn: u32) -> bool {
        drawn < self.0
    }
}

/// A fault on purpose: some requests wait before they are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    pub share: PerMillion,
    pub by: Duration,
}

/// A fault on purpose: some requests are answered instead of forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    pub share: PerMillion,
    pub with: AbortWith,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortWith {
    Http(StatusCode),
    /// 200 with this `grpc-status`.
    Grpc(u16),
}

/// Who gets a copy of some requests; its answers are thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    pub backend: Arc<Backend>,
    pub share: PerMillion,
}

/// Where the bytes of a connection go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// The object that wrote it.
    pub origin: ObjectRef,
    pub targets: Vec<ForwardTarget>,
}
