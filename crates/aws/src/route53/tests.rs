//! Records against the fake Route 53.

mod moto;

use fake_aws::{FakeAws, Fault as Wrong};
use futures::future::join_all;
use issue::{Fault, RecordKind};

use super::*;
use crate::fixture::account;

fn dns(aws: &FakeAws) -> Route53 {
    Route53::new(&account(aws, 3), Vec::new())
}

fn txt(name: &str, value: &str) -> Record {
    Record { name: name.into(), kind: RecordKind::Txt, value: value.into(), ttl: 60 }
}

fn cname(name: &str, value: &str) -> Record {
    Record { kind: RecordKind::Cname, ..txt(name, value) }
}

#[tokio::test]
async fn texts_of_two_orders_live_side_by_side() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let dns = dns(&aws);
    let (a, b) = (txt("_acme.shop.test", "one"), txt("_acme.shop.test", "two"));
    dns.add(&a).await.unwrap();
    dns.add(&b).await.unwrap();
    assert_eq!(aws.records(&zone, "_acme.shop.test", "TXT"), ["\"one\"", "\"two\""]);
    dns.remove(&a).await.unwrap();
    assert_eq!(aws.records(&zone, "_acme.shop.test", "TXT"), ["\"two\""]);
    dns.remove(&b).await.unwrap();
    dns.remove(&b).await.unwrap();
    assert!(aws.record_names(&zone, "TXT").is_empty());
}

#[tokio::test]
async fn the_next_record_of_the_zone_is_not_taken_for_the_one_asked_for() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    aws.put_record(&zone, "_b.shop.test", "TXT", 60, &["\"theirs\""]);
    dns(&aws).add(&txt("_a.shop.test", "ours")).await.unwrap();
    assert_eq!(aws.records(&zone, "_a.shop.test", "TXT"), ["\"ours\""]);
}

#[tokio::test]
async fn adding_what_is_there_changes_nothing() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let record = cname("_x.shop.test", "_y.acm.test");
    dns(&aws).add(&record).await.unwrap();
    dns(&aws).add(&record).await.unwrap();
    assert_eq!(aws.batches(&zone), 1);
    assert_eq!(aws.records(&zone, "_x.shop.test", "CNAME"), ["_y.acm.test"]);
}

#[tokio::test]
async fn one_impossible_change_does_not_stop_the_others_of_its_batch() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    aws.put_record(&zone, "_b.shop.test", "CNAME", 60, &["elsewhere.test."]);
    aws.put_record(&zone, "_c.shop.test", "A", 60, &["192.0.2.1"]);
    let dns = dns(&aws);
    dns.check("shop.test").await.unwrap();
    let records =
        ["_a", "_b", "_c", "_d"].map(|at| cname(&format!("{at}.shop.test"), "_y.acm.test"));
    let outcomes = join_all(records.iter().map(|record| dns.add(record))).await;
    let errors: Vec<_> = outcomes.into_iter().map(Result::err).collect();
    assert!(errors[0].is_none() && errors[3].is_none());
    for (error, word) in [(&errors[1], "elsewhere.test"), (&errors[2], "conflicting RRSet")] {
        let error = error.as_ref().unwrap();
        assert_eq!(error.fault, Fault::Refused);
        assert!(error.message.contains(word), "{error}");
    }
    assert_eq!(aws.record_names(&zone, "CNAME"), ["_a.shop.test", "_b.shop.test", "_d.shop.test"]);
}

#[tokio::test]
async fn writers_of_one_zone_never_meet_and_share_batches() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let dns = dns(&aws);
    dns.check("shop.test").await.unwrap();
    let records: Vec<_> = (0..250).map(|n| txt(&format!("_{n}.shop.test"), "x")).collect();
    for outcome in join_all(records.iter().map(|record| dns.add(record))).await {
        outcome.unwrap();
    }
    assert_eq!(aws.record_names(&zone, "TXT").len(), 250);
    assert!(aws.batches(&zone) <= 4, "{} batches", aws.batches(&zone));
}

#[tokio::test]
async fn a_writer_that_was_called_off_leaves_the_others_going() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    let dns = dns(&aws);
    dns.check("shop.test").await.unwrap();
    let (a, b) = (cname("_a.shop.test", "_y.acm.test"), cname("_b.shop.test", "_y.acm.test"));
    let mut first = dns.add(&a);
    let mut second = dns.add(&b);
    // The first has the turn, and the second waits for it.
    assert!(futures::poll!(&mut first).is_pending());
    assert!(futures::poll!(&mut second).is_pending());
    drop(first);
    second.await.unwrap();
    assert!(aws.record_names(&zone, "CNAME").contains(&"_b.shop.test".to_owned()));
}

#[tokio::test]
async fn zones_beyond_the_first_page_are_seen() {
    let aws = FakeAws::start().await;
    for n in 0..230 {
        aws.zone(&format!("z{n}.test"));
    }
    let dns = dns(&aws);
    dns.check("_x.z229.test").await.unwrap();
    assert_eq!(aws.count("ListHostedZones"), 3);
    dns.check("_x.z0.test").await.unwrap();
    assert_eq!(aws.count("ListHostedZones"), 3, "the list is kept");
}

#[tokio::test]
async fn a_zone_that_was_just_made_is_found() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let dns = dns(&aws);
    dns.check("shop.test").await.unwrap();
    assert_eq!(dns.check("blog.test").await.unwrap_err().fault, Fault::Refused);
    aws.zone("blog.test");
    dns.check("blog.test").await.unwrap();
}

#[tokio::test]
async fn only_the_zones_of_the_settings_are_written_to() {
    let aws = FakeAws::start().await;
    let (first, second) = (aws.zone("shop.test"), aws.zone("shop.test"));
    let error = dns(&aws).check("shop.test").await.unwrap_err();
    assert!(error.message.contains("two public hosted zones"), "{error}");
    let dns = Route53::new(&account(&aws, 3), vec![second.clone()]);
    dns.add(&cname("_x.shop.test", "_y.acm.test")).await.unwrap();
    assert!(aws.record_names(&first, "CNAME").is_empty());
    assert_eq!(aws.record_names(&second, "CNAME").len(), 1);
    assert_eq!(aws.count("ListHostedZones"), 1, "the right to list is not needed");
}

#[tokio::test]
async fn a_record_is_served_when_its_change_has_spread_also_after_a_restart() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let record = txt("_acme.shop.test", "one");
    let first = dns(&aws);
    assert!(!first.is_served(&record).await.unwrap(), "it is not there");
    first.add(&record).await.unwrap();
    assert!(!first.is_served(&record).await.unwrap());
    aws.pass(std::time::Duration::from_secs(30));
    assert!(first.is_served(&record).await.unwrap());
    let second = dns(&aws);
    assert!(!second.is_served(&record).await.unwrap());
    aws.pass(std::time::Duration::from_secs(30));
    assert!(second.is_served(&record).await.unwrap());
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_found_done() {
    let aws = FakeAws::start().await;
    let zone = aws.zone("shop.test");
    aws.fail("ChangeResourceRecordSets", 1, Wrong::DoneButLost);
    dns(&aws).add(&cname("_x.shop.test", "_y.acm.test")).await.unwrap();
    assert_eq!(aws.record_names(&zone, "CNAME").len(), 1);
}
