use super::*;

fn shared(bytes: &[u8]) -> Arc<TicketKeys> {
    Arc::new(TicketKeys(bytes.iter().map(|byte| TicketKey::new([*byte; 32])).collect()))
}

/// Lets the task that keeps the ring do what it can do now.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn own_keys_seal_for_one_rotation_and_open_for_one_more() {
    let ring = Arc::new(Keyring::new(None));
    let keeping = tokio::spawn(ring.clone().keep(None));
    let first = ring.current().0.clone();
    assert_eq!(first.len(), 1, "there is a key from the start");
    settle().await;

    tokio::time::advance(ROTATION).await;
    settle().await;
    let second = ring.current().0.clone();
    assert_eq!(second.len(), 2);
    assert_eq!(second[1], first[0]);

    tokio::time::advance(ROTATION).await;
    settle().await;
    let third = ring.current().0.clone();
    assert_eq!((third.len(), &third[1]), (2, &second[0]));
    assert!(third[0] != second[0] && third[0] != first[0]);
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn shared_keys_are_followed_and_the_last_ones_stay() {
    let (source, receiver) = watch::channel(Arc::default());
    let ring = Arc::new(Keyring::new(Some(&receiver)));
    assert_eq!(ring.current().0, [], "none of its own");
    let keeping = tokio::spawn(ring.clone().keep(Some(receiver)));
    for keys in [shared(&[1]), shared(&[2, 1])] {
        source.send_replace(keys.clone());
        settle().await;
        assert_eq!(**ring.current(), *keys);
    }
    tokio::time::advance(10 * ROTATION).await;
    settle().await;
    assert_eq!(**ring.current(), *shared(&[2, 1]), "only their source changes them");
    drop(source);
    keeping.await.unwrap();
    assert_eq!(**ring.current(), *shared(&[2, 1]));
}
