//! Who still needs a validation record. ACM gives all certificates of an account for one name the
//! same one, and renews them only while it is there: so it belongs to all of them.

use aws_sdk_acm::types::CertificateStatus;
use issue::Record;

use crate::inventory::Listed;

/// Whether a certificate may rest on one of these records: it is alive, and has a name that one
/// of them is for. A listing that does not show all names leaves that open.
pub(super) fn may_need(listed: &Listed, records: &[Record]) -> bool {
    let is_alive = matches!(
        listed.status,
        CertificateStatus::Issued
            | CertificateStatus::PendingValidation
            | CertificateStatus::Inactive
    );
    let is_for = |record: &Record| {
        let base = record.name.split_once('.').map_or("", |(_, base)| base);
        listed.names.iter().any(|name| name.strip_prefix("*.").unwrap_or(name) == base)
    };
    is_alive && (listed.has_more_names || records.iter().any(is_for))
}

/// Those of `own` that are not among the ones that others rest on.
pub(super) fn unused(own: Vec<Record>, others: &[Record]) -> Vec<Record> {
    own.into_iter().filter(|record| !others.contains(record)).collect()
}

#[cfg(test)]
mod tests;
