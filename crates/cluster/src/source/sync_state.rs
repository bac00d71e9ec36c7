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

impl SyncState {
    /// What stands between a start and its first World, in words.
    pub fn waits_for(&self) -> String {
        const NAMED: usize = 4;
        if let Some(why) = &self.away {
            return format!("the API server: {why}");
        }
        let named: Vec<_> = self.missing.iter().take(NAMED).map(String::as_str).collect();
        match self.missing.len() {
            0 => "the API server".into(),
            many if many > NAMED => {
                format!("the API server: {} and {} more lists", named.join(", "), many - NAMED)
            }
            _ => format!("the API server: {}", named.join(", ")),
        }
    }
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

#[cfg(test)]
mod tests;
