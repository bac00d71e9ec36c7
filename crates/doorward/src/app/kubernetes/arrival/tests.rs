use super::*;

#[tokio::test(start_paused = true)]
async fn the_last_good_objects_are_told_of_until_the_first_whole_look() {
    let (syncs, sync) = watch::channel(SyncState::default());
    let (standings, mut standing) = watch::channel(Standing::CURRENT);
    let (leases, lease) = watch::channel(LeaseView::default());
    let saved = "2026-11-01T10:00:00Z".parse().unwrap();
    tokio::spawn(tell(sync, lease, standings, Some(saved)));
    let is_last_good = |standing: &Standing| matches!(standing, Standing::LastGood { .. });
    standing.wait_for(is_last_good).await.unwrap();
    syncs.send_replace(SyncState { is_complete: true, ..SyncState::default() });
    standing.wait_for(|standing| *standing == Standing::CURRENT).await.unwrap();
    // From here on it is the API server's own word that is served, even if that goes away.
    let away = Some("connection refused".into());
    syncs.send_replace(SyncState { is_complete: true, away, ..SyncState::default() });
    standing
        .wait_for(|standing| matches!(standing, Standing::Current { trouble: Some(_) }))
        .await
        .unwrap();
    // An API server that hangs is noticed by the lease alone.
    syncs.send_replace(SyncState { is_complete: true, ..SyncState::default() });
    let trouble = Some("cannot get Lease a/b: no answer within 5 s".into());
    leases.send_replace(LeaseView { trouble, ..LeaseView::default() });
    let tells_it = |standing: &Standing| matches!(standing, Standing::Current { trouble: Some(text) } if text.contains("Lease a/b"));
    standing.wait_for(tells_it).await.unwrap();
}
