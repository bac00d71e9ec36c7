//! Why ACM gave a certificate up, and who can do something about it.

use aws_sdk_acm::types::FailureReason;
use issue::IssueError;

/// ACM's reasons (`FailureReason` of DescribeCertificate). One that people must cure is refused,
/// so that it is tried seldom; with the others a new order may do better.
pub(super) fn failed(reason: Option<&FailureReason>) -> IssueError {
    use FailureReason as R;
    let code = reason.map_or("no reason given", FailureReason::as_str);
    let cure = match reason {
        Some(R::CaaError) => {
            "a CAA record forbids Amazon's CA; allow amazon.com or amazontrust.com there"
        }
        Some(R::DomainNotAllowed) => {
            "one of the names is reported as unsafe; ask for a review, or leave it out"
        }
        Some(R::AdditionalVerificationRequired) => {
            "AWS wants to verify the account; contact AWS Support"
        }
        Some(R::InvalidPublicDomain) => {
            "one of the names ends in no public suffix; use a public domain or a private CA"
        }
        Some(R::DomainValidationDenied) => "the owner of a name declined",
        Some(R::NoAvailableContacts) => "no address to ask was found for a name",
        Some(R::PcaAccessDenied) => {
            "ACM may not use the private CA; grant acm.amazonaws.com IssueCertificate, GetCertificate and ListPermissions on it"
        }
        Some(R::PcaInvalidArn | R::PcaResourceNotFound) => {
            "there is no such private CA; check its ARN"
        }
        Some(R::PcaInvalidArgs | R::PcaInvalidDuration) => {
            "the private CA cannot issue what was asked for; it may end too soon"
        }
        Some(R::PcaInvalidState) => "the private CA is not active; enable it",
        Some(R::PcaNameConstraintsValidation) => "the private CA's name constraints forbid a name",
        Some(R::SlrNotFound) => {
            return passing(code, "the role AWSServiceRoleForCertificateManager is missing");
        }
        Some(R::PcaLimitExceeded | R::PcaRequestFailed | R::Other) | None | Some(_) => {
            return passing(code, "ACM gives no more than that");
        }
    };
    IssueError::refused(format!("ACM could not issue the certificate: {code}: {cure}"))
}

fn passing(code: &str, remark: &str) -> IssueError {
    IssueError::dead(format!(
        "ACM could not issue the certificate: {code}: {remark}; a new one is requested"
    ))
}

#[cfg(test)]
mod tests;
