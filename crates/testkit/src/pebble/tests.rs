use super::*;

#[tokio::test]
async fn pebble_has_as_many_roots_as_asked_for() {
    let Some(dns) = ChallTestSrv::start().await else { return };
    let mut options = Options::new(dns.dns(), 5002, 5001);
    options.alternate_roots = 1;
    let Some(pebble) = Pebble::start(&options).await else { return };
    assert_ne!(pebble.root(0).await, pebble.root(1).await);
    assert!(pebble.directory().ends_with("/dir"));
}
