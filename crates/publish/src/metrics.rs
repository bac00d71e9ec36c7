//! Counters of secret discovery. Labels are closed sets, so that clients cannot make series.

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{
        MetricType,
        counter::Counter,
        family::Family,
        gauge::ConstGauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::ledger::{Counts, Ledger};

#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    requests: Counter,
    pushes: Family<Result, Counter>,
    acknowledged: Histogram,
    refusals: Family<Reason, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Result {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Why a connection or a stream was turned away.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    TooManyConnections,
    TooManyStreams,
    TooMuchAsked,
    BadRequest,
    Handshake,
    UnknownClient,
}

impl Metrics {
    pub(crate) fn new(registry: &mut Registry, ledger: Arc<Ledger>) -> Self {
        let metrics = Self {
            requests: Counter::default(),
            pushes: Family::default(),
            // From a quarter of a millisecond to eight seconds.
            acknowledged: Histogram::new(exponential_buckets(0.00025, 2.0, 16)),
            refusals: Family::default(),
        };
        registry.register(
            "doorward_sds_requests",
            "Discovery requests of Envoys, answers to pushes among them",
            metrics.requests.clone(),
        );
        registry.register(
            "doorward_sds_pushes",
            "Secrets sent to Envoys, and what these said: sent, acked, rejected",
            metrics.pushes.clone(),
        );
        registry.register_with_unit(
            "doorward_sds_acknowledged",
            "From a push to its acknowledgement",
            Unit::Seconds,
            metrics.acknowledged.clone(),
        );
        registry.register(
            "doorward_sds_refused",
            "Connections and streams turned away, by reason",
            metrics.refusals.clone(),
        );
        registry.register_collector(Box::new(LedgerCollector(ledger)));
        metrics
    }

    pub(crate) fn requested(&self) {
        self.requests.inc();
    }

    pub(crate) fn sent(&self) {
        self.pushes.get_or_create(&Result { result: "sent" }).inc();
    }

    pub(crate) fn acked(&self, took: Duration) {
        self.pushes.get_or_create(&Result { result: "acked" }).inc();
        self.acknowledged.observe(took.as_secs_f64());
    }

    pub(crate) fn rejected(&self) {
        self.pushes.get_or_create(&Result { result: "rejected" }).inc();
    }

    pub(crate) fn refused(&self, reason: Refusal) {
        let reason = match reason {
            Refusal::TooManyConnections => "too_many_connections",
            Refusal::TooManyStreams => "too_many_streams",
            Refusal::TooMuchAsked => "too_much_asked",
            Refusal::BadRequest => "bad_request",
            Refusal::Handshake => "handshake",
            Refusal::UnknownClient => "unknown_client",
        };
        self.refusals.get_or_create(&Reason { reason }).inc();
    }
}

/// Gauges, read off the ledger when somebody looks.
#[derive(Debug)]
struct LedgerCollector(Arc<Ledger>);

impl Collector for LedgerCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::result::Result<(), fmt::Error> {
        let Counts { connections, streams, acked, rejected, missing, waiting } = self.0.counts();
        for (name, help, value) in [
            ("doorward_sds_connections", "Envoys connected", connections),
            ("doorward_sds_streams", "Streams that they keep open", streams),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            gauge(value).encode(metric)?;
        }
        let mut metric = encoder.encode_descriptor(
            "doorward_sds_subscriptions",
            "Secrets that they subscribed to, by how each stands",
            None,
            MetricType::Gauge,
        )?;
        for (state, value) in
            [("acked", acked), ("rejected", rejected), ("missing", missing), ("waiting", waiting)]
        {
            gauge(value).encode(metric.encode_family(&[("state", state)])?)?;
        }
        Ok(())
    }
}

fn gauge(value: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}
