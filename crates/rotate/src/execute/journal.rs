//! What is written down before an act and after its gate, here and on the host.

use std::path::{Path, PathBuf};

use super::{Executor, Fault};
use crate::{
    Act, HostName, Site, Step,
    journal::{Event, Line, Moved},
    site::Clock,
};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// A lock that may be another run's is not written beside: until it is had, only the
    /// operator's machine knows.
    pub(super) async fn note_begin(&self, step: &Step, what: &str) -> Result<(), Fault> {
        let host = host_of(&step.act).filter(|_| !matches!(step.act, Act::Lock { .. }));
        self.note_line(step.number, Event::Begin, host, what, self.moved(step)).await
    }

    pub(super) async fn note_done(&self, step: &Step, what: &str) -> Result<(), Fault> {
        self.note_line(step.number, Event::Done, host_of(&step.act), what, Vec::new()).await
    }

    pub(super) async fn note_line(
        &self,
        step: u32,
        event: Event,
        host: Option<&HostName>,
        what: &str,
        files: Vec<Moved>,
    ) -> Result<(), Fault> {
        let line = Line {
            run: self.folder.id().to_owned(),
            step,
            event,
            host: host.cloned(),
            what: what.to_owned(),
            files,
            at: self.clock.now(),
        };
        self.folder.append(&line)?;
        if let Some(host) = host {
            let text = serde_json::to_string(&line)
                .map_err(|error| Fault::said(format!("a line of the journal: {error}")))?;
            self.site.append(host, &self.journal_path(), &text).await?;
        }
        Ok(())
    }

    /// Under the host's state directory.
    fn journal_path(&self) -> PathBuf {
        Path::new(self.folder.id()).join("journal.jsonl")
    }

    fn moved(&self, step: &Step) -> Vec<Moved> {
        let legs = self.roads.iter().flat_map(|roads| roads.legs());
        let legs = legs.filter(|leg| leg.step == step.number);
        legs.map(|leg| Moved {
            path: leg.path.clone(),
            before: leg.before.clone(),
            after: Some(leg.after.clone()),
        })
        .collect()
    }

    /// The journal says where a run broke off; what is really there is looked at step by step.
    pub(super) fn say_where_it_broke_off(&self) -> Result<(), Fault> {
        let journal = self.folder.journal()?;
        let Some(last) = journal.last() else { return Ok(()) };
        let (run, step, what) = (self.folder.id(), last.step, &last.what);
        let begun = match last.event {
            Event::Begin => "begun, not confirmed",
            Event::Done => "done",
            Event::Failed => "failed",
            Event::UndoBegin => "undoing it begun, not confirmed",
            Event::UndoDone => "undone",
        };
        self.progress.note(&format!("Run {run} was interrupted at step {step} ({what}, {begun})."));
        Ok(())
    }
}

fn host_of(act: &Act) -> Option<&HostName> {
    match act {
        Act::Lock { host }
        | Act::Snapshot { host }
        | Act::Stage { host }
        | Act::Backup { host }
        | Act::Clear { host }
        | Act::Unlock { host } => Some(host),
        Act::Change(change) => Some(&change.host),
        Act::Rotate(rotation) => Some(&rotation.host),
        Act::Issue | Act::Sweep { .. } | Act::Verify => None,
    }
}
