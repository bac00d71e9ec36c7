//! Has issuers look after what later renewals rest on, about once a day, and tells of it.

use std::{sync::Arc, time::Duration};

use issue::{Employed, Issuers};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Right after a start there is enough to do.
const FIRST_PAUSE: Duration = Duration::from_secs(10 * 60);
const PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Tends until it is cancelled; a call that is out then is cut off.
pub async fn tend(issuers: watch::Receiver<Arc<Issuers>>, cancel: CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = go_on(issuers) => {}
    }
}

async fn go_on(issuers: watch::Receiver<Arc<Issuers>>) {
    sleep(FIRST_PAUSE).await;
    loop {
        let employed = issuers.borrow().clone();
        for (name, Employed { issuer, .. }) in employed.iter() {
            match issuer.tend().await {
                Ok(findings) => {
                    for finding in findings {
                        warn!(issuer = %name, "{finding}");
                    }
                }
                Err(error) => {
                    warn!(issuer = %name, "could not look after its certificates: {error}");
                }
            }
        }
        info!(issuers = employed.len(), "looked after what renewals rest on");
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
