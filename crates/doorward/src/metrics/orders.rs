//! How far the ordered certificates are, read at the moment somebody asks. Where several replicas
//! run, only the leader knows of those that failed.

use std::fmt;

use issue::{OrderState, Orders};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};
use tokio::sync::watch;

#[derive(Debug)]
pub struct OrderMetrics(watch::Receiver<Orders>);

impl OrderMetrics {
    pub fn register(registry: &mut Registry, orders: watch::Receiver<Orders>) {
        registry.register_collector(Box::new(Self(orders)));
    }
}

impl Collector for OrderMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let orders = self.0.borrow().clone();
        let mut metric = encoder.encode_descriptor(
            "doorward_orders",
            "Certificates on order by state",
            None,
            MetricType::Gauge,
        )?;
        for (label, state) in [
            ("pending", OrderState::Pending),
            ("issued", OrderState::Issued),
            ("failed", OrderState::Failed),
        ] {
            let count = orders.iter().filter(|order| order.state == state).count();
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(metric.encode_family(&[("state", label)])?)?;
        }
        Ok(())
    }
}
