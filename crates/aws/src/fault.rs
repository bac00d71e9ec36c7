//! What an error of AWS means for an order: by its code, never by its text.

use std::error::Error;

use aws_sdk_acm::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use issue::{Fault, IssueError};

/// One operation, named as IAM names the right to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
}

/// Too many calls, of ours or of others in the account (Route 53 allows five a second to all).
const THROTTLED: [&str; 8] = [
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
];
/// IAM, or a service control policy, says no.
const DENIED: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "NotAuthorized",
    "UnauthorizedOperation",
    "AuthorizationErrorException",
];
/// A quota of the account or of the request; more of the same does not help.
const OVER_QUOTA: [&str; 4] = [
    "LimitExceededException",
    "ServiceQuotaExceededException",
    "LimitExceeded",
    "TooManyTagsException",
];
/// What was asked for can never be had in this form.
const INVALID: [&str; 12] = [
    "InvalidArgsException",
    "InvalidArnException",
    "InvalidDomainValidationOptionsException",
    "InvalidInput",
    "InvalidParameterException",
    "InvalidPolicyException",
    "InvalidTagException",
    "MalformedCSRException",
    "NoSuchHostedZone",
    "ResourceNotFoundException",
    "TagPolicyException",
    "ValidationException",
];

/// Says what failed, in AWS's own words, and what to do.
pub(crate) fn fault<E>(call: Call, error: &SdkError<E, HttpResponse>) -> IssueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Call { service, operation } = call;
    let Some(code) = error.code() else {
        // No answer, or none that can be read: no credentials, no route, a proxy in between.
        let why = causes(error);
        return IssueError::passing(format!("{service}:{operation} got no answer: {why}"));
    };
    let message = error.message().unwrap_or("no message");
    let (fault, advice) = classify(code, call);
    IssueError {
        message: format!("{service}:{operation} failed: {code}: {message}{advice}"),
        fault,
    }
}

/// The error and what caused it, in words. Its debug form would show the whole answer, in which an
/// exported key may be.
fn causes(error: &dyn Error) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn classify(code: &str, Call { service, operation }: Call) -> (Fault, String) {
    if THROTTLED.contains(&code) {
        (Fault::TooMany { retry_after: None }, String::new())
    } else if DENIED.contains(&code) {
        let advice =
            format!("; allow {service}:{operation} in the IAM policy of Doorward's identity");
        (Fault::Refused, advice)
    } else if OVER_QUOTA.contains(&code) {
        (Fault::Refused, "; ask for fewer, or for a higher quota in Service Quotas".into())
    } else if INVALID.contains(&code) {
        (Fault::Refused, String::new())
    } else {
        (Fault::Passing, String::new())
    }
}

#[cfg(test)]
mod tests;
