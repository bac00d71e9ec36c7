use std::sync::Arc;

use http::StatusCode;
use http_body_util::BodyExt;
use serve::Served;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Health, Standing};
use crate::fixture::{listener, served};

async fn ready(health: &Health) -> (StatusCode, String) {
    let answer = health.ready(true);
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn ready_from_the_first_model_until_the_drain() {
    let (sender, receiver) = watch::channel(Arc::<Served>::default());
    let standing = watch::channel(Standing::CURRENT).1;
    let health = Health { standing, served: receiver, draining: CancellationToken::new() };
    let (status, body) = ready(&health).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("[-] gateway serves the first model"), "{body}");

    let mut unbound = served(listener("web:443", &["a.test"], Vec::new()));
    unbound.error = Some("the port is taken".into());
    let listeners = [("web:443".parse().unwrap(), unbound)].into();
    sender.send(Arc::new(Served { listeners, generation: 1 })).unwrap();
    let (status, body) = ready(&health).await;
    assert_eq!(status, StatusCode::OK, "the other listeners are worth their traffic");
    assert!(body.contains("[!] listener web:443: the port is taken"), "{body}");

    health.draining.cancel();
    assert_eq!(ready(&health).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_source_that_is_away_is_told_of_and_what_it_said_last_is_served() {
    let served = Arc::new(Served { generation: 1, ..Served::default() });
    let (standings, standing) = watch::channel(Standing::Waiting("Secrets".into()));
    let served = watch::channel(served).1;
    let health = Health { standing, served, draining: CancellationToken::new() };
    let (status, body) = ready(&health).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("[-] objects read: waits for Secrets"), "{body}");

    let saved = "2026-11-01T10:00:00Z".parse().unwrap();
    standings.send_replace(Standing::LastGood { saved, why: "connection refused".into() });
    let (status, body) = ready(&health).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("2026-11-01T10:00:00Z: connection refused"), "{body}");

    standings.send_replace(Standing::Current { trouble: Some("watches are cut".into()) });
    let (status, body) = ready(&health).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("[!] watches are cut"), "{body}");
}
