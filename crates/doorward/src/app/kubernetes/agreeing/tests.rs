use cluster::{client::client_of, lease};
use model::CertificateId;
use tokio::time::Instant;

use super::*;

fn remembering(id: &str) -> Arc<Memory> {
    let defaults = [("edge-lb:443".parse().unwrap(), CertificateId::store(id))];
    Arc::new(Memory { defaults: defaults.into(), ..Memory::default() })
}

/// Of a replica that never leads.
fn follower() -> Leadership {
    let nowhere = kube::Config::new("http://127.0.0.1:9".parse().unwrap());
    let client = client_of(nowhere).unwrap();
    lease::elect(client, "doorward-system", "me".into(), lease::Pace::default()).0
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_concluded_something_else_gives_way_once() {
    let (leds, mut led) = watch::channel(Arc::default());
    let (shareds, shared) = watch::channel(None);
    let (owns, own) = watch::channel(remembering("mine"));
    let agreeing = tokio::spawn(agree(leds, shared, own, follower()));

    let saved = remembering("saved");
    shareds.send_replace(Some(saved.clone()));
    led.changed().await.unwrap();
    assert!(Arc::ptr_eq(&led.borrow_and_update(), &saved), "what is saved counts at once");
    owns.send_replace(saved.clone());

    // By way of a World that the leader never saw.
    let start = Instant::now();
    owns.send_replace(remembering("mine"));
    led.changed().await.unwrap();
    assert!(Arc::ptr_eq(&led.borrow_and_update(), &saved));
    assert!(start.elapsed() >= DOUBT, "the leader has the time to conclude the same");

    // The objects themselves say so: as long as nobody leads, that stays.
    owns.send_replace(remembering("mine"));
    sleep(100 * DOUBT).await;
    assert!(!led.has_changed().unwrap());
    agreeing.abort();
}
