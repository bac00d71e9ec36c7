//! Counters of the translate loop, of the orders, and of listeners elsewhere. The gateway registers its own.

mod attachments;
mod orders;
mod pki;

use std::time::Duration;

use model::{State, Verdict};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

pub use attachments::AttachmentMetrics;
pub use orders::OrderMetrics;
pub use pki::PkiMetrics;

#[derive(Clone, Debug)]
pub struct Reconciles {
    total: Counter,
    duration: Histogram,
    verdicts: Family<OfState, Gauge>,
    listeners: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

impl Reconciles {
    pub fn new(registry: &mut Registry) -> Self {
        let total = Counter::default();
        // 100 µs to 3.3 s; a World of 10,000 Ingresses is in the middle.
        let duration = Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        let verdicts = Family::<OfState, Gauge>::default();
        let listeners = Gauge::default();
        registry.register("doorward_reconciles", "Worlds translated into Models", total.clone());
        registry.register_with_unit(
            "doorward_reconcile_duration",
            "Time to translate a World",
            Unit::Seconds,
            duration.clone(),
        );
        registry.register("doorward_verdicts", "Verdicts by state", verdicts.clone());
        registry.register("doorward_listeners", "Listeners of the Model", listeners.clone());
        Self { total, duration, verdicts, listeners }
    }

    pub fn reconciled(&self, took: Duration, verdicts: &[Verdict], listeners: usize) {
        self.total.inc();
        self.duration.observe(took.as_secs_f64());
        for (label, state) in [
            ("accepted", State::Accepted),
            ("warning", State::Warning),
            ("rejected", State::Rejected),
        ] {
            let count = verdicts.iter().filter(|verdict| verdict.state == state).count();
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.verdicts.get_or_create(&OfState { state: label }).set(count);
        }
        self.listeners.set(i64::try_from(listeners).unwrap_or(i64::MAX));
    }
}
