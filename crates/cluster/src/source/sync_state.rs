//! How far the source has come, for readiness and for people.

use std::{collections::BTreeSet, sync::Arc};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncState {
    /// The first World is published.
    pub is_complete: bool,
    /// What there was no complete list of yet: `Ingress`, `Secret shop`.
    pub missing: BTreeSet<String>,
    /// Why the API server gives nothing at the moment. What was last known stays.
    pub away: Option<Arc<str>>,
}

/// One line when the API server goes away, and one when it is back.
pub(super) fn log(before: &SyncState, after: &SyncState) {
    match (&before.away, &after.away) {
        (None, Some(why)) => tracing::warn!(
            "the API server cannot be watched: {why}; what was last known stays, and the watch goes on as soon as it can"
        ),
        (Some(_), None) => tracing::info!("the API server can be watched again"),
        _ => {}
    }
    if after.is_complete && !before.is_complete {
        tracing::info!("every list of the API server is read, as far as it gives them");
    }
}
