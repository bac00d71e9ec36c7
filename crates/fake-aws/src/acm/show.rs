//! A certificate as DescribeCertificate shows it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Certificate, Status,
    life::{after, is_eligible, is_proved, record},
};
use crate::world::World;

pub(super) fn show(certificate: &Certificate, world: &World) -> Value {
    let Certificate { arn, names, status, in_use_by, .. } = certificate;
    let is_private = certificate.authority.is_some();
    let mut shown = json!({
        "CertificateArn": arn,
        "DomainName": names[0],
        "SubjectAlternativeNames": names,
        "Status": name_of(*status),
        "Type": if is_private { "PRIVATE" } else { "AMAZON_ISSUED" },
        "KeyAlgorithm": certificate.key_algorithm,
        "CreatedAt": seconds(certificate.created),
        "InUseBy": in_use_by,
        "RenewalEligibility": if is_eligible(certificate) { "ELIGIBLE" } else { "INELIGIBLE" },
        "Options": {"Export": if certificate.is_exportable { "ENABLED" } else { "DISABLED" }},
    });
    if !is_private {
        shown["DomainValidationOptions"] = validations(certificate, world);
    }
    if let Some(authority) = &certificate.authority {
        shown["CertificateAuthorityArn"] = json!(authority);
    }
    if let Some(reason) = certificate.failure {
        shown["FailureReason"] = json!(reason);
    }
    if let Some(made) = &certificate.issued {
        shown["Serial"] = json!(made.serial);
        shown["NotBefore"] = seconds(made.not_before);
        shown["NotAfter"] = seconds(made.not_after);
        shown["IssuedAt"] = seconds(made.not_before);
    }
    if let Some(state) = renewal(certificate, world) {
        shown["RenewalSummary"] = json!({
            "RenewalStatus": state,
            "UpdatedAt": seconds(world.now),
            "DomainValidationOptions": [],
        });
    }
    shown
}

fn renewal(certificate: &Certificate, world: &World) -> Option<&'static str> {
    let is_proved = |name: &String| is_proved(name, &world.route53, world.now);
    Some(match certificate.renewing {
        Some(_) if certificate.authority.is_some() => "PENDING_AUTO_RENEWAL",
        Some(_) if certificate.names.iter().all(is_proved) => "PENDING_AUTO_RENEWAL",
        Some(_) => "PENDING_VALIDATION",
        None if certificate.was_renewed => "SUCCESS",
        None => return None,
    })
}

/// One for each name, without its record for the first seconds.
fn validations(certificate: &Certificate, world: &World) -> Value {
    let knows = after(certificate.created, world.acm.settings.records_after) <= world.now;
    let one = |name: &String| {
        let (at, value) = record(name);
        let is_proved = is_proved(name, &world.route53, world.now);
        let mut shown = json!({
            "DomainName": name,
            "ValidationMethod": "DNS",
            "ValidationStatus": if is_proved { "SUCCESS" } else { "PENDING_VALIDATION" },
        });
        if knows {
            shown["ResourceRecord"] =
                json!({"Name": format!("{at}."), "Type": "CNAME", "Value": format!("{value}.")});
        }
        shown
    };
    certificate.names.iter().map(one).collect()
}

pub(super) fn name_of(status: Status) -> &'static str {
    match status {
        Status::Pending => "PENDING_VALIDATION",
        Status::Issued => "ISSUED",
        Status::Failed => "FAILED",
        Status::TimedOut => "VALIDATION_TIMED_OUT",
        Status::Expired => "EXPIRED",
    }
}

pub(super) fn seconds(moment: Timestamp) -> Value {
    json!(moment.as_second())
}
