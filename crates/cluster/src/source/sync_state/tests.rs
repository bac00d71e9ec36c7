use super::*;

#[test]
fn what_is_waited_for_is_named_shortly() {
    let mut sync = SyncState::default();
    assert_eq!(sync.waits_for(), "the API server");
    sync.missing = ["Ingress", "Secret shop"].map(str::to_owned).into();
    assert_eq!(sync.waits_for(), "the API server: Ingress, Secret shop");
    sync.missing = ["A", "B", "C", "D", "E", "F"].map(str::to_owned).into();
    assert_eq!(sync.waits_for(), "the API server: A, B, C, D and 2 more lists");
    sync.away = Some("connection refused".into());
    assert_eq!(sync.waits_for(), "the API server: connection refused");
}
