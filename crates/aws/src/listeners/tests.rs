//! Rounds against the fake AWS, with a look at what clients get in between.

mod moto;

use fake_aws::FakeAws;

use super::*;
use crate::fixture::account;

/// ARNs of issued certificates, one for each name.
fn issued(aws: &FakeAws, names: &[&str]) -> Vec<Wanted> {
    names
        .iter()
        .map(|name| Wanted {
            arn: aws.issued_certificate(&[name]),
            names: vec![name.parse().unwrap()],
            not_after: aws.now() + jiff::SignedDuration::from_hours(1000),
        })
        .collect()
}

fn held(wants: &[Wanted]) -> Vec<Held> {
    let held = |Wanted { arn, names, not_after }| Held { arn, names, not_after };
    wants.iter().cloned().map(held).collect()
}

#[tokio::test]
async fn a_certificate_is_replaced_and_every_handshake_in_between_is_answered() {
    let aws = FakeAws::start().await;
    let old = issued(&aws, &["shop.test"]);
    let listener = aws.listener(&old[0].arn);
    let new = issued(&aws, &["shop.test"]);
    let listeners = Listeners::new(&account(&aws, 1), USUAL_QUOTA);
    let mut done = Vec::new();
    loop {
        let round = listeners.reconcile(&listener, &new, &held(&old), aws.now()).await.unwrap();
        for action in &round.done {
            let answer = aws.handshake(&listener, "shop.test");
            assert!(answer == old[0].arn || answer == new[0].arn, "after {action:?}: {answer}");
        }
        done.extend(round.done);
        let Some(pause) = round.again_in else { break };
        aws.pass(pause);
    }
    let new = &new[0].arn;
    assert_eq!(done, [Action::Add(new.clone()), Action::MakeDefault(new.clone())]);
    assert_eq!(aws.handshake(&listener, "shop.test"), *new);
    assert_eq!(aws.default_certificate(&listener), *new);
}

#[tokio::test]
async fn what_was_attached_is_taken_away_a_minute_after_the_last_change() {
    let aws = FakeAws::start().await;
    let theirs = issued(&aws, &["theirs.test"]);
    let listener = aws.listener(&theirs[0].arn);
    let (old, new) = (issued(&aws, &["shop.test"]), issued(&aws, &["shop.test"]));
    let listeners = Listeners::new(&account(&aws, 1), USUAL_QUOTA);
    let held = held(&old);
    let reconcile = |wants| listeners.reconcile(&listener, wants, &held, aws.now());
    reconcile(&old).await.unwrap();
    assert_eq!(reconcile(&new).await.unwrap().done, [Action::Add(new[0].arn.clone())]);
    let round = reconcile(&new).await.unwrap();
    assert!(round.done.is_empty());
    let pause = round.again_in.unwrap();
    assert!(pause > Duration::from_secs(50), "{pause:?}");
    aws.pass(pause);
    assert_eq!(reconcile(&new).await.unwrap().done, [Action::Remove(old[0].arn.clone())]);
    assert_eq!(reconcile(&new).await.unwrap().again_in, None);
    assert_eq!(aws.default_certificate(&listener), theirs[0].arn, "it is not ours to change");
    assert!(!aws.is_in_use(&new[0].arn).is_empty());
}

#[tokio::test]
async fn certificates_of_the_other_listeners_count() {
    let aws = FakeAws::start().await;
    let first = issued(&aws, &["a.test"]);
    let listener = aws.listener(&first[0].arn);
    let other = aws.listener_beside(&listener, &first[0].arn);
    let listeners = Listeners::new(&account(&aws, 1), USUAL_QUOTA);
    let names: Vec<String> = (0..24).map(|n| format!("h{n}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = issued(&aws, &names);
    let round = listeners.reconcile(&other, &many, &[], aws.now()).await.unwrap();
    assert_eq!(round.done.len(), 24);
    let two = issued(&aws, &["x.test", "y.test"]);
    let round = listeners.reconcile(&listener, &two, &[], aws.now()).await.unwrap();
    assert_eq!(round.done, [Action::Add(two[0].arn.clone())]);
    let [blocked] = &round.blocked[..] else { panic!("{round:?}") };
    assert_eq!(blocked.arn, two[1].arn);
}

#[tokio::test]
async fn the_load_balancers_own_refusal_blocks_only_what_it_refused() {
    let aws = FakeAws::start().await;
    let first = issued(&aws, &["a.test"]);
    let listener = aws.listener(&first[0].arn);
    // We believe that the quota was raised.
    let listeners = Listeners::new(&account(&aws, 1), 100);
    let names: Vec<String> = (0..26).map(|n| format!("h{n}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let round =
        listeners.reconcile(&listener, &issued(&aws, &names), &[], aws.now()).await.unwrap();
    assert_eq!((round.done.len(), round.blocked.len()), (25, 1));
}

#[tokio::test]
async fn what_aws_does_not_know_yet_is_attached_later() {
    let aws = FakeAws::start().await;
    let first = issued(&aws, &["a.test"]);
    let listener = aws.listener(&first[0].arn);
    let listeners = Listeners::new(&account(&aws, 1), USUAL_QUOTA);
    let new = issued(&aws, &["b.test"]);
    aws.fail("AddListenerCertificates", 1, fake_aws::Fault::Refuse("CertificateNotFound"));
    let round = listeners.reconcile(&listener, &new, &[], aws.now()).await.unwrap();
    assert_eq!((round.done.len(), round.again_in), (0, Some(NOT_KNOWN_YET)));
    let round = listeners.reconcile(&listener, &new, &[], aws.now()).await.unwrap();
    assert_eq!(round.done, [Action::Add(new[0].arn.clone())]);
}

#[tokio::test]
async fn a_listener_that_is_gone_is_told() {
    let aws = FakeAws::start().await;
    let listeners = Listeners::new(&account(&aws, 1), USUAL_QUOTA);
    let error = listeners.reconcile("arn:gone", &[], &[], aws.now()).await.unwrap_err();
    assert!(error.message.contains("ListenerNotFound"), "{error}");
}
