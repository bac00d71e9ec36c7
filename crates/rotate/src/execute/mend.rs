//! First aid for a run that was cut off in the middle of a change: half of a pair opens no
//! connection, nor does one that its program may not read, and a program that was stopped does not
//! start by itself. All hold up every gate, so they are seen to before the walk begins again.

use std::path::PathBuf;

use super::{
    Executor, Fault,
    change::{Found, Move},
};
use crate::{Act, Program, Site, run::Leg, site::Clock};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// Completes what was half-written, in the direction of the walk.
    pub(super) async fn mend(&self, is_back: bool) -> Result<(), Fault> {
        let Some(roads) = &self.roads else { return Ok(()) };
        for step in &self.plan.steps {
            let Act::Change(change) = &step.act else { continue };
            let mv = Move::new(step.number, change, roads, is_back);
            let files = self.site.read(&mv.host, &mv.paths()).await?;
            for file in &files {
                self.give_rights(&mv.host, file).await?;
            }
            // Where files stand at several changes, the walk comes to the one that was cut off
            // before it comes to this one.
            let found = mv.find(roads, &files).map_err(|found| self.fault_of(&found))?;
            let Found::Lacking(lacking) = found else { continue };
            let halves = self.halves(&mv, &lacking);
            if !halves.is_empty() {
                self.say_half_written(&mv, &halves);
                for leg in &halves {
                    self.write(&mv, leg).await?;
                }
            }
        }
        self.end_rotations().await?;
        self.start_stopped().await
    }

    /// The missing halves of pairs whose other half is written.
    fn halves(&self, mv: &Move, lacking: &[Leg]) -> Vec<Leg> {
        let component = self.scene.component(&mv.host, mv.program);
        let pairs = component.into_iter().flat_map(|component| &component.pairs);
        let halves = pairs.filter_map(|pair| {
            let moves =
                |path: &PathBuf| mv.legs.iter().any(|leg| leg.path == *path && leg.is_moving());
            let lacks = |path: &PathBuf| lacking.iter().find(|leg| leg.path == *path);
            match (lacks(&pair.certificate), lacks(&pair.key)) {
                (Some(half), None) if moves(&pair.key) => Some(half.clone()),
                (None, Some(half)) if moves(&pair.certificate) => Some(half.clone()),
                _ => None,
            }
        });
        halves.collect()
    }

    /// Programs that ran when the run began. Those that a sweep stops are its own business.
    async fn start_stopped(&self) -> Result<(), Fault> {
        for (host, scene) in &self.scene.hosts {
            for component in &scene.components {
                let (program, run_by) = (component.program, &component.run_by);
                if component.process.is_none() || self.is_swept(program) {
                    continue;
                }
                if self.is_changed(program)
                    && self.site.process(host, program, run_by).await?.is_none()
                {
                    self.progress
                        .note(&format!("{program} on {host} does not run; it is started."));
                    self.site.start(host, program, run_by).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_swept(&self, swept: Program) -> bool {
        let sweeps = |act: &Act| matches!(act, Act::Sweep { program, .. } if *program == swept);
        self.plan.steps.iter().any(|step| sweeps(&step.act))
    }

    fn is_changed(&self, changed: Program) -> bool {
        let changes = |act: &Act| matches!(act, Act::Change(change) if change.program == changed);
        self.plan.steps.iter().any(|step| changes(&step.act))
    }
}
