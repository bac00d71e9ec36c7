//! Carries a plan out, step by step, over a [`Site`]; the same walk begins a run and resumes one.
//!
//! Every step looks first and does what is lacking: a file is written if its digest is not the one
//! it is to have, a program is started anew if it began before its files changed. So a step may be
//! taken again after a kill at any moment. A gate that does not open stops the run where it is,
//! which is a state that the plan knows to be compatible; nothing is taken back by itself.
//!
//! What is to be done is decided in `plan`, which contents files have in `run`. Here is only the
//! order of acts, and how it is proven that each took effect.

mod api_server;
mod back;
mod change;
mod file;
mod gate;
mod journal;
mod mend;
mod prepare;
mod probe;
mod progress;
mod quorum;
mod restart;
mod retried;
mod rotation;
mod standing;
mod stranger;
mod sweep;
mod trust;
mod verify;
mod wait;
mod worth;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::Mutex,
    time::Duration,
};

pub use progress::{Progress, Silent};
pub use quorum::{MemberView, Quorum};

use crate::{
    Act, HostName, Plan, Site, SiteError, Step,
    execute::{change::Move, retried::Retried},
    facts::Content,
    plan::Phase,
    run::{Limits, Roads, RunError, RunFolder, Scene},
    site::Clock,
};

/// One run at work.
pub struct Executor<'a, S, C> {
    site: Retried<'a, S, C>,
    clock: &'a C,
    progress: &'a dyn Progress,
    folder: &'a RunFolder,
    limits: Limits,
    /// `root@ops1 pid 4242`.
    who: String,
    plan: Plan,
    scene: Scene,
    roads: Option<Roads>,
    /// The run whose locks may be taken, though another process may still be at it.
    break_lock: Option<String>,
    /// Hosts whose lock this process has.
    locked: BTreeSet<HostName>,
    /// Those of them whose lock nobody had before.
    newly_locked: BTreeSet<HostName>,
    /// What products have made since, as it was last seen. It is not kept: whoever needs it looks.
    fresh: Mutex<BTreeMap<(HostName, PathBuf), Content>>,
    /// What need not be told again by this process.
    told: Mutex<BTreeSet<String>>,
}

/// What everything that can go wrong comes to: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("{0}")]
    Said(String),
}

/// A run that did not get to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{run} stopped at {at}: {why}\n{standing}")]
pub struct Halt {
    pub run: String,
    /// `step 17 (…)`.
    pub at: String,
    pub why: String,
    /// What the cluster is like now, and what may be done.
    pub standing: String,
    /// No file that a program reads was written.
    pub is_unchanged: bool,
}

impl<'a, S: Site, C: Clock> Executor<'a, S, C> {
    /// Takes up the run of a folder, whether anything of it was done already or not.
    pub fn open(
        site: &'a S,
        clock: &'a C,
        progress: &'a dyn Progress,
        folder: &'a RunFolder,
        who: String,
    ) -> Result<Self, RunError> {
        let (plan, scene) = (folder.plan()?, folder.scene()?);
        // Where nothing is made, there is nothing to lay.
        let is_made = plan.rotations().next().is_none();
        let roads = folder.roads()?.or_else(|| (!is_made).then(Roads::default));
        let limits = folder.limits()?;
        let site = Retried::new(site, clock, progress);
        Ok(Self {
            site,
            clock,
            progress,
            folder,
            limits,
            who,
            plan,
            scene,
            roads,
            break_lock: None,
            locked: BTreeSet::new(),
            newly_locked: BTreeSet::new(),
            fresh: Mutex::default(),
            told: Mutex::default(),
        })
    }

    /// Also takes the locks of a run that nobody drives any more.
    pub fn breaking(mut self, run: Option<String>) -> Self {
        self.break_lock = run;
        self
    }

    /// Every step of the plan from the first one on; what is done already is seen to be done.
    pub async fn forward(&mut self) -> Result<(), Halt> {
        self.say_where_it_broke_off()
            .map_err(|fault| self.unchanged("the journal".to_owned(), fault))?;
        if let Err(fault) = Box::pin(self.mend(false)).await {
            return Err(self.stopped("the look at what was half done".to_owned(), fault).await);
        }
        for step in self.plan.steps.clone() {
            let what = step.act.to_string();
            self.progress.step(&step, &what);
            if let Err(fault) = Box::pin(self.take(&step, &what)).await {
                let at = format!("step {} ({what})", step.number);
                return Err(self.halt(&step, at, fault).await);
            }
        }
        Ok(())
    }

    async fn take(&mut self, step: &Step, what: &str) -> Result<(), Fault> {
        self.note_begin(step, what).await?;
        match &step.act {
            Act::Lock { host } => self.lock(host).await?,
            Act::Snapshot { host } => self.snapshot(host).await?,
            Act::Issue => self.lay_roads()?,
            Act::Stage { host } => self.stage(host).await?,
            Act::Backup { host } => self.back_up(host).await?,
            Act::Rotate(rotation) => self.rotate(rotation).await?,
            Act::Change(_) | Act::Sweep { .. } => {
                let moves = Move::all_of(step, self.roads()?, false);
                self.carry_out_all(step, &moves).await?;
            }
            Act::Verify => self.verify().await?,
            Act::Clear { host } => self.clear(host).await?,
            Act::Unlock { host } => self.unlock(host).await?,
        }
        self.note_done(step, what).await
    }

    fn roads(&self) -> Result<&Roads, Fault> {
        let lacking = "its keys were never made, so nothing was changed; begin a new run";
        self.roads.as_ref().ok_or_else(|| Fault::said(lacking))
    }

    async fn halt(&mut self, step: &Step, at: String, fault: Fault) -> Halt {
        if step.phase != Phase::Prepare {
            return self.stopped(at, fault).await;
        }
        self.let_go().await;
        self.unchanged(at, fault)
    }

    async fn stopped(&self, at: String, fault: Fault) -> Halt {
        let (run, why) = (self.folder.id().to_owned(), fault.to_string());
        Halt { run, at, why, standing: self.standing().await, is_unchanged: false }
    }

    fn unchanged(&self, at: String, fault: Fault) -> Halt {
        Halt {
            run: self.folder.id().to_owned(),
            at,
            why: fault.to_string(),
            standing: "Nothing was changed.".to_owned(),
            is_unchanged: true,
        }
    }
}

impl Fault {
    fn said(text: impl fmt::Display) -> Self {
        Self::Said(text.to_string())
    }
}

/// Whole seconds, for texts.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs())
    }
}

#[cfg(test)]
mod tests;
