//! Counters of the gateway. Labels are closed sets, so that clients cannot make series.

mod collector;

use std::time::Duration;

use http::StatusCode;
use model::CertificateSource;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

pub use collector::ServedCollector;

/// Counters around requests, for the proxy to add its own to.
#[derive(Clone, Debug)]
pub struct RequestMetrics {
    by_class: [Counter; 5],
    refusals: Family<ReasonLabel, Counter>,
}

impl RequestMetrics {
    pub fn new(registry: &mut Registry) -> Self {
        let answered = Family::<ClassLabel, Counter>::default();
        let by_class = ["1xx", "2xx", "3xx", "4xx", "5xx"]
            .map(|class| answered.get_or_create_owned(&ClassLabel { class }));
        registry.register("doorward_requests", "Answered requests by class of status", answered);
        let refusals = Family::default();
        registry.register(
            "doorward_requests_refused",
            "Answers that the gateway made up itself, by x-doorward-reason",
            refusals.clone(),
        );
        Self { by_class, refusals }
    }

    /// Counts an answer that the proxy made up. Its reasons are a closed set.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts one answer. Called once for each request by the connection, not by the proxy.
    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5);
        self.by_class[class - 1].inc();
    }
}

/// Counters around connections, handshakes and publications.
#[derive(Debug)]
pub struct GatewayMetrics {
    handshakes: [Counter; HandshakeResult::ALL.len()],
    by_source: [Counter; SOURCES.len()],
    fallbacks: Counter,
    accepted: Counter,
    refused: [Counter; Refusal::ALL.len()],
    tunnels: [Counter; TunnelResult::ALL.len()],
    publish: Histogram,
}

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeResult {
    Ok,
    /// No certificate for the name, and no Default.
    NoCertificate,
    /// What the client sent is not TLS, or broken.
    ClientError,
    PlainHttp,
    /// No version, cipher suite or protocol in common.
    Incompatible,
    /// The client sent an alert, most often because it does not trust the certificate.
    RejectedByClient,
    NoClientCertificate,
    BadClientCertificate,
    ClientGone,
    Timeout,
    /// The server that the client asked for has settings that cannot be used.
    Misconfigured,
    /// Not shaken here: the client shakes hands with an endpoint.
    PassedOn,
    /// A CA looked whether the name is ours, and was shown that it is.
    Challenge,
}

impl HandshakeResult {
    const ALL: [(Self, &'static str); 13] = [
        (Self::Ok, "ok"),
        (Self::NoCertificate, "no_certificate"),
        (Self::ClientError, "client_error"),
        (Self::PlainHttp, "plain_http"),
        (Self::Incompatible, "incompatible"),
        (Self::RejectedByClient, "rejected_by_client"),
        (Self::NoClientCertificate, "no_client_certificate"),
        (Self::BadClientCertificate, "bad_client_certificate"),
        (Self::ClientGone, "client_gone"),
        (Self::Timeout, "timeout"),
        (Self::Misconfigured, "misconfigured"),
        (Self::PassedOn, "passed_on"),
        (Self::Challenge, "challenge"),
    ];
}

/// Why a connection was closed before its first byte was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    TooManyConnections,
    TooManyHandshakes,
    AccessList,
}

impl Refusal {
    const ALL: [(Self, &'static str); 3] = [
        (Self::TooManyConnections, "too_many_connections"),
        (Self::TooManyHandshakes, "too_many_handshakes"),
        (Self::AccessList, "access_list"),
    ];
}

/// How a connection that was to be passed on as bytes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TunnelResult {
    Done,
    /// The Service has no endpoint.
    NoEndpoint,
    /// No endpoint took the connection.
    ConnectFailed,
    /// Silent for too long, or what it belonged to is gone.
    Cut,
    /// One side broke off.
    Broken,
}

impl TunnelResult {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Done, "done"),
        (Self::NoEndpoint, "no_endpoint"),
        (Self::ConnectFailed, "connect_failed"),
        (Self::Cut, "cut"),
        (Self::Broken, "broken"),
    ];

    /// What went wrong, in a word for the access log.
    pub fn trouble(self) -> Option<&'static str> {
        let word = Self::ALL.iter().find(|(result, _)| *result == self).map(|(_, word)| *word);
        word.filter(|_| self != Self::Done)
    }
}

const SOURCES: [(CertificateSource, &str); 6] = [
    (CertificateSource::AlbConfig, "AlbConfig"),
    (CertificateSource::Annotation, "Annotation"),
    (CertificateSource::Secret, "Secret"),
    (CertificateSource::Discovered, "Discovered"),
    (CertificateSource::Issued, "Issued"),
    (CertificateSource::Console, "Console"),
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabel {
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

impl GatewayMetrics {
    pub fn new(registry: &mut Registry) -> Self {
        let handshakes = Family::<ResultLabel, Counter>::default();
        let by_source = Family::<SourceLabel, Counter>::default();
        let refused = Family::<ReasonLabel, Counter>::default();
        let tunnels = Family::<ResultLabel, Counter>::default();
        // From half a millisecond to about eight seconds.
        let buckets = prometheus_client::metrics::histogram::exponential_buckets(0.0005, 2.0, 15);
        let metrics = Self {
            handshakes: HandshakeResult::ALL
                .map(|(_, result)| handshakes.get_or_create_owned(&ResultLabel { result })),
            by_source: SOURCES
                .map(|(_, source)| by_source.get_or_create_owned(&SourceLabel { source })),
            fallbacks: Counter::default(),
            accepted: Counter::default(),
            refused: Refusal::ALL
                .map(|(_, reason)| refused.get_or_create_owned(&ReasonLabel { reason })),
            tunnels: TunnelResult::ALL
                .map(|(_, result)| tunnels.get_or_create_owned(&ResultLabel { result })),
            publish: Histogram::new(buckets),
        };
        registry.register("doorward_handshakes", "TLS handshakes by result", handshakes);
        registry.register(
            "doorward_handshake_certificates",
            "Finished handshakes by the source of the certificate",
            by_source,
        );
        registry.register(
            "doorward_default_fallbacks",
            "Finished handshakes in which the Default stood in for a name without certificate",
            metrics.fallbacks.clone(),
        );
        registry.register(
            "doorward_connections_accepted",
            "Connections taken from the listen queue",
            metrics.accepted.clone(),
        );
        registry.register(
            "doorward_connections_refused",
            "Connections closed before a byte was read, by reason",
            refused,
        );
        registry.register(
            "doorward_tunnels",
            "Connections passed on as bytes that are over, by how they ended",
            tunnels,
        );
        registry.register_with_unit(
            "doorward_publish",
            "From a new Model to all its listeners serving it",
            Unit::Seconds,
            metrics.publish.clone(),
        );
        metrics
    }

    pub fn handshake(&self, result: HandshakeResult) {
        count(&HandshakeResult::ALL, &self.handshakes, result);
    }

    pub fn handshake_done(&self, source: CertificateSource, fallback: bool) {
        self.handshake(HandshakeResult::Ok);
        count(&SOURCES, &self.by_source, source);
        if fallback {
            self.fallbacks.inc();
        }
    }

    pub fn accepted(&self) {
        self.accepted.inc();
    }

    pub fn refused(&self, reason: Refusal) {
        count(&Refusal::ALL, &self.refused, reason);
    }

    pub fn tunnel(&self, result: TunnelResult) {
        count(&TunnelResult::ALL, &self.tunnels, result);
    }

    pub fn published(&self, took: Duration) {
        self.publish.observe(took.as_secs_f64());
    }
}

/// Adds one to the counter that stands where `key` stands.
fn count<K: PartialEq>(keys: &[(K, &str)], counters: &[Counter], key: K) {
    let found = keys.iter().zip(counters).find(|((candidate, _), _)| *candidate == key);
    if let Some((_, counter)) = found {
        counter.inc();
    }
}
