use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use issue::KeyKind;
use model::Name;

use super::*;

/// Makes another root each time, as if the one before had been deleted.
fn roots(made: Arc<AtomicUsize>) -> Root {
    Arc::new(move || {
        made.fetch_add(1, Relaxed);
        Box::pin(async { Ok(RootCertificate::make(Timestamp::now())?) })
    })
}

#[tokio::test(start_paused = true)]
async fn many_orders_read_the_root_once_but_none_is_signed_by_one_long_deleted() {
    let made = Arc::new(AtomicUsize::new(0));
    let local = Local::new(roots(made.clone()));
    let request = Request {
        id: model::CertificateId::secret("shop", "web"),
        names: vec![Name::parse("shop.test").unwrap()],
        key: KeyKind::default(),
        replaces: None,
        serial: 1,
    };
    let progress = Progress::default();
    for _ in 0..5 {
        local.advance(&request, &progress).await.unwrap();
    }
    assert_eq!(made.load(Relaxed), 1);
    tokio::time::advance(ROOT_IS_FRESH).await;
    local.advance(&request, &progress).await.unwrap();
    assert_eq!(made.load(Relaxed), 2);
}
