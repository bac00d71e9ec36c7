//! What Prometheus is told of the cluster's side of a run, read at the moment it asks.

use std::{fmt, sync::Arc};

use cluster::{lease::LeaseView, reporter::ReportCounts};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use tokio::sync::watch;
use translate::World;

use crate::admin::Standing;

#[derive(Debug)]
pub struct ClusterMetrics {
    pub lease: watch::Receiver<LeaseView>,
    pub standing: watch::Receiver<Standing>,
    pub worlds: watch::Receiver<Arc<World>>,
    pub reports: Arc<ReportCounts>,
}

impl ClusterMetrics {
    pub fn register(self, registry: &mut Registry) {
        registry.register_collector(Box::new(self));
    }
}

impl Collector for ClusterMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_state(&mut encoder)?;
        self.encode_reports(&mut encoder)
    }
}

impl ClusterMetrics {
    fn encode_state(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let is_leader = self.lease.borrow().is_leader;
        let (is_last_good, is_away) = match &*self.standing.borrow() {
            Standing::Waiting(_) => (false, true),
            Standing::LastGood { .. } => (true, true),
            Standing::Current { trouble } => (false, trouble.is_some()),
        };
        let objects = count(&self.worlds.borrow());
        for (name, help, value) in [
            ("doorward_leader", "1 on the replica that issues and writes", i64::from(is_leader)),
            (
                "doorward_serving_last_good",
                "1 while the objects served come from the state folder, not from the API server",
                i64::from(is_last_good),
            ),
            (
                "doorward_api_server_away",
                "1 while the API server cannot be watched, or the lease not be reached",
                i64::from(is_away),
            ),
            ("doorward_objects", "Objects of the API server that are kept", objects),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }

    fn encode_reports(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut written = encoder.encode_descriptor(
            "doorward_reports_written",
            "Statuses and events written to the API server",
            None,
            MetricType::Counter,
        )?;
        for (what, count) in
            [("status", self.reports.statuses_written()), ("event", self.reports.events_written())]
        {
            ConstCounter::new(count).encode(written.encode_family(&[("what", what)])?)?;
        }
        let failed = encoder.encode_descriptor(
            "doorward_reports_failed",
            "Statuses and events that the API server did not take",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(self.reports.failures()).encode(failed)
    }
}

fn count(world: &World) -> i64 {
    let all = [
        world.ingress_classes.len(),
        world.alb_configs.len(),
        world.ingresses.len(),
        world.services.len(),
        world.endpoint_slices.len(),
        world.endpoints.len(),
        world.secrets.len(),
    ];
    i64::try_from(all.iter().sum::<usize>()).unwrap_or(i64::MAX)
}
