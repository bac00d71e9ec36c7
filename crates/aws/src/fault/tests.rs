use super::*;

const CALL: Call = Call { service: "acm", operation: "RequestCertificate" };

#[test]
fn a_missing_permission_is_named_as_iam_names_it() {
    let (fault, advice) = classify("AccessDeniedException", CALL);
    assert_eq!(fault, Fault::Refused);
    assert!(advice.contains("allow acm:RequestCertificate"), "{advice}");
}

#[test]
fn throttling_asks_for_fewer_calls_and_what_is_not_known_passes() {
    for code in ["ThrottlingException", "PriorRequestNotComplete", "Throttling"] {
        assert_eq!(classify(code, CALL).0, Fault::TooMany { retry_after: None }, "{code}");
    }
    assert_eq!(classify("InternalFailure", CALL).0, Fault::Passing);
    assert_eq!(classify("LimitExceededException", CALL).0, Fault::Refused);
}
