use model::CertificateList;

use super::*;
use crate::fixture;

fn listener(request_timeout: u64) -> Arc<Listener> {
    let request_timeout = Duration::from_secs(request_timeout);
    Arc::new(Listener { request_timeout, ..fixture::listener(CertificateList::default()) })
}

#[tokio::test(start_paused = true)]
async fn an_address_that_cannot_be_had_is_tried_ever_less_often_but_on_and_on() {
    let mut slot = Slot::new(&listener(60));
    let mut waits = Vec::new();
    for _ in 0..8 {
        slot.fail_for_now("the port is taken");
        let wait = slot.retry_at().unwrap() - Instant::now();
        waits.push(wait.as_millis());
        tokio::time::advance(wait).await;
    }
    assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    slot.settle();
    assert_eq!(slot.retry_at(), None);
}

#[test]
fn settings_that_failed_for_good_are_not_tried_again_until_they_change() {
    let mut slot = Slot::new(&listener(60));
    slot.fail_for_good("no roots");
    slot.want(&listener(60));
    assert!(slot.is_settled() && slot.retry_at().is_none());
    slot.want(&listener(61));
    assert!(!slot.is_settled());
}
