//! The cluster's own PKI as gauges: for `pki status -o prometheus`, and for a `run` that looks at
//! the machines from time to time.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};
use rotate::status::{Certificate, State, Status};
use tokio::sync::watch;

/// What was seen last; nothing before the first look has ended.
pub type Seen = watch::Receiver<Option<Arc<Status>>>;

#[derive(Debug)]
pub struct PkiMetrics(Seen);

impl PkiMetrics {
    pub fn register(registry: &mut Registry, seen: Seen) {
        registry.register_collector(Box::new(Self(seen)));
    }
}

impl Collector for PkiMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(status) = self.0.borrow().clone() else { return Ok(()) };
        let encoder = &mut encoder;
        certificates(
            encoder,
            &status,
            "doorward_pki_certificate_expiry_timestamp_seconds",
            "When certificates of the cluster's PKI end",
            |row| row.expires,
        )?;
        certificates(
            encoder,
            &status,
            "doorward_pki_certificate_effective_expiry_timestamp_seconds",
            "When certificates of the cluster's PKI stop working: the earliest end of the chain",
            |row| row.effective,
        )?;
        authorities(encoder, &status)?;
        states(encoder, &status)?;
        hosts(encoder, &status)?;
        let plain = [
            (
                "doorward_pki_problems",
                "Programs that are down, silent, or trust others than their files name",
                i64::try_from(status.problems.len()).unwrap_or(i64::MAX),
            ),
            (
                "doorward_pki_status",
                "What `doorward pki status` exits with: 0 well to 4 unseen",
                status.exit_code().into(),
            ),
        ];
        for (name, help, value) in plain {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)?;
        }
        let name = "doorward_pki_look_timestamp_seconds";
        let help = "When the machines were looked at";
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(status.at.as_second()).encode(metric)
    }
}

fn certificates(
    encoder: &mut DescriptorEncoder<'_>,
    status: &Status,
    name: &str,
    help: &str,
    end: impl Fn(&Certificate) -> Option<Timestamp>,
) -> fmt::Result {
    // A program may read one file for two purposes; a series stands once, with the earlier end.
    let mut ends = BTreeMap::new();
    for row in &status.certificates {
        let Some(end) = end(row) else { continue };
        let program = row.program.map_or("", rotate::Program::name);
        let file = row.file.as_ref().map(|file| file.display().to_string());
        let series = (row.host.0.as_str(), program, row.name.as_str(), file.unwrap_or_default());
        let earliest = ends.entry(series).or_insert(end);
        *earliest = end.min(*earliest);
    }
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for ((host, program, name, file), end) in &ends {
        let labels = [("host", *host), ("program", program), ("name", name), ("file", file)];
        ConstGauge::new(end.as_second()).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn authorities(encoder: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(
        "doorward_pki_authority_expiry_timestamp_seconds",
        "When authorities of the cluster's PKI end",
        None,
        MetricType::Gauge,
    )?;
    for row in &status.authorities {
        let trusted = if row.is_trusted { "yes" } else { "no" };
        let labels = [
            ("authority", row.name.as_str()),
            ("fingerprint", &row.fingerprint),
            ("trusted", trusted),
        ];
        ConstGauge::new(row.expires.as_second()).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn states(encoder: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(
        "doorward_pki_certificates",
        "Certificates of the cluster's PKI by state",
        None,
        MetricType::Gauge,
    )?;
    for (label, state) in [
        ("ok", State::Ok),
        ("warn", State::Warn),
        ("critical", State::Critical),
        ("not_yet_valid", State::NotYetValid),
        ("expired", State::Expired),
        ("differs", State::Differs),
        ("missing", State::Missing),
    ] {
        let count = status.certificates.iter().filter(|row| row.state == state).count();
        let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
        gauge.encode(metric.encode_family(&[("state", label)])?)?;
    }
    Ok(())
}

fn hosts(encoder: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(
        "doorward_pki_host_reached",
        "Whether a host could be looked at",
        None,
        MetricType::Gauge,
    )?;
    for host in &status.hosts {
        let gauge = ConstGauge::new(i64::from(host.unreached.is_none()));
        gauge.encode(metric.encode_family(&[("host", host.name.0.as_str())])?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
