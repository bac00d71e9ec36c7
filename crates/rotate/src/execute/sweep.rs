//! Where nothing valid is left to be compatible with: all stop, all is written, all start.
//!
//! One after another would be worse: the first member that starts anew would be alone, the second
//! restart would take the quorum.

use futures::future::try_join_all;

use super::{
    Executor, Fault,
    change::{Found, Move},
    quorum::Quorum,
};
use crate::{Component, Program, Site, run::Leg, site::Clock};

/// One host's part and what of it is missing.
struct Part<'m> {
    mv: &'m Move,
    component: Component,
    lacking: Vec<Leg>,
    /// It started after its files were written.
    is_loaded: bool,
    is_running: bool,
}

impl<S: Site, C: Clock> Executor<'_, S, C> {
    pub(super) async fn sweep(&self, program: Program, moves: &[Move]) -> Result<(), Fault> {
        let parts = try_join_all(moves.iter().map(|mv| self.part(mv))).await?;
        let is_written = parts.iter().all(|part| part.lacking.is_empty());
        let stop = |part: &&Part<'_>| part.is_running && !(is_written && part.is_loaded);
        try_join_all(parts.iter().filter(stop).map(|part| self.stop_part(part))).await?;
        for part in &parts {
            self.write_all(part.mv, &part.lacking).await?;
            self.prove_readable(part.mv).await?;
        }
        let start = |part: &&Part<'_>| !(part.is_running && is_written && part.is_loaded);
        try_join_all(parts.iter().filter(start).map(|part| self.start_part(part))).await?;
        for mv in moves {
            self.gate(mv).await?;
        }
        if program == Program::Etcd {
            self.until_etcd("etcd", self.limits.recover, Quorum::well_again).await?;
        }
        Ok(())
    }

    async fn part<'m>(&self, mv: &'m Move) -> Result<Part<'m>, Fault> {
        let component = self.scene.component(&mv.host, mv.program).cloned().ok_or_else(|| {
            Fault::said(format!("{}: {} is not known there", mv.host, mv.program))
        })?;
        let files = self.site.read(&mv.host, &mv.paths()).await?;
        let lacking = match mv.find(self.roads()?, &files).map_err(|found| self.fault_of(&found))? {
            Found::Past => Vec::new(),
            Found::Mixed => return Err(Fault::Said(mv.mixed())),
            Found::Lacking(lacking) => lacking,
        };
        let process = self.site.process(&mv.host, mv.program, &component.run_by).await?;
        let newest = self.newest(mv, &files);
        let is_loaded = process
            .as_ref()
            .is_some_and(|process| newest.is_none_or(|newest| process.started > newest));
        Ok(Part { mv, component, lacking, is_loaded, is_running: process.is_some() })
    }

    /// At once everywhere, so the leader finds nobody to hand over to and takes its time; ending
    /// it then is safe for what it wrote.
    async fn stop_part(&self, part: &Part<'_>) -> Result<(), Fault> {
        let (host, program, run_by) = (&part.mv.host, part.mv.program, &part.component.run_by);
        Ok(self.site.stop(host, program, run_by, self.limits.stop, true).await?)
    }

    async fn start_part(&self, part: &Part<'_>) -> Result<(), Fault> {
        let (host, program, run_by) = (&part.mv.host, part.mv.program, &part.component.run_by);
        Ok(self.site.start(host, program, run_by).await?)
    }
}
