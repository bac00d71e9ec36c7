//! What is said of a file that holds what the run does not know: somebody else was at it. It is
//! not written over, and what is different is shown.

use super::{Executor, Fault};
use crate::{FileSeen, Site, difference::difference, facts::Content, run::Leg, site::Clock};

/// A file that stands nowhere on its road.
#[derive(Debug)]
pub(super) struct Stranger {
    pub leg: Leg,
    pub file: FileSeen,
}

impl<S: Site, C: Clock> Executor<'_, S, C> {
    pub(super) fn fault_of(&self, stranger: &Stranger) -> Fault {
        let Stranger { leg, file } = stranger;
        let (host, path) = (&leg.host, file.path.display());
        Fault::Said(match (&file.content, &file.problem) {
            (None, Some(problem)) => format!("{host}:{path}: {problem}"),
            (None, None) => format!("{host}:{path} is gone; somebody else took it away"),
            (Some(content), _) => format!(
                "{host}:{path} was changed by somebody else during the run (SHA-256 {}…); \
                 it is not written over. Put it back as it was, or roll back{}",
                &content.digest()[..16],
                self.changes_in(leg, file)
            ),
        })
    }

    /// A line for each difference from what the file may hold in this run, whichever of that it
    /// is nearest to; each begins a line of its own.
    pub(super) fn changes_in(&self, leg: &Leg, file: &FileSeen) -> String {
        let Some(found) = &file.content else { return String::new() };
        let legs = self.roads.iter().flat_map(|roads| roads.on(&leg.host));
        let legs = legs.filter(|other| other.target == leg.target);
        let digests = legs.flat_map(|leg| leg.before.iter().chain([&leg.after]));
        let known: Vec<Content> =
            digests.filter_map(|digest| self.folder.content(digest).ok()).collect();
        let lines = difference(&known, found).into_iter();
        lines.map(|line| format!("\n  {line}")).collect()
    }
}
