//! Orders from beginning to end against the fake AWS.

mod moto;
mod trouble;

use std::{sync::Arc, time::Duration};

use fake_aws::{FakeAws, Status};
use issue::Fault;

use super::*;
use crate::{
    fixture::{account, order, read, run},
    route53::Route53,
};

/// An issuer as after a start: it remembers nothing.
fn issuer(aws: &FakeAws, attempts: u32) -> AcmIssuer {
    issuer_with(aws, attempts, None)
}

fn issuer_with(aws: &FakeAws, attempts: u32, authority: Option<&str>) -> AcmIssuer {
    let account = account(aws, attempts);
    let dns = Arc::new(Route53::new(&account, Vec::new()));
    let inventory = Arc::new(Inventory::new(&account));
    AcmIssuer::new(&account, inventory, dns, settings(authority), aws.clock())
}

fn settings(authority: Option<&str>) -> Settings {
    Settings {
        cluster: "west".into(),
        cluster_uid: "0b6c".into(),
        authority: authority.map(Into::into),
        tags: vec![("team".into(), "shop".into())],
        records: RecordPolicy::Keep,
    }
}

fn names(certificate: &Certificate) -> Vec<String> {
    let mut names: Vec<_> = certificate.names.iter().map(ToString::to_string).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_certificate_is_requested_proved_and_exported() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let issued = run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap();
    let certificate = read(&issued);
    assert_eq!(names(&certificate), ["www.shop.test"]);
    assert_eq!(certificate.issuers.len(), 1, "the chain comes along");
    let [record] = &aws.record_names(&zone, "CNAME")[..] else { panic!("one record") };
    assert!(record.ends_with(".www.shop.test"), "{record}");
    assert_eq!(aws.count("RequestCertificate"), 1);
}

#[tokio::test]
async fn the_certificate_carries_the_controllers_tags_and_ours() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    run(&aws, &issuer(&aws, 3), &order(&["*.shop.test", "shop.test"], 7)).await.unwrap();
    let tags = aws.certificates(|one| one.tags.clone()).remove(0);
    for (key, value) in [
        ("elbv2.k8s.aws/cluster", "west"),
        ("ingress.k8s.aws/stack", "doorward:shop/tls"),
        ("ingress.k8s.aws/resource", "doorward:shop.test"),
        ("doorward.dev/certificate", "shop/tls"),
        ("doorward.dev/cluster-uid", "0b6c"),
        ("doorward.dev/order", "7"),
        ("team", "shop"),
    ] {
        assert_eq!(tags.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert_eq!(tags["doorward.dev/spec-hash"].len(), 64);
}

#[tokio::test]
async fn names_of_two_zones_are_proved_each_in_its_own_and_a_wildcard_with_its_parent() {
    let aws = FakeAws::start().await;
    let (shop, blog) = (aws.zone("shop.test"), aws.zone("blog.test"));
    let order = order(&["*.shop.test", "shop.test", "blog.test"], 1);
    let issued = run(&aws, &issuer(&aws, 3), &order).await.unwrap();
    assert_eq!(names(&read(&issued)), ["*.shop.test", "blog.test", "shop.test"]);
    assert_eq!(aws.record_names(&shop, "CNAME").len(), 1);
    assert_eq!(aws.record_names(&blog, "CNAME").len(), 1);
}

#[tokio::test]
async fn many_names_of_one_zone_go_in_few_batches() {
    let aws = FakeAws::start().await;
    aws.allow_names(100);
    let zone = aws.zone("shop.test");
    let names: Vec<String> = (0..100).map(|n| format!("h{n}.shop.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    run(&aws, &issuer(&aws, 3), &order(&names, 1)).await.unwrap();
    assert_eq!(aws.record_names(&zone, "CNAME").len(), 100);
    assert!(aws.batches(&zone) <= 2, "the first that comes does not wait for the others");
}

#[tokio::test]
async fn without_a_public_zone_nothing_is_requested() {
    let aws = FakeAws::start().await;
    aws.private_zone("shop.test");
    let error = run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.message.contains("only the private zone shop.test"), "{error}");
    assert_eq!(aws.count("RequestCertificate"), 0);
}

#[tokio::test]
async fn a_private_ca_needs_no_records() {
    let aws = FakeAws::start().await;
    let ca = aws.private_ca("corp");
    let issuer = issuer_with(&aws, 3, Some(&ca));
    let issued = run(&aws, &issuer, &order(&["internal.corp"], 1)).await.unwrap();
    let certificate = read(&issued);
    assert_eq!(names(&certificate), ["internal.corp"]);
    assert!(certificate.issuer.contains("corp"), "{}", certificate.issuer);
    assert_eq!(aws.count("ChangeResourceRecordSets"), 0);
}

#[tokio::test]
async fn another_private_ca_makes_another_certificate() {
    let aws = FakeAws::start().await;
    let order = order(&["internal.corp"], 1);
    for name in ["old", "new"] {
        let ca = aws.private_ca(name);
        let issued = run(&aws, &issuer_with(&aws, 3, Some(&ca)), &order).await.unwrap();
        assert!(read(&issued).issuer.contains(name));
    }
    assert_eq!(aws.count("RequestCertificate"), 2);
}

#[tokio::test]
async fn a_certificate_that_is_there_already_is_taken_up_and_not_requested_again() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let first = run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap();
    // After a restart, with all progress lost.
    let again = run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 2)).await.unwrap();
    assert_eq!(read(&first).serial, read(&again).serial);
    assert_eq!(aws.count("RequestCertificate"), 1);
    let tags = aws.certificates(|one| one.tags.clone()).remove(0);
    assert_eq!(tags["doorward.dev/order"], "2", "the second order owns it now");
}

#[tokio::test]
async fn other_names_make_another_certificate() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    run(&aws, &issuer(&aws, 3), &order(&["a.shop.test"], 1)).await.unwrap();
    let both = order(&["a.shop.test", "b.shop.test"], 2);
    let issued = run(&aws, &issuer(&aws, 3), &both).await.unwrap();
    assert_eq!(names(&read(&issued)), ["a.shop.test", "b.shop.test"]);
    assert_eq!(aws.count("RequestCertificate"), 2);
}

#[tokio::test]
async fn two_clusters_do_not_take_each_others_certificates() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap();
    let mut other = issuer(&aws, 3);
    other.settings.cluster_uid = "another".into();
    run(&aws, &other, &order(&["www.shop.test"], 1)).await.unwrap();
    assert_eq!(aws.certificates(|one| one.arn.clone()).len(), 2);
}

#[tokio::test]
async fn a_renewal_exports_what_acm_renewed_under_the_same_arn() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let first = run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap();
    let held = read(&first);
    let window = issuer(&aws, 3).renewal_window(&held).await.unwrap().unwrap();
    assert_eq!(held.not_after.duration_since(window.start), RENEWED_BEFORE_END);
    aws.pass(window.start.duration_since(aws.now()).unsigned_abs());
    let renewal = Request { replaces: Some(held.clone()), ..order(&["www.shop.test"], 2) };
    let second = read(&run(&aws, &issuer(&aws, 3), &renewal).await.unwrap());
    assert_ne!(held.serial, second.serial);
    assert!(held.not_after < second.not_after);
    assert_eq!(aws.certificates(|one| one.arn.clone()).len(), 1);
    assert_eq!(aws.count("RenewCertificate"), 0, "ACM did it by itself");
}

#[tokio::test]
async fn a_renewal_ahead_of_time_is_asked_for() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let first = run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap();
    let held = read(&first);
    let renewal = Request { replaces: Some(held.clone()), ..order(&["www.shop.test"], 2) };
    let second = read(&run(&aws, &issuer(&aws, 3), &renewal).await.unwrap());
    assert_ne!(held.serial, second.serial);
    assert_eq!(aws.count("RenewCertificate"), 1);
    assert_eq!(aws.count("RequestCertificate"), 1);
}

#[tokio::test]
async fn retiring_deletes_the_certificate_and_keeps_its_records() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let (issuer, order) = (issuer(&aws, 3), order(&["www.shop.test"], 1));
    run(&aws, &issuer, &order).await.unwrap();
    issuer.retire(&order, &Progress::default()).await.unwrap();
    assert_eq!(aws.certificates(|one| one.arn.clone()).len(), 0);
    assert_eq!(aws.record_names(&zone, "CNAME").len(), 1);
    issuer.retire(&order, &Progress::default()).await.unwrap();
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted_until_it_is_let_go() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let (issuer, order) = (issuer(&aws, 3), order(&["www.shop.test"], 1));
    run(&aws, &issuer, &order).await.unwrap();
    let arn = aws.certificates(|one| one.arn.clone()).remove(0);
    aws.use_certificate(&arn, &["arn:aws:elasticloadbalancing:x:1:loadbalancer/app/a/1"]);
    let error = issuer.retire(&order, &Progress::default()).await.unwrap_err();
    assert_eq!(error.fault, Fault::Passing);
    assert!(error.message.contains("loadbalancer/app/a/1"), "{error}");
    assert_eq!(aws.count("DeleteCertificate"), 0);
    aws.use_certificate(&arn, &[]);
    issuer.retire(&order, &Progress::default()).await.unwrap();
    assert_eq!(aws.certificates(|one| one.arn.clone()).len(), 0);
}

#[tokio::test]
async fn an_order_that_was_overtaken_does_not_delete_what_the_later_one_serves() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let (issuer, first) = (issuer(&aws, 3), order(&["www.shop.test"], 1));
    run(&aws, &issuer, &first).await.unwrap();
    run(&aws, &issuer, &order(&["www.shop.test"], 2)).await.unwrap();
    issuer.retire(&first, &Progress::default()).await.unwrap();
    assert_eq!(aws.certificates(|one| one.status), [Status::Issued]);
}

#[tokio::test]
async fn records_that_are_to_go_stay_until_the_last_certificate_that_rests_on_them() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let mut issuer = issuer(&aws, 3);
    issuer.settings.records = RecordPolicy::RemoveUnused;
    let one = order(&["shop.test", "www.shop.test"], 1);
    let other =
        Request { id: model::CertificateId::secret("shop", "other"), ..order(&["*.shop.test"], 1) };
    run(&aws, &issuer, &one).await.unwrap();
    run(&aws, &issuer, &other).await.unwrap();
    assert_eq!(aws.record_names(&zone, "CNAME").len(), 2);
    issuer.retire(&one, &Progress::default()).await.unwrap();
    let [kept] = &aws.record_names(&zone, "CNAME")[..] else { panic!("the wildcard's is left") };
    assert!(!kept.contains("www"), "{kept}");
    issuer.retire(&other, &Progress::default()).await.unwrap();
    assert!(aws.record_names(&zone, "CNAME").is_empty());
}

#[tokio::test]
async fn records_that_somebody_took_away_are_put_back_before_the_renewal() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let issuer = issuer(&aws, 3);
    run(&aws, &issuer, &order(&["www.shop.test"], 1)).await.unwrap();
    issuer.inventory.forget().await;
    let record = aws.record_names(&zone, "CNAME");
    aws.clear_zone(&zone);
    assert!(issuer.look_after().await.unwrap().is_empty());
    assert_eq!(aws.record_names(&zone, "CNAME"), record);
    assert!(issuer.look_after().await.unwrap().is_empty(), "what is there is left alone");
    assert_eq!(aws.batches(&zone), 2);
}

#[tokio::test]
async fn a_renewal_that_does_not_come_is_told_a_month_before_the_end() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let issuer = issuer(&aws, 3);
    let held = read(&run(&aws, &issuer, &order(&["www.shop.test"], 1)).await.unwrap());
    issuer.inventory.forget().await;
    aws.hide_zone(&zone);
    let left = held.not_after.duration_since(aws.now());
    aws.pass((left - DAY * 29).unsigned_abs());
    let findings = issuer.look_after().await.unwrap();
    let [Finding { certificate, problem: Problem::RenewalAtRisk, .. }] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert_eq!(certificate, "shop/tls");
}

#[tokio::test]
async fn a_renewal_that_does_not_come_gets_a_replacement_a_month_before_the_end() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let held = read(&run(&aws, &issuer(&aws, 3), &order(&["www.shop.test"], 1)).await.unwrap());
    let left = held.not_after.duration_since(aws.now());
    aws.hide_zone(&zone);
    aws.pass((left - DAY * 30 - SignedDuration::from_hours(1)).unsigned_abs());
    let renewal = Request { replaces: Some(held), ..order(&["www.shop.test"], 2) };
    let (issuer, mut progress) = (issuer(&aws, 3), Progress::default());
    for _ in 0..100 {
        let step = issuer.advance(&renewal, &progress).await.unwrap();
        let Step::Continue { progress: next, after, .. } = step else { panic!("{step:?}") };
        progress = next;
        aws.pass(after);
        if aws.count("RequestCertificate") == 2 {
            assert!(aws.now() + DAY * 30 > renewal.replaces.as_ref().unwrap().not_after);
            return;
        }
    }
    panic!("no replacement was requested");
}
