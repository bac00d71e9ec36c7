use fake_aws::{FakeAws, Fault as Wrong};

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

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_shown() {
    let aws = FakeAws::start().await;
    aws.fail("DescribeCertificate", 1, Wrong::Garbled("{\"x\": -----BEGIN PRIVATE KEY"));
    let client = aws_sdk_acm::Client::new(&crate::fixture::account(&aws, 1).config);
    let answer = client.describe_certificate().certificate_arn("a").send().await;
    let error = fault(CALL, &answer.unwrap_err());
    assert_eq!(error.fault, Fault::Passing);
    assert!(!error.message.contains("PRIVATE"), "{error}");
    assert!(error.message.len() > 40, "it says what is wrong: {error}");
}

#[tokio::test]
async fn without_a_server_the_cause_is_told() {
    let client = {
        let aws = FakeAws::start().await;
        aws_sdk_acm::Client::new(&crate::fixture::account(&aws, 1).config)
    };
    let answer = client.describe_certificate().certificate_arn("a").send().await;
    let error = fault(CALL, &answer.unwrap_err());
    assert_eq!(error.fault, Fault::Passing);
    // Refused or reset, as the port closes.
    assert!(error.message.contains("Connection re"), "{error}");
}
