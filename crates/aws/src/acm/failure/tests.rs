use aws_sdk_acm::types::FailureReason;
use issue::Fault;

use super::failed;

#[test]
fn what_people_must_cure_is_refused_and_the_rest_is_ordered_anew() {
    for reason in ["CAA_ERROR", "DOMAIN_NOT_ALLOWED", "PCA_ACCESS_DENIED", "PCA_INVALID_DURATION"] {
        let error = failed(Some(&FailureReason::from(reason)));
        assert_eq!(error.fault, Fault::Refused, "{reason}");
        assert!(error.message.contains(reason), "{error}");
    }
    for reason in ["PCA_REQUEST_FAILED", "PCA_LIMIT_EXCEEDED", "OTHER", "SLR_NOT_FOUND", "NEW_ONE"]
    {
        assert_eq!(failed(Some(&FailureReason::from(reason))).fault, Fault::Dead, "{reason}");
    }
    assert_eq!(failed(None).fault, Fault::Dead);
}
