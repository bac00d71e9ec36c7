//! A certificate as DescribeCertificate shows it, with what matters here.

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, DomainValidation, FailureReason, RecordType,
    RenewalEligibility, RenewalStatus,
};
use issue::{Record, RecordKind};
use jiff::Timestamp;

use super::spec::moment;

/// Seconds. Short, as a record that is wrong is seen as long as that.
const RECORD_TTL: u32 = 60;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) status: CertificateStatus,
    pub(super) failure: Option<FailureReason>,
    /// Upper-case hex without separators.
    pub(super) serial: Option<String>,
    pub(super) not_after: Option<Timestamp>,
    pub(super) records: Records,
    pub(super) in_use_by: Vec<String>,
    pub(super) renewal: Option<RenewalStatus>,
    pub(super) can_be_renewed: bool,
}

/// What ACM wants to find in DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Records {
    /// It has not said yet, or not for every name.
    NotYet,
    /// Sorted, each once: a name and the wildcard below it have the same one.
    Known(Vec<Record>),
}

impl Seen {
    pub(super) fn of(detail: &CertificateDetail) -> Self {
        Self {
            status: detail.status.clone().unwrap_or(CertificateStatus::PendingValidation),
            failure: detail.failure_reason.clone(),
            serial: detail.serial.as_deref().map(read_serial),
            not_after: detail.not_after.and_then(|at| moment(at.secs())),
            records: records(detail.domain_validation_options()),
            in_use_by: detail.in_use_by().to_vec(),
            renewal: detail.renewal_summary.as_ref().map(|renewal| renewal.renewal_status.clone()),
            can_be_renewed: detail.renewal_eligibility == Some(RenewalEligibility::Eligible),
        }
    }
}

fn read_serial(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_uppercase()
}

fn records(validations: &[DomainValidation]) -> Records {
    let known: Option<Vec<Record>> = validations
        .iter()
        .map(|validation| {
            let record = validation.resource_record.as_ref()?;
            (record.r#type == RecordType::Cname).then(|| Record {
                name: record.name.trim_end_matches('.').to_ascii_lowercase(),
                kind: RecordKind::Cname,
                value: record.value.trim_end_matches('.').to_owned(),
                ttl: RECORD_TTL,
            })
        })
        .collect();
    match known {
        Some(mut known) if !known.is_empty() => {
            known.sort();
            known.dedup();
            Records::Known(known)
        }
        _ => Records::NotYet,
    }
}
