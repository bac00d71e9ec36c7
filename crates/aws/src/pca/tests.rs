//! Orders at a private CA against the fake AWS.

use fake_aws::{FakeAws, Fault as Wrong};
use issue::Fault;

use super::*;
use crate::fixture::{account, order, read, run};

fn issuer(aws: &FakeAws, authority: &str, attempts: u32) -> PcaIssuer {
    let settings = Settings { authority: authority.into(), template: None, days: 30 };
    PcaIssuer::new(&account(aws, attempts), settings, aws.clock())
}

#[tokio::test]
async fn the_ca_signs_for_our_own_key_and_its_chain_comes_along() {
    let aws = FakeAws::start().await;
    let ca = aws.private_ca("corp");
    let order = order(&["*.internal.corp", "internal.corp"], 1);
    let issued = run(&aws, &issuer(&aws, &ca, 3), &order).await.unwrap();
    let certificate = read(&issued);
    assert_eq!(certificate.names.len(), 2);
    assert_eq!(certificate.issuers.len(), 1);
    let lifetime = certificate.not_after.duration_since(certificate.not_before);
    assert!((30..=31).contains(&(lifetime.as_hours() / 24)), "{lifetime}");
    assert_eq!(aws.private_ca_signed(&ca), 1);
}

#[tokio::test]
async fn a_lost_answer_or_a_kill_makes_no_second_certificate() {
    let aws = FakeAws::start().await;
    let ca = aws.private_ca("corp");
    let (order, issuer) = (order(&["internal.corp"], 1), issuer(&aws, &ca, 1));
    let Step::Continue { progress, .. } =
        issuer.advance(&order, &Progress::default()).await.unwrap()
    else {
        panic!("the key is kept first")
    };
    aws.fail("IssueCertificate", 1, Wrong::DoneButLost);
    issuer.advance(&order, &progress).await.unwrap_err();
    let mut progress = progress;
    while let Step::Continue { progress: next, after, .. } =
        issuer.advance(&order, &progress).await.unwrap()
    {
        progress = next;
        aws.pass(after);
    }
    assert_eq!(aws.private_ca_signed(&ca), 1);
}

#[tokio::test]
async fn a_ca_that_does_not_sign_is_told() {
    let aws = FakeAws::start().await;
    let ca = aws.private_ca("corp");
    aws.disable_private_ca(&ca);
    let error = run(&aws, &issuer(&aws, &ca, 3), &order(&["internal.corp"], 1)).await.unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.message.contains("DISABLED"), "{error}");
    let missing = run(&aws, &issuer(&aws, "arn:aws:acm-pca:x", 3), &order(&["a.corp"], 1)).await;
    assert_eq!(missing.unwrap_err().fault, Fault::Refused);
}

#[tokio::test]
async fn what_another_ca_signed_is_not_given_back() {
    let aws = FakeAws::start().await;
    let ca = aws.private_ca("corp");
    aws.forge_private_ca(&ca);
    let error = run(&aws, &issuer(&aws, &ca, 3), &order(&["internal.corp"], 1)).await.unwrap_err();
    assert_eq!(error.fault, Fault::Dead);
}

#[tokio::test]
async fn progress_shows_no_key_when_it_is_printed() {
    let aws = FakeAws::start().await;
    let ca = aws.private_ca("corp");
    let step = issuer(&aws, &ca, 1).advance(&order(&["a.corp"], 1), &Progress::default()).await;
    let shown = format!("{step:?}");
    assert!(!shown.contains("PRIVATE"), "{shown}");
}
