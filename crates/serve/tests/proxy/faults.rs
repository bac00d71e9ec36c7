//! Faults that a rule wants.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderName, HeaderValue, StatusCode};
use model::{
    Abort, AbortWith, Delay, Filter, Forwarding, HeaderEdit, HeaderSource, PerMillion, Rule,
};
use testkit::backend::Backend;

use crate::front::{Front, forward, rule};

async fn front(forwarding: Forwarding, backend: &Backend) -> Front {
    let edit = HeaderEdit::Set {
        name: HeaderName::from_static("x-edited"),
        value: HeaderSource::Literal(HeaderValue::from_static("yes")),
    };
    let rule = Rule {
        forwarding: Some(Arc::new(forwarding)),
        filters: vec![Filter::Response(edit)],
        ..rule("shop.test", "/", forward(&[backend.address]))
    };
    Front::serving(vec![rule]).await
}

fn aborting(share: PerMillion, with: AbortWith) -> Forwarding {
    Forwarding { abort: Some(Abort { share, with }), ..Forwarding::default() }
}

#[tokio::test]
async fn an_aborted_request_has_the_status_and_no_backend() {
    let backend = Backend::echo("one").await;
    let teapot = AbortWith::Http(StatusCode::IM_A_TEAPOT);
    let front = front(aborting(PerMillion::ALL, teapot), &backend).await;
    let answer = front.get("http://shop.test/").await;
    assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
    assert_eq!(answer.header("x-doorward-reason"), "injected-fault");
    assert_eq!(answer.header("x-edited"), "yes");
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn an_aborted_grpc_call_is_told_in_its_own_way() {
    let backend = Backend::echo("one").await;
    let front = front(aborting(PerMillion::ALL, AbortWith::Grpc(14)), &backend).await;
    let answer = front.get("http://shop.test/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("grpc-status"), "14");
    assert_eq!(answer.header("content-type"), "application/grpc");
    assert!(answer.body.is_empty());
}

/// The bounds are seven standard deviations away.
#[tokio::test]
async fn about_the_share_is_aborted() {
    let backend = Backend::echo("one").await;
    for (share, expected) in [(0, 0..=0), (300_000, 30..=150), (1_000_000, 300..=300)] {
        let with = AbortWith::Http(StatusCode::IM_A_TEAPOT);
        let front = front(aborting(PerMillion(share), with), &backend).await;
        let mut aborted = 0;
        let stream = front.connect().await;
        let mut connection = testkit::http::Connection::open(stream).await.unwrap();
        for _ in 0..300 {
            let answer = connection.send(testkit::http::get("http://shop.test/")).await.unwrap();
            aborted += usize::from(answer.status == StatusCode::IM_A_TEAPOT);
        }
        assert!(expected.contains(&aborted), "{aborted} of 300 at {share} of a million");
    }
}

#[tokio::test]
async fn a_delayed_request_waits_and_then_goes_its_way() {
    let backend = Backend::echo("one").await;
    let by = Duration::from_millis(200);
    let delay = Some(Delay { share: PerMillion::ALL, by });
    let delayed = front(Forwarding { delay, ..Forwarding::default() }, &backend).await;
    let began = Instant::now();
    assert_eq!(delayed.get("http://shop.test/").await.status, StatusCode::OK);
    assert!(began.elapsed() >= by);

    let both = Forwarding { delay, ..aborting(PerMillion::ALL, AbortWith::Grpc(1)) };
    let both = front(both, &backend).await;
    let began = Instant::now();
    assert_eq!(both.get("http://shop.test/").await.header("grpc-status"), "1");
    assert!(began.elapsed() >= by);
}
