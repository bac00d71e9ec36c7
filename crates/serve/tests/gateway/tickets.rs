//! Sessions resumed on whichever gateway the client meets next.

use std::sync::Arc;

use model::{TicketKey, TicketKeys};
use testkit::{
    LIMIT,
    pki::{LeafOptions, TestCa},
    tls::{ClientOptions, TlsClient, Versions},
};
use tokio::sync::watch;

use crate::{
    client_auth::{asking, client},
    stage::{Stage, default, https},
};

fn keys(bytes: &[u8]) -> Arc<TicketKeys> {
    Arc::new(TicketKeys(bytes.iter().map(|byte| TicketKey::new([*byte; 32])).collect()))
}

/// One request; whether the session was resumed for it.
async fn resumes(client: &TlsClient, stage: &Stage) -> bool {
    let request = testkit::http::get("https://shop.test/");
    client.send(stage.address(443), "shop.test", request).await.unwrap().1.resumed
}

/// Waits until `stage` seals with the key that `holder` has, too. Nothing else tells that new
/// keys have come.
async fn until_seals_for(stage: &Stage, holder: &Stage) {
    let is_so = async || {
        let client = TlsClient::unchecked();
        resumes(&client, stage).await;
        resumes(&client, holder).await
    };
    testkit::wait_until(LIMIT, is_so).await;
}

#[tokio::test]
async fn a_session_is_resumed_on_any_gateway_with_the_same_keys() {
    let ca = TestCa::new("root");
    let (_source, shared) = watch::channel(keys(&[1]));
    // The same listener, though each replica may be at another certificate just now.
    let listener = || vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])];
    let one = Stage::sharing(shared.clone(), listener()).await;
    let other = Stage::sharing(shared, listener()).await;
    let stranger = Stage::sharing(watch::channel(keys(&[2])).1, listener()).await;
    for versions in [Versions::Tls12, Versions::Tls13] {
        let client = TlsClient::new(ClientOptions { versions, ..ClientOptions::default() });
        assert!(!resumes(&client, &one).await, "{versions:?}");
        assert!(resumes(&client, &other).await, "{versions:?}");
        assert!(resumes(&client, &one).await, "{versions:?}");
        assert!(!resumes(&client, &stranger).await, "{versions:?}");
    }
}

#[tokio::test]
async fn keys_rotate_under_listeners_that_do_not_change() {
    let ca = TestCa::new("root");
    let listener = || vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])];
    let (source, shared) = watch::channel(keys(&[1, 2]));
    let stage = Stage::sharing(shared, listener()).await;
    let fixed = async |byte| Stage::sharing(watch::channel(keys(&[byte])).1, listener()).await;
    let (second, third) = (fixed(2).await, fixed(3).await);
    for versions in [Versions::Tls12, Versions::Tls13] {
        let holders: [_; 3] = std::array::from_fn(|_| {
            TlsClient::new(ClientOptions { versions, ..ClientOptions::default() })
        });
        source.send_replace(keys(&[1, 2]));
        until_seals_for(&stage, &fixed(1).await).await;
        for client in &holders {
            assert!(!resumes(client, &stage).await);
        }

        source.send_replace(keys(&[2, 3, 1]));
        until_seals_for(&stage, &second).await;
        assert!(resumes(&holders[0], &stage).await, "{versions:?}: the former key opens on");
        assert!(resumes(&holders[0], &second).await, "{versions:?}: and the new one has sealed");

        source.send_replace(keys(&[3, 2]));
        until_seals_for(&stage, &third).await;
        assert!(!resumes(&holders[1], &stage).await, "{versions:?}: its key is no longer held");
        assert!(resumes(&holders[1], &stage).await, "{versions:?}");
    }
    assert_eq!(stage.handshakes("client_error"), 0.0);
}

#[tokio::test]
async fn until_keys_come_every_handshake_is_a_full_one() {
    let ca = TestCa::new("root");
    let listener = || vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])];
    let (source, shared) = watch::channel(keys(&[]));
    let stage = Stage::sharing(shared, listener()).await;
    let clients = [Versions::Tls12, Versions::Tls13]
        .map(|versions| TlsClient::new(ClientOptions { versions, ..ClientOptions::default() }));
    for client in &clients {
        assert!(!resumes(client, &stage).await);
        assert!(!resumes(client, &stage).await);
    }
    source.send_replace(keys(&[1]));
    let holder = Stage::sharing(watch::channel(keys(&[1])).1, listener()).await;
    until_seals_for(&stage, &holder).await;
    for client in &clients {
        assert!(!resumes(client, &stage).await);
        assert!(resumes(client, &stage).await);
    }
}

#[tokio::test]
async fn a_session_of_former_roots_does_not_get_past_the_new_ones_of_another_replica() {
    let (ca, old, new) = (TestCa::new("root"), TestCa::new("old"), TestCa::new("new"));
    let identity = old.issue(&["alice"], LeafOptions::client());
    let plain = https(443, vec![default(&ca.leaf(&["shop.test"]))]);
    let (_source, shared) = watch::channel(keys(&[1]));
    let stage = async |listener| Stage::sharing(shared.clone(), vec![listener]).await;
    let open = stage(plain.clone()).await;
    let (one, other) =
        (stage(asking(plain.clone(), &[&old])).await, stage(asking(plain.clone(), &[&old])).await);
    let ahead = stage(asking(plain, &[&new])).await;
    for versions in [Versions::Tls12, Versions::Tls13] {
        let client = client(Some(&identity), versions);
        assert!(!resumes(&client, &open).await);
        assert!(!resumes(&client, &one).await, "{versions:?}: it has shown no certificate yet");
        assert!(resumes(&client, &other).await, "{versions:?}");
        let refused = client.get(ahead.address(443), "shop.test", "/").await;
        assert!(refused.is_err(), "{versions:?}: the old session got past the new roots");
    }
}
