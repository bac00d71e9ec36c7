use std::{
    future::{pending, ready},
    time::Duration,
};

use tokio::time::{advance, sleep, timeout};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn for_ten_seconds() -> Term {
    Term::begin(Instant::now() + 10 * SECOND)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_the_term() {
    let term = for_ten_seconds();
    term.write(ready(Ok(()))).await.expect("within the term");
    advance(10 * SECOND).await;
    assert!(!term.is_current());
    let unsent = term.write(async { panic!("this call is never begun") });
    assert!(matches!(unsent.await as Result<(), _>, Err(WriteError::NotLeader)));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_is_given_up_when_the_lease_is_no_longer_certain() {
    let term = for_ten_seconds();
    let start = Instant::now();
    let outcome: Result<(), _> = term.write(pending()).await;
    assert!(matches!(outcome, Err(WriteError::CutOff)));
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(term.given_up(), Some(Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_during_the_call_gives_it_more_time() {
    let term = for_ten_seconds();
    let renewing = term.clone();
    tokio::spawn(async move {
        sleep(9 * SECOND).await;
        assert!(renewing.renew(Instant::now() + 10 * SECOND));
    });
    let slow = async {
        sleep(15 * SECOND).await;
        Ok("written")
    };
    assert_eq!(term.write(slow).await.expect("the term goes on"), "written");
    assert_eq!(term.given_up(), None);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_term_cuts_calls_off_and_tells_everybody() {
    let term = for_ten_seconds();
    let ended = term.ended();
    ended.cancel();
    assert!(term.is_current(), "who is told cannot end it");

    let ended = term.ended();
    let ending = term.clone();
    tokio::spawn(async move {
        sleep(SECOND).await;
        ending.end();
    });
    let outcome: Result<(), _> = term.write(pending()).await;
    assert!(matches!(outcome, Err(WriteError::CutOff)));
    assert!(ended.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_caller_drops_counts_as_given_up_and_a_refused_one_does_not() {
    let term = for_ten_seconds();
    let status = kube::core::Status::failure("no", "Forbidden").with_code(403).boxed();
    let refused: Result<(), _> = term.write(ready(Err(kube::Error::Api(status)))).await;
    assert!(matches!(refused, Err(WriteError::Api(_))));
    assert_eq!(term.given_up(), None);

    let dropped = timeout(SECOND, term.write::<()>(pending())).await;
    assert!(dropped.is_err());
    assert_eq!(term.given_up(), Some(Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn a_term_that_has_lapsed_is_not_renewed() {
    let term = for_ten_seconds();
    advance(10 * SECOND).await;
    assert!(!term.renew(Instant::now() + 10 * SECOND));
    assert!(!term.is_current());
}

#[tokio::test(start_paused = true)]
async fn it_is_quiet_when_every_call_has_noticed_the_end() {
    let term = for_ten_seconds();
    let calling = term.clone();
    let call = tokio::spawn(async move { calling.write::<()>(pending()).await });
    tokio::task::yield_now().await;
    term.end();
    assert_eq!(term.given_up(), None, "the call was not polled since");
    term.quiet().await;
    assert_eq!(term.given_up(), Some(Instant::now()));
    assert!(matches!(call.await.unwrap(), Err(WriteError::CutOff)));
}
