//! How the source stands, for people: what it lacks, and what the API server refuses.

use model::Verdict;

use super::Gather;
use crate::source::{SyncState, trouble::Trouble};

impl Gather {
    /// What the API server refuses, each rule once.
    pub(super) fn faults(&self) -> impl Iterator<Item = Verdict> {
        let refused = self.standings.iter().filter_map(|standing| match standing.trouble() {
            Some(Trouble::Denied { verb, says }) => Some(standing.watch.refused(verb, says)),
            _ => None,
        });
        let mut faults: Vec<Verdict> = Vec::new();
        let is_fetching = self.fetch.has_failed() || !self.fetch.is_idle();
        let refused_fetch = self.refused_fetch.clone().filter(|_| is_fetching);
        for verdict in refused.chain(refused_fetch) {
            if !faults.iter().any(|known| known.object == verdict.object) {
                faults.push(verdict);
            }
        }
        faults.into_iter()
    }

    /// How far the source has come, if that changed since the last call.
    pub(in crate::source) fn sync_news(&mut self) -> Option<SyncState> {
        std::mem::take(&mut self.has_sync_news).then(|| SyncState {
            is_complete: self.is_started,
            missing: self
                .standings
                .iter()
                .filter(|standing| !standing.is_ready())
                .map(|standing| standing.watch.to_string())
                .collect(),
            away: self.standings.iter().find_map(|standing| match standing.trouble() {
                Some(Trouble::Away(why)) => Some(why.as_str().into()),
                _ => None,
            }),
        })
    }
}
