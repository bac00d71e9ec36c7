//! What goes wrong: kills, lost answers, records taken away, refusals.

use fake_aws::Fault as Wrong;
use issue::IssueError;

use super::*;

/// Whether ACM has exactly the one certificate that the order needs.
fn arns(aws: &FakeAws) -> usize {
    aws.certificates(|one| one.arn.clone()).len()
}

#[tokio::test]
async fn killed_after_any_call_the_order_still_comes_to_one_certificate() {
    for keeps_progress in [true, false] {
        for killed_after in 1..40 {
            let aws = FakeAws::start().await;
            aws.zone("shop.test");
            aws.zone("blog.test");
            let order = order(&["www.shop.test", "blog.test"], 1);
            aws.cut_after(killed_after);
            let kept = go_until_killed(&aws, &order).await;
            if !aws.is_cut() {
                assert!(killed_after > 8, "an order takes more calls than that");
                break;
            }
            aws.mend();
            aws.pass(Duration::from_secs(30));
            let progress = if keeps_progress { kept } else { Progress::default() };
            finish(&aws, &order, progress).await.unwrap();
            assert_eq!(arns(&aws), 1, "killed after call {killed_after}");
        }
    }
}

/// The progress that was kept last.
async fn go_until_killed(aws: &FakeAws, order: &Request) -> Progress {
    let issuer = issuer(aws, 1);
    let mut progress = Progress::default();
    loop {
        match issuer.advance(order, &progress).await {
            Ok(Step::Continue { progress: next, after, .. }) => {
                progress = next;
                aws.pass(after);
            }
            Ok(Step::Issued(_)) | Err(_) => return progress,
        }
    }
}

async fn finish(aws: &FakeAws, order: &Request, mut progress: Progress) -> Result<(), IssueError> {
    let issuer = issuer(aws, 1);
    while let Step::Continue { progress: next, after, .. } =
        issuer.advance(order, &progress).await?
    {
        progress = next;
        aws.pass(after);
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_to_the_request_makes_no_second_certificate() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    aws.fail("RequestCertificate", 1, Wrong::DoneButLost);
    run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap();
    assert_eq!(aws.count("RequestCertificate"), 2);
    assert_eq!(arns(&aws), 1);
}

#[tokio::test]
async fn a_request_that_was_carried_out_unseen_is_known_again_by_its_token() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    aws.fail("RequestCertificate", 1, Wrong::DoneButLost);
    let order = order(&["www.shop.test"], 1);
    run(&aws, &issuer(&aws, 1), &order).await.unwrap_err();
    // ACM does not list what it made a moment ago, so tags find nothing.
    run(&aws, &issuer(&aws, 1), &order).await.unwrap();
    assert_eq!(aws.count("RequestCertificate"), 2);
    assert_eq!(arns(&aws), 1);
}

#[tokio::test]
async fn throttled_calls_are_made_again() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    for operation in ["ListCertificates", "RequestCertificate", "DescribeCertificate"] {
        aws.fail(operation, 2, Wrong::Throttle);
    }
    aws.fail("ChangeResourceRecordSets", 2, Wrong::Refuse("PriorRequestNotComplete"));
    aws.fail("ListHostedZones", 2, Wrong::Refuse("Throttling"));
    run(&aws, &issuer(&aws, 4), &order(&["www.shop.test"], 1)).await.unwrap();
}

#[tokio::test]
async fn more_throttling_than_that_is_told_as_such() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    aws.fail("ListCertificates", 10, Wrong::Throttle);
    let error = run(&aws, &issuer(&aws, 2), &order(&["www.shop.test"], 1)).await.unwrap_err();
    assert!(matches!(error.fault, Fault::TooMany { .. }), "{error:?}");
}

#[tokio::test]
async fn a_missing_right_names_the_action() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    aws.fail("ChangeResourceRecordSets", 9, Wrong::Refuse("AccessDenied"));
    let error = run(&aws, &issuer(&aws, 2), &order(&["www.shop.test"], 1)).await.unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.message.contains("allow route53:ChangeResourceRecordSets"), "{error}");
}

#[tokio::test]
async fn records_that_somebody_takes_away_are_put_back_while_acm_looks_for_them() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let (issuer, order) = (issuer(&aws, 3), order(&["www.shop.test"], 1));
    let mut progress = Progress::default();
    let mut cleared = false;
    for _ in 0..200 {
        match issuer.advance(&order, &progress).await.unwrap() {
            Step::Issued(_) => return assert!(cleared),
            Step::Continue { progress: next, after, stage, .. } => {
                progress = next;
                aws.pass(after);
                if stage == Stage::Validating && !cleared {
                    aws.clear_zone(&zone);
                    cleared = true;
                }
            }
        }
    }
    panic!("it was never issued");
}

#[tokio::test]
async fn a_record_of_another_value_is_told_and_not_overwritten() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let order = order(&["www.shop.test"], 1);
    run(&aws, &issuer(&aws, 3), &order).await.unwrap();
    let name = aws.record_names(&zone, "CNAME").remove(0);
    aws.put_record(&zone, &name, "CNAME", 300, &["elsewhere.test."]);
    let next = crate::fixture::order(&["*.www.shop.test"], 2);
    let error = run(&aws, &issuer(&aws, 3), &next).await.unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.message.contains("elsewhere.test"), "{error}");
    assert_eq!(aws.records(&zone, &name, "CNAME"), ["elsewhere.test."]);
}

#[tokio::test]
async fn a_failure_that_people_must_cure_is_told_with_its_cure() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    aws.fail_issuance(Some("CAA_ERROR"));
    let error = run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.message.contains("CAA"), "{error}");
}

#[tokio::test]
async fn after_a_passing_failure_the_next_order_requests_a_new_certificate() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    aws.fail_issuance(Some("OTHER"));
    let issuer = issuer(&aws, 3);
    let error = run(&aws, &issuer, &order(&["www.shop.test"], 1)).await.unwrap_err();
    assert_eq!(error.fault, Fault::Dead);
    aws.fail_issuance(None);
    run(&aws, &issuer, &order(&["www.shop.test"], 2)).await.unwrap();
    assert_eq!(aws.certificates(|one| one.status), [Status::Failed, Status::Issued]);
}

#[tokio::test]
async fn validation_that_never_comes_is_waited_for_as_long_as_acm_does() {
    let aws = FakeAws::start().await;
    // The zone is not the one that the Internet sees: a longer one is, of somebody else.
    let ours = aws.zone("shop.test");
    let (issuer, order) = (issuer(&aws, 3), order(&["www.shop.test"], 1));
    let began = aws.now();
    aws.hide_zone(&ours);
    let error = run(&aws, &issuer, &order).await.unwrap_err();
    assert_eq!(error.fault, Fault::Dead);
    assert!(error.message.contains("72 hours"), "{error}");
    assert!(aws.now().duration_since(began).as_hours() >= 72);
    assert_eq!(aws.count("RequestCertificate"), 1);
    let describes = aws.count("DescribeCertificate");
    assert!(describes < 1100, "{describes} looks in 72 hours");
}

#[tokio::test]
async fn the_fourth_request_within_a_day_waits() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    aws.fail_issuance(Some("OTHER"));
    let issuer = issuer(&aws, 3);
    for serial in 1..=3 {
        run(&aws, &issuer, &order(&["www.shop.test"], serial)).await.unwrap_err();
    }
    let error = run(&aws, &issuer, &order(&["www.shop.test"], 4)).await.unwrap_err();
    let Fault::TooMany { retry_after: Some(wait) } = error.fault else { panic!("{error:?}") };
    assert!((23 * 3600..=24 * 3600).contains(&wait.as_secs()), "{wait:?}");
    aws.pass(wait);
    aws.fail_issuance(None);
    let fresh = super::issuer(&aws, 3);
    run(&aws, &fresh, &order(&["www.shop.test"], 4)).await.unwrap();
}
