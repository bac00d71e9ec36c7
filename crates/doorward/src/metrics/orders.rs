//! How far the ordered certificates are, read at the moment somebody asks. Where several replicas
//! run, only the leader knows of those that failed.

use std::{collections::BTreeMap, fmt};

use issue::{Order, OrderState, Orders};
use jiff::Timestamp;
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
        by_stage(&orders, &mut encoder)?;
        first_expiry(&orders, &mut encoder)
    }
}

fn by_stage(orders: &[Order], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for order in orders {
        *counts.entry((asked(order), order.stage.label())).or_default() += 1;
    }
    let mut metric = encoder.encode_descriptor(
        "doorward_issuer_orders",
        "Certificates on order by the issuer that is asked and how far they are",
        None,
        MetricType::Gauge,
    )?;
    for ((issuer, stage), count) in counts {
        let labels = [("issuer", issuer), ("stage", stage)];
        ConstGauge::new(count).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn first_expiry(orders: &[Order], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let mut first: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for order in orders {
        let Some(expires) = order.expires else { continue };
        first
            .entry(asked(order))
            .and_modify(|first| *first = expires.min(*first))
            .or_insert(expires);
    }
    let mut metric = encoder.encode_descriptor(
        "doorward_issuer_expiry_timestamp_seconds",
        "When the first certificate on order with this issuer expires",
        None,
        MetricType::Gauge,
    )?;
    for (issuer, expires) in first {
        let gauge = ConstGauge::new(expires.as_second());
        gauge.encode(metric.encode_family(&[("issuer", issuer)])?)?;
    }
    Ok(())
}

fn asked(order: &Order) -> &str {
    order.asked.as_ref().unwrap_or(&order.issuer)
}

#[cfg(test)]
mod tests;
