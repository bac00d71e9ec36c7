//! Certificates that ACM already has for an order's id: which of them is the one, and whether
//! there were too many lately.

use std::{cmp::Reverse, time::Duration};

use aws_sdk_acm::types::CertificateStatus;
use issue::IssueError;
use jiff::{SignedDuration, Timestamp};
use model::Name;

use super::spec::{ORDER, moment};
use crate::inventory::{Listed, Tags};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// An account may request 5,000 certificates a year, and deleting one does not give it back.
const REQUESTS_A_DAY: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    pub(super) arn: String,
    pub(super) status: CertificateStatus,
    /// Seconds since 1970.
    pub(super) created: i64,
    /// The order that requested it or took it over last.
    pub(super) order: Option<u64>,
}

impl Instance {
    pub(super) fn of(listed: &Listed, tags: &Tags) -> Self {
        Self {
            arn: listed.arn.clone(),
            status: listed.status.clone(),
            created: listed.created,
            order: order_of(tags),
        }
    }
}

pub(super) fn order_of(tags: &Tags) -> Option<u64> {
    tags.get(ORDER)?.parse().ok()
}

/// Whether its names are worth a look at its tags. An order that is retired may want to find a
/// certificate of other names than it has now; it has its ARN, or the certificate was never used.
pub(super) fn may_be(listed: &Listed, names: &[Name]) -> bool {
    let has = |name: &Name| listed.names.contains(name.as_str());
    match listed.has_more_names {
        true => names.iter().any(has),
        false => listed.names.len() == names.len() && names.iter().all(has),
    }
}

/// The one to go on with: this order's own, else one that is issued, else one that is on the way;
/// of several the newest. What failed or expired is left to be retired.
pub(super) fn choose(instances: &[Instance], order: u64) -> Option<&Instance> {
    instances
        .iter()
        .filter(|one| {
            matches!(one.status, CertificateStatus::Issued | CertificateStatus::PendingValidation)
        })
        .min_by_key(|one| {
            (
                one.order != Some(order),
                one.status != CertificateStatus::Issued,
                Reverse(one.created),
                &one.arn,
            )
        })
}

/// Names that fail again and again must not use up what the account may request in a year.
pub(super) fn check_budget(instances: &[Instance], now: Timestamp) -> Result<(), IssueError> {
    let mut recent: Vec<Timestamp> = instances
        .iter()
        .filter_map(|one| moment(one.created))
        .filter(|&created| now.duration_since(created) < DAY)
        .collect();
    if recent.len() < REQUESTS_A_DAY {
        return Ok(());
    }
    recent.sort();
    let first = recent.first().map_or(DAY, |&first| DAY - now.duration_since(first));
    let wait = Duration::try_from(first).unwrap_or_default();
    Err(IssueError::too_many(
        format!(
            "{} certificates were requested from ACM for this within a day; the next one waits, as AWS counts them for a year",
            recent.len()
        ),
        Some(wait),
    ))
}

#[cfg(test)]
mod tests;
