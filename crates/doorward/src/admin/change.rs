//! What can be changed: the certificate store, and, where read-only mode is off, the certificates
//! of a listener.
//!
//! A change is written to where it is kept and comes back through the World. It is answered when
//! it is served, so that who asked may rely on it.

mod keep;
mod listener;
mod order;
mod store;

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use serve::{Served, ServedListener};
use tokio::{sync::watch, time::timeout};

use super::{answer::ApiError, read::Sight};
pub use keep::{Edit, Keep, KeepError};

/// A change is served within a fraction of a second; on a very busy machine within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where changes are put.
pub struct Shelf {
    pub keep: Arc<dyn Keep>,
    pub store_namespace: Arc<str>,
}

/// Waits until the gateway serves what the manifests and the store say now.
async fn served(sight: &Sight) -> Result<(), ApiError> {
    let model = sight.model();
    let is_served = |served: &Arc<Served>| {
        model.listeners().all(|listener| {
            let held = served.listeners.get(&listener.key);
            // What the gateway cannot do stays undone; waiting would not change that.
            let is_refused =
                |held: &ServedListener| held.error.is_some() || !held.rejected.is_empty();
            held.is_some_and(|held| held.listener == *listener || is_refused(held))
        })
    };
    seen(&sight.served, is_served).await
}

/// Waits until a stage's value is as the change wants it.
async fn seen<T>(values: &watch::Receiver<T>, holds: impl Fn(&T) -> bool) -> Result<(), ApiError> {
    match timeout(PATIENCE, values.clone().wait_for(|value| holds(value))).await {
        Ok(Ok(_)) => Ok(()),
        // The stage has ended: Doorward is stopping.
        Ok(Err(_)) | Err(_) => Err(ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "NotSeenYet",
            "the change is written, but did not take effect in time: see `doorward get verdicts`",
        )),
    }
}

fn no_certificate(id: &str) -> ApiError {
    ApiError::not_found("there is no such certificate: see `doorward certificate list`")
        .on(format!("certificate {id}"))
}
