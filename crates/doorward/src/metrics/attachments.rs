//! How many certificates listeners of AWS carry, read at the moment somebody asks. Where several
//! replicas run, only the leader knows.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};
use tokio::sync::watch;

use crate::app::attaching::{Attached, AttachedListener};

#[derive(Debug)]
pub struct AttachmentMetrics(watch::Receiver<Attached>);

impl AttachmentMetrics {
    pub fn register(registry: &mut Registry, attached: watch::Receiver<Attached>) {
        registry.register_collector(Box::new(Self(attached)));
    }
}

impl Collector for AttachmentMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let attached = self.0.borrow().clone();
        let sum = |count: fn(&AttachedListener) -> usize| attached.iter().map(count).sum();
        let states: [(&str, usize); 2] = [
            ("attached", sum(|one| one.carried.len())),
            ("missing", sum(|one| one.wanted.saturating_sub(one.carried.len()))),
        ];
        let mut metric = encoder.encode_descriptor(
            "doorward_attachments",
            "Certificates wanted on listeners of AWS load balancers, by whether these have them",
            None,
            MetricType::Gauge,
        )?;
        for (label, count) in states {
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(metric.encode_family(&[("state", label)])?)?;
        }
        let metric = encoder.encode_descriptor(
            "doorward_attachment_troubles",
            "What keeps listeners of AWS load balancers from carrying what is wanted there",
            None,
            MetricType::Gauge,
        )?;
        let troubles = i64::try_from(attached.iter().map(|one| one.troubles.len()).sum::<usize>());
        ConstGauge::new(troubles.unwrap_or(i64::MAX)).encode(metric)
    }
}
