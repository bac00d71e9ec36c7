//! Gauges that are read off what is served at the moment somebody asks, so that a certificate
//! which is gone leaves no series behind.

use std::{collections::BTreeMap, fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder},
    metrics::{MetricType, gauge::ConstGauge},
};
use tokio::sync::watch;

use crate::{Served, roster::Census};

/// Open connections, and the end of validity of every certificate that is served.
#[derive(Debug)]
pub struct ServedCollector {
    pub served: watch::Receiver<Arc<Served>>,
    pub census: Arc<Census>,
}

impl Collector for ServedCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let open = ConstGauge::new(i64::try_from(self.census.live()).unwrap_or(i64::MAX));
        let metric = encoder.encode_descriptor(
            "doorward_connections_open",
            "Client connections open now",
            None,
            open.metric_type(),
        )?;
        open.encode(metric)?;

        let served = self.served.borrow().clone();
        let bindings =
            served.listeners.values().flat_map(|one| &one.listener.certificates.bindings);
        let ends: BTreeMap<&str, i64> = bindings
            .filter_map(|binding| {
                let end = binding.certificate.as_ref()?.not_after.as_second();
                Some((binding.id.as_str(), end))
            })
            .collect();
        let mut metric = encoder.encode_descriptor(
            "doorward_certificate_not_after_seconds",
            "End of validity of a served certificate, in seconds since 1970",
            None,
            MetricType::Gauge,
        )?;
        for (certificate, end) in ends {
            encode_one(&mut metric, certificate, end)?;
        }
        Ok(())
    }
}

fn encode_one(metric: &mut MetricEncoder<'_>, certificate: &str, end: i64) -> fmt::Result {
    ConstGauge::new(end).encode(metric.encode_family(&[("certificate", certificate)])?)
}
